// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/build_report.h"
#include "report/page_text.h"
#include "report/update_report.h"

#include <nlohmann/json.hpp>

#include <gmock/gmock.h>

namespace kpatch::report {
namespace {

using testing::HasSubstr;
using testing::Not;

produce::BuildResult update() {
  return {.outcome = produce::BuildOutcome::kBuilt,
          .release = "6.1.0-1",
          .source_version = "6.1.5-1",
          .left_out = {{"Documentation/x.rst", patch::WhyLeftOut::kNoCode},
                       {"fs/off.c", patch::WhyLeftOut::kOption, "CONFIG_OFF"}},
          .series = {{.name = "a.patch", .cves = {"CVE-2026-1111"}, .files = {"fs/x.c"}},
                     {.name = "b.patch",
                      .subject = "net: <b> & co",
                      .cves = {"CVE-2026-2222"},
                      .files = {"net/core/y.c"}},
                     {.name = "c.patch", .files = {"Documentation/x.rst", "fs/off.c"}}},
          .needs_reboot = {{.change = "b.patch",
                            .subject = "net: <b> & co",
                            .files = {"net/core/y.c"},
                            .fixes = {"CVE-2026-2222"},
                            .unit = "net/core/y.c",
                            .code = "KP2002",
                            .reason = "data in use is changed"}},
          .module_name = "livepatch-update",
          .units = {{.unit = "fs/x.c",
                     .owner = "vmlinux",
                     .outcome = produce::UnitOutcome::kChanged,
                     .functions = {{.name = "f"}, {.name = "g", .is_new = true}}},
                    {.unit = "fs/x.c",
                     .owner = "xfs",
                     .outcome = produce::UnitOutcome::kChanged,
                     .functions = {{.name = "f"}}},
                    {.unit = "fs/z.c", .owner = "vmlinux"}}};
}

TEST(UpdateReport, CountsWhatIsInAndWhatIsNot) {
  const Totals totals = totals_of(update());
  EXPECT_EQ(totals.units_in, 2u);
  EXPECT_EQ(totals.functions, 3u);
  EXPECT_EQ(totals.objects, 2u);
  EXPECT_EQ(totals.units_without_effect, 1u);
  EXPECT_EQ(totals.needs_reboot, 1u);
  EXPECT_EQ(totals.not_in_kernel, 2u);
}

TEST(UpdateReport, TellsWherePatchesOfASeriesAre) {
  produce::BuildResult result = update();
  EXPECT_EQ(state_of(result.series[0], result), PatchState::kLive);
  EXPECT_EQ(state_of(result.series[1], result), PatchState::kNeedsReboot);
  EXPECT_EQ(state_of(result.series[2], result), PatchState::kNotAffected);
  result.outcome = produce::BuildOutcome::kRefused;
  EXPECT_EQ(state_of(result.series[0], result), PatchState::kNotBuilt);
}

TEST(UpdateReport, CallsNoPatchLiveOfWhichAPartIsOut) {
  produce::BuildResult result = update();
  result.needs_reboot = {
      {.change = "fs/x.c: struct s", .files = {"fs/x.c"}, .fixes = {}}};
  EXPECT_EQ(state_of(result.series[0], result), PatchState::kNeedsReboot);
  EXPECT_EQ(state_of(result.series[1], result), PatchState::kLive);
  result.needs_reboot = {{.change = "b.patch", .files = {"fs/x.c"}, .fixes = {}}};
  EXPECT_EQ(state_of(result.series[0], result), PatchState::kLive);
}

TEST(UpdateReport, HasTheNumbersAndEachReasonAsText) {
  const std::string text = update_text(update());
  EXPECT_THAT(text, HasSubstr("livepatch-update for 6.1.0-1 (6.1.5-1)\n"));
  EXPECT_THAT(text,
              HasSubstr("  in the module       2 units, 3 functions in 2 objects\n"));
  EXPECT_THAT(text,
              HasSubstr("  not in this kernel  2 files (no-code: 1, option-off: 1)\n"));
  EXPECT_THAT(text, HasSubstr("  live          CVE-2026-1111: a.patch\n"));
  EXPECT_THAT(text,
              HasSubstr("  net/core  b.patch (net: <b> & co): data in use is changed "
                        "[KP2002]\n"));
  EXPECT_THAT(text, HasSubstr("  fs  fs/x.c (vmlinux): f, g\n"));
}

TEST(UpdateReport, IsAPageWithoutForeignMarkup) {
  const std::string page = without_labels(update_page(update()));
  EXPECT_THAT(page,
              HasSubstr("<td>net/core</td><td>b.patch (net: &lt;b&gt; &amp; co)</td>"));
  EXPECT_THAT(page, Not(HasSubstr("<b>")));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("href=")));
}

/// A change of f in fs/x.c, one of a file that is left out, and one that needs a reboot.
produce::BuildResult with_changes() {
  produce::BuildResult result = update();
  const auto change = [](std::string path, std::string heading) {
    return patch::FileChange{
        .old_path = path,
        .new_path = path,
        .hunks = {{.old_start = 7,
                   .old_count = 2,
                   .new_start = 8,
                   .new_count = 3,
                   .heading = std::move(heading),
                   .lines = {" a<b", "-old && gone", "+new", "+newer"}}}};
  };
  result.changes = {
      {.name = "a.patch",
       .changes = {change("fs/x.c", "int f(void)"), change("fs/off.c", "")}},
      {.name = "b.patch",
       .changes = {change("net/core/y.c", "")},
       .subject = "net: <b> & co"}};
  return result;
}

TEST(UpdateReport, FoldsTheSourceByFileAndFunction) {
  const std::string page = without_labels(update_page(with_changes()));
  EXPECT_THAT(
      page,
      HasSubstr("<h3>a.patch</h3>\n"
                "<details open><summary>fs/x.c: 2 lines added, 1 removed</summary>\n"
                "<details open><summary>int f(void)</summary>\n"
                "<pre>@@ -7,2 +8,3 @@\n a&lt;b\n"
                "<del>-old &amp;&amp; gone\n</del><ins>+new\n+newer\n</ins></pre>"));
  EXPECT_THAT(page, HasSubstr("<h3>net: &lt;b&gt; &amp; co (b.patch)</h3>\n"
                              "<details open><summary>net/core/y.c: 2 lines added, 1 "
                              "removed, needs a reboot</summary>\n"
                              "<details open><summary>line 8</summary>"));
}

TEST(UpdateReport, SaysOfWhichFileAPartIsOut) {
  produce::BuildResult result = with_changes();
  result.needs_reboot = {
      {.change = "fs/x.c: struct s", .files = {"fs/x.c"}, .fixes = {}}};
  EXPECT_THAT(update_page(result),
              HasSubstr("fs/x.c: 2 lines added, 1 removed, needs a reboot in part"));
}

TEST(UpdateReport, CountsTheFilesWhoseChangesItDoesNotShow) {
  const std::string page = without_labels(update_page(with_changes()));
  EXPECT_THAT(page, Not(HasSubstr("<summary>fs/off.c")));
  EXPECT_THAT(page, HasSubstr("that this kernel is not made of are not shown: 1."));
}

TEST(UpdateReport, FoldsWhatIsLong) {
  produce::BuildResult result = with_changes();
  result.changes[0].changes[0].hunks[0].lines.resize(300, "+more");
  EXPECT_THAT(update_page(result), HasSubstr("<details><summary>fs/x.c: "));
}

TEST(UpdateReport, SaysOnThePageWhyAndHowSurely) {
  produce::BuildResult result = update();
  result.info = {{"version", "3"}, {"cve", "CVE-2026-1111"}, {"cve", "CVE-2026-3333"}};
  result.units[0].functions[0].because = "its code is changed";
  result.units[0].proof = {.functions = 12, .equal = 10, .absent = 2, .references = 34};
  result.warnings = {{"KP4006", "fs/x.c", "f", "a timer keeps it", "stop the timer"}};
  const std::string page = without_labels(update_page(result));
  EXPECT_THAT(page, HasSubstr("✓ Built; some of the change needs a reboot"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">fixes</th>"
                              "<td>CVE-2026-1111, CVE-2026-3333</td>"));
  EXPECT_THAT(
      page, HasSubstr("<td>f</td><td>fs/x.c (vmlinux)</td><td>its code is changed</td>"));
  EXPECT_THAT(page, HasSubstr("<td>fs/x.c (vmlinux)</td><td>12</td><td>10</td>"
                              "<td>2</td><td>34</td>"));
  EXPECT_THAT(page, HasSubstr("<td>KP4006</td><td>fs/x.c: f</td><td>a timer keeps "
                              "it</td><td>stop the timer</td>"));
}

TEST(UpdateReport, HasRemediesOnThePage) {
  produce::BuildResult result = update();
  result.outcome = produce::BuildOutcome::kRefused;
  result.message = "1 error(s) encountered\nmore <of> it";
  result.problems = {{"KP1022", "vmlinux", "", "no image", "give one"}};
  result.units[0].problems = {{"KP2001", "fs/x.o", "f", "no way", "take another"}};
  const std::string page = without_labels(update_page(result));
  EXPECT_THAT(page, HasSubstr("✗ Refused: 1 error(s) encountered</p>\n"
                              "<pre>more &lt;of&gt; it\n</pre>"));
  EXPECT_THAT(page, HasSubstr("<td>KP1022</td><td>vmlinux</td><td>no image</td>"
                              "<td>give one</td>"));
  EXPECT_THAT(page, HasSubstr("<td>fs/x.o: f</td><td>no way</td><td>take another</td>"));
}

TEST(UpdateReport, IsInTheJsonToo) {
  const auto json = nlohmann::json::parse(build_json(update()));
  EXPECT_EQ(json["totals"]["functions"], 3);
  EXPECT_EQ(json["series"][1]["state"], "needs-reboot");
  EXPECT_EQ(json["series"][1]["cves"][0], "CVE-2026-2222");
}

TEST(UpdateReport, SaysWhyThereIsNoModule) {
  produce::BuildResult result = update();
  result.outcome = produce::BuildOutcome::kRefused;
  result.message = "1 error(s) encountered\nmore";
  result.units[0].outcome = produce::UnitOutcome::kRefused;
  result.units[0].problems = {{.code = "KP2001", .symbol = "f", .message = "no way"}};
  const std::string text = update_text(result);
  EXPECT_THAT(text,
              HasSubstr("No module for 6.1.0-1 (6.1.5-1): 1 error(s) encountered\n"));
  EXPECT_THAT(text, HasSubstr("fs/x.c: f: no way [KP2001]"));
}

} // namespace
} // namespace kpatch::report
