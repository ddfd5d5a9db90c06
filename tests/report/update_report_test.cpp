// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/build_report.h"
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
  const std::string page = update_page(update());
  EXPECT_THAT(page,
              HasSubstr("<td>net/core</td><td>b.patch (net: &lt;b&gt; &amp; co)</td>"));
  EXPECT_THAT(page, Not(HasSubstr("<b>")));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("href=")));
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
