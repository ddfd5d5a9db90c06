// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/page_text.h"
#include "report/rehearsal.h"

#include <nlohmann/json.hpp>

#include <gmock/gmock.h>

namespace kpatch::report {
namespace {

using testing::HasSubstr;
using testing::Not;

rehearse::Rehearsal example() {
  rehearse::Rehearsal rehearsal{.release = "6.1.0-1", .patches = {"klp_a"}};
  rehearsal.guest.booted = true;
  rehearsal.guest.complete = true;
  rehearsal.guest.boot_seconds = 2;
  rehearsal.guest.steps = {{.cycle = 1,
                            .action = "check-before",
                            .subject = "check",
                            .status = 1,
                            .seconds = 0.25,
                            .said = {"old \xff line"}}};
  rehearsal.transitions = {{.patch = "klp_a", .patching = false, .seconds = 1.2345678}};
  rehearsal.verdict = rehearse::Verdict::kLog;
  rehearsal.reason = "the kernel complained: BUG: x";
  rehearsal.complaints = {"BUG: x"};
  return rehearsal;
}

TEST(RehearsalReport, TextNamesStepsComplaintsAndVerdict) {
  EXPECT_EQ(rehearsal_text(example()),
            "Rehearsal on 6.1.0-1\n"
            "  booted in 2.0 s\n"
            "  cycle 1\n"
            "    check before loading                     fails         0.25 s\n"
            "      old \xff line\n"
            "  klp_a: unpatching transition took 1.23 s\n"
            "  the kernel complained:\n"
            "      BUG: x\n"
            "FAILED (log): the kernel complained: BUG: x\n");
}

TEST(RehearsalReport, JsonIsValidWhateverTheGuestPrinted) {
  const nlohmann::json json = nlohmann::json::parse(rehearsal_json(example()));
  EXPECT_EQ(json["verdict"], "log");
  EXPECT_EQ(json["steps"][0]["status"], 1);
  EXPECT_EQ(json["transitions"][0]["direction"], "unpatching");
  EXPECT_DOUBLE_EQ(json["transitions"][0]["seconds"], 1.235);
}

TEST(RehearsalReport, PageHasVerdictTimeLineChecksLogAndCves) {
  rehearse::Rehearsal rehearsal = example();
  rehearsal.guest.steps.push_back({.cycle = 1,
                                   .action = "load",
                                   .subject = "klp_a",
                                   .status = 1,
                                   .seconds = 0.75,
                                   .said = {"<no>"}});
  rehearsal.guest.log = {"[0.1] booting", "[2.1] BUG: x <y>"};
  runtime::ModuleFile patch;
  patch.name = "klp_a";
  patch.info = {{"version", "7"}, {"cve", "CVE-2026-1"}, {"cve", "CVE-2026-2"}};
  const std::string page = without_labels(rehearsal_page(rehearsal, {patch}));
  EXPECT_THAT(page, HasSubstr("<h1>Rehearsal of klp_a on 6.1.0-1</h1>"));
  EXPECT_THAT(page, HasSubstr("✗ Failed (log): the kernel complained: BUG: x"));
  EXPECT_THAT(page, HasSubstr("<td>klp_a</td><td>7</td><td></td>"
                              "<td>CVE-2026-1, CVE-2026-2</td>"));
  EXPECT_THAT(page, HasSubstr("<td>check before loading</td><td>✓ fails, as it must</td>"
                              "<td>0.25 s</td>"));
  EXPECT_THAT(page, HasSubstr("style=\"margin-left:66.7%;width:8.3%\""));
  EXPECT_THAT(page, HasSubstr("<tr class=\"bad\"><td>load klp_a</td>"
                              "<td>✗ fails, as it must not</td>"));
  EXPECT_THAT(page, HasSubstr("<pre>&lt;no&gt;\n</pre>"));
  EXPECT_THAT(page, HasSubstr("<h2>✗ The kernel complained</h2>\n<pre>BUG: x\n"));
  EXPECT_THAT(page, HasSubstr("<details><summary>2 lines</summary>"));
  EXPECT_THAT(page, HasSubstr("[2.1] BUG: x &lt;y&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("href=")));
}

TEST(RehearsalReport, PageOfWhatPassedSaysSo) {
  rehearse::Rehearsal rehearsal{.release = "6.1.0-1", .patches = {"klp_a"}};
  rehearsal.reason = "all held";
  rehearsal.guest.log = {"[0.1] booting"};
  const std::string page = without_labels(rehearsal_page(rehearsal, {}));
  EXPECT_THAT(page, HasSubstr("<p class=\"verdict good\">✓ Passed: all held</p>"));
  EXPECT_THAT(page, HasSubstr("✓ It has no complaint since the patch."));
}

} // namespace
} // namespace kpatch::report
