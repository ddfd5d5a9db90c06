// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/patch_status.h"
#include "runtime/outcomes.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <gmock/gmock.h>

namespace kpatch::report {
namespace {

using namespace runtime;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

SystemStatus example() {
  SystemStatus status{.release = "6.1.0-test", .can_livepatch = true, .taint = 32768};
  status.taints = {{'K', "live patch"}};
  PatchStatus patch{.name = "fix_v2", .condition = Condition::kEnabling};
  patch.stack_order = 1;
  patch.replaces = true;
  patch.replaced = {"fix_v1"};
  patch.file = "/var/lib/kpatch/6.1.0-test/fix-v2.ko";
  patch.signature = {.is_present = true, .signer = "Example"};
  patch.objects = {
      {.name = "vmlinux",
       .patched = true,
       .functions = {{{"vmlinux", "f", 1}, "fix_v2"}, {{"vmlinux", "g", 2}, "other"}}}};
  patch.stalled = {{.id = "12",
                    .command = "late",
                    .stack = "[<0>] f+0x1/0x2",
                    .patched_functions = {{"vmlinux", "f", 1}}}};
  status.patches = {patch};
  status.installed = {{"fix_v2", "6.1.0-test", patch.file}};
  return status;
}

TEST(PatchStatus, IsReadable) {
  EXPECT_EQ(status_text(example()),
            "Kernel: 6.1.0-test\n"
            "Taint: 32768: K (live patch)\n"
            "\n"
            "fix_v2 [enabling...], cumulative\n"
            "  replaced: fix_v1\n"
            "  installed: /var/lib/kpatch/6.1.0-test/fix-v2.ko (signed by Example)\n"
            "  vmlinux\n"
            "    f  active\n"
            "    g,2  hidden by other\n"
            "  waits for 1 task(s):\n"
            "    12 late inside f");
}

TEST(PatchStatus, HasAVersionedSchemaForPrograms) {
  const json status = json::parse(status_json(example()));
  EXPECT_EQ(status["schema"], "kpatch-status");
  EXPECT_EQ(status["version"], 1);
  const json& patch = status["patches"][0];
  EXPECT_EQ(patch["state"], "enabling");
  EXPECT_EQ(patch["replaced"], json::array({"fix_v1"}));
  EXPECT_EQ(patch["signature"]["signer"], "Example");
  EXPECT_EQ(patch["objects"][0]["functions"][1]["active"], "other");
  EXPECT_EQ(patch["stalled"][0]["task"], 12);
  EXPECT_EQ(patch["stalled"][0]["patched_functions"][0]["name"], "f");
  EXPECT_EQ(status["taint"]["reasons"][0]["letter"], "K");

  const json list = json::parse(list_json(example()));
  EXPECT_EQ(list["schema"], "kpatch-list");
  EXPECT_EQ(list["loaded"][0]["name"], "fix_v2");
  EXPECT_EQ(list["installed"][0]["release"], "6.1.0-test");
}

TEST(PatchStatus, SaysWhatARebootMakesOfThePatch) {
  SystemStatus status = example();
  const auto member = [&] {
    return json::parse(status_json(status))["patches"][0]["after_reboot"];
  };
  const std::string sample = "kpatch_obsolete_after_reboot{";
  EXPECT_TRUE(member().is_null());
  AfterReboot& after = status.patches[0].after_reboot.emplace();
  after = {.kernel = "6.2", .is_obsolete = true};
  EXPECT_THAT(status_text(status), HasSubstr("  after a reboot into 6.2: obsolete"));
  EXPECT_THAT(metrics_text(status),
              HasSubstr(sample + "patch=\"fix_v2\",kernel=\"6.2\"} 1"));
  EXPECT_EQ(member()["obsolete"], true);
  after = {"6.2", false, {"CVE-2026-1111"}};
  EXPECT_THAT(status_text(status),
              HasSubstr("6.2: still needed, its changelog does not name CVE-2026-1111"));
  EXPECT_THAT(metrics_text(status), HasSubstr("kernel=\"6.2\"} 0"));
  EXPECT_EQ(member()["missing"], json::array({"CVE-2026-1111"}));
  after = {"6.2", std::nullopt, {}, "nobody says"};
  EXPECT_THAT(status_text(status), HasSubstr("not known whether obsolete: nobody says"));
  EXPECT_THAT(metrics_text(status), Not(HasSubstr(sample)));
  EXPECT_TRUE(member()["obsolete"].is_null());
}

TEST(PatchStatus, SaysWhatThePatchSaysOfItself) {
  SystemStatus status = example();
  EXPECT_TRUE(json::parse(status_json(status))["patches"][0]["says"].is_null());
  status.patches[0].info = {
      {"version", "2"}, {"cve", "CVE-2026-1111"}, {"cve", "CVE-2026-2222"}};
  EXPECT_THAT(
      status_text(status),
      testing::HasSubstr("  version: 2\n  fixes: CVE-2026-1111, CVE-2026-2222\n"));
  for (const json& says : {json::parse(status_json(status))["patches"][0]["says"],
                           json::parse(list_json(status))["loaded"][0]["says"]}) {
    EXPECT_EQ(says["version"], "2");
    EXPECT_EQ(says["cves"], json::array({"CVE-2026-1111", "CVE-2026-2222"}));
    EXPECT_TRUE(says["author"].is_null());
  }
}

TEST(FixAnswer, IsYesNoOrNull) {
  const FixAnswer answer{"CVE-2026-1111", Fixed::kYes, "fix", "fix is in effect"};
  EXPECT_EQ(fix_text(answer), "CVE-2026-1111: fixed live: fix is in effect");
  EXPECT_EQ(json::parse(fix_json(answer))["fixed"], true);
  const FixAnswer unknown{"CVE-2026-1111", Fixed::kUnknown, "x", "y"};
  EXPECT_EQ(fix_text(unknown), "CVE-2026-1111: not known: y");
  EXPECT_TRUE(json::parse(fix_json(unknown))["fixed"].is_null());
}

TEST(PatchStatus, SurvivesCommandNamesThatAreNoText) {
  SystemStatus status = example();
  status.patches[0].stalled[0].command = "\xff\xfe";
  EXPECT_FALSE(json::parse(status_json(status)).empty());
}

TEST(PatchStatus, SaysThatTracingIsOff) {
  SystemStatus status = example();
  EXPECT_EQ(json::parse(status_json(status))["tracing"], true);
  status.is_tracing_off = true;
  EXPECT_EQ(json::parse(status_json(status))["tracing"], false);
  EXPECT_THAT(status_text(status), testing::HasSubstr("kernel.ftrace_enabled=0"));
}

TEST(OperationReport, HasAVersionedSchemaForPrograms) {
  OperationReport report{.operation = "upgrade", .module = "fix-v2.ko"};
  report.status = kRefusedByKernel;
  report.said = {"loading"};
  report.error = "refused";
  report.patches = {{.name = "fix_v1", .enabled = true}};
  const json written = json::parse(operation_json(report));
  EXPECT_EQ(written["schema"], "kpatch-operation");
  EXPECT_EQ(written["operation"], "upgrade");
  EXPECT_EQ(written["module"], "fix-v2.ko");
  EXPECT_EQ(written["result"], "refused-by-kernel");
  EXPECT_EQ(written["status"], 8);
  EXPECT_EQ(written["error"], "refused");
  EXPECT_TRUE(written["remedy"].is_null());
  EXPECT_EQ(written["messages"], json::array({"loading"}));
  EXPECT_EQ(written["loaded"][0]["state"], "enabled");
  EXPECT_EQ(json::parse(operation_json({.operation = "load"}))["result"], "done");
  report.status = static_cast<Exit>(99);
  EXPECT_EQ(json::parse(operation_json(report))["result"], "failed");
}

TEST(PatchInformation, LooksLikeModinfo) {
  PatchInformation information{.argument = "fix", .file = "/a/fix.ko"};
  information.module.name = "fix";
  information.module.info = {{"license", "GPL"}, {"name", "fix"}};
  information.module.functions = {{"ip_vs", "estimation_timer", 1}};
  information.signature = {.is_present = true, .signer = "Example"};
  EXPECT_EQ(info_text(information), "Patch information for fix:\n"
                                    "filename:       /a/fix.ko\n"
                                    "license:        GPL\n"
                                    "name:           fix\n"
                                    "sig_id:         PKCS#7\n"
                                    "signer:         Example\n"
                                    "patches:        estimation_timer (ip_vs)");
  const json info = json::parse(info_json(information));
  EXPECT_EQ(info["schema"], "kpatch-info");
  EXPECT_EQ(info["loaded"], nullptr);
  EXPECT_EQ(info["functions"][0]["object"], "ip_vs");
}

TEST(PatchMetrics, AreWhatPrometheusReads) {
  SystemStatus status = example();
  status.patches[0].condition = Condition::kEnabled;
  status.patches[0].info = {{"version", "2"}, {"cve", "CVE-2026-1111"}};
  const std::string text = metrics_text(status);
  EXPECT_THAT(text, HasSubstr("# TYPE kpatch_patch_in_force gauge\n"
                              "kpatch_patch_in_force{patch=\"fix_v2\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("kpatch_cve_fixed{cve=\"CVE-2026-1111\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("kpatch_patch_functions{patch=\"fix_v2\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("kpatch_health 0\n"));
  EXPECT_THAT(metrics_text(example()), HasSubstr("kpatch_health 2\n")); // it is stalled
}

TEST(PatchMetrics, CallNoCveFixedThatIsNotInForce) {
  SystemStatus status = example();
  status.patches[0].info = {{"cve", "CVE-2026-1111"}};
  const std::string text = metrics_text(status);
  EXPECT_THAT(text, Not(HasSubstr("kpatch_cve_fixed{")));
}

TEST(PatchMetrics, EscapeWhatAModuleSays) {
  SystemStatus status = example();
  status.patches[0].info = {{"version", "1\"\\\n"}};
  EXPECT_THAT(metrics_text(status), HasSubstr(R"(version="1\"\\\n")"));
}

} // namespace
} // namespace kpatch::report
