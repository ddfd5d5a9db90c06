// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/build_report.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kpatch::report {
namespace {

produce::BuildResult refused() {
  return {.outcome = produce::BuildOutcome::kRefused,
          .message = "1 error(s) encountered",
          .log = "/cache/build.log",
          .release = "6.1.0-1",
          .patches = {"x.patch"},
          .displaced = {{.patch = "x.patch",
                         .file = "fs/x.c",
                         .hunk = 2,
                         .line = 30,
                         .fuzz = 1,
                         .offset = -60}},
          .left_out = {{"fs/off.c", patch::WhyLeftOut::kOption, "CONFIG_OFF"}},
          .module_name = "livepatch-x",
          .units = {{.unit = "fs/x.c",
                     .owner = "vmlinux",
                     .outcome = produce::UnitOutcome::kRefused,
                     .functions = {{.name = "f", .is_new = true}},
                     .notes = {{.kind = NoteKind::kFunction,
                                .symbol = "f",
                                .text = "new function: f"},
                               {.code = "KP2012",
                                .symbol = "f",
                                .text = "a tracepoint of f stays switched off"}},
                     .problems = {{.code = "KP2001",
                                   .object = "fs/x.o",
                                   .symbol = "g",
                                   .message = "it cannot be patched",
                                   .remedy = "patch its caller"}}}},
          .steps = {{.name = "kernel", .seconds = 1.23456, .cpu_seconds = 0.5}}};
}

TEST(BuildJson, HasEveryMemberOfTheSchema) {
  const auto json = nlohmann::json::parse(build_json(refused()));
  EXPECT_EQ(json["result"], "refused");
  EXPECT_EQ(json["message"], "1 error(s) encountered");
  EXPECT_TRUE(json["remedy"].is_null());
  EXPECT_EQ(json["log"], "/cache/build.log");
  EXPECT_EQ(json["kernel"]["release"], "6.1.0-1");
  EXPECT_EQ(json["module"]["name"], "livepatch-x");
  EXPECT_TRUE(json["module"]["path"].is_null());
  EXPECT_EQ(json["module"]["replace"], true);
  EXPECT_EQ(json["patches"][0], "x.patch");
  EXPECT_EQ(json["left_out"][0]["file"], "fs/off.c");
  EXPECT_EQ(json["left_out"][0]["why"], "option-off");
  EXPECT_EQ(json["left_out"][0]["option"], "CONFIG_OFF");
  EXPECT_EQ(json["displaced"][0]["hunk"], 2);
  EXPECT_EQ(json["displaced"][0]["offset"], -60);
  EXPECT_TRUE(json["displaced"][0]["meant"].is_null());
  const auto& unit = json["units"][0];
  EXPECT_EQ(unit["unit"], "fs/x.c");
  EXPECT_EQ(unit["owner"], "vmlinux");
  EXPECT_EQ(unit["result"], "refused");
  EXPECT_EQ(unit["functions"][0]["name"], "f");
  EXPECT_EQ(unit["functions"][0]["change"], "new");
  ASSERT_EQ(unit["notes"].size(), 2U);
  EXPECT_EQ(unit["notes"][0]["kind"], "function");
  EXPECT_TRUE(unit["notes"][0]["code"].is_null());
  EXPECT_EQ(unit["notes"][1]["kind"], "notice");
  EXPECT_EQ(unit["notes"][1]["code"], "KP2012");
  EXPECT_EQ(unit["notes"][1]["symbol"], "f");
  EXPECT_EQ(unit["notes"][1]["text"], "a tracepoint of f stays switched off");
  EXPECT_EQ(unit["problems"][0]["code"], "KP2001");
  EXPECT_EQ(unit["problems"][0]["remedy"], "patch its caller");
  EXPECT_TRUE(json["problems"].empty());
  EXPECT_EQ(json["steps"][0]["seconds"], 1.235);
}

TEST(BuildJson, SurvivesTextThatIsNotUtf8) {
  produce::BuildResult result = refused();
  result.message = "x.c:1: error: \xff\xfe";
  EXPECT_FALSE(nlohmann::json::parse(build_json(result)).empty());
}

TEST(BuildFailureText, EndsWithTheLineThatScriptsLookFor) {
  EXPECT_EQ(build_failure_text(refused()),
            "fs/x.o: g: it cannot be patched [KP2001]\n"
            "  patch its caller\n"
            "ERROR: 1 error(s) encountered. Check /cache/build.log for more details.\n");
  produce::BuildResult result = refused();
  result.units.clear();
  result.log.clear();
  result.message = "x.patch file failed to apply\nfs/x.c: hunk #1 of 1";
  result.remedy = "do this";
  EXPECT_EQ(build_failure_text(result), "fs/x.c: hunk #1 of 1\n"
                                        "ERROR: x.patch file failed to apply.\n"
                                        "  do this\n");
}

} // namespace
} // namespace kpatch::report
