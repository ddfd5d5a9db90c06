// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/kernels_report.h"
#include "report/page_text.h"

#include <nlohmann/json.hpp>

#include <gmock/gmock.h>

namespace kpatch::report {
namespace {

using nlohmann::json;

KernelReport report(const std::string& release, const std::string& result,
                    const json& path = nullptr) {
  return {release, json{{"result", result},
                        {"message", path.is_null() ? json("it is so\nbecause") : json()},
                        {"kernel", {{"release", release}}},
                        {"module", {{"path", path}}}}
                       .dump()};
}

std::string result_of(const std::vector<KernelReport>& reports) {
  return json::parse(kernels_json(reports))["result"];
}

TEST(KernelsReport, SaysWhichKernelsHaveTheirModule) {
  const std::vector<KernelReport> reports{report("6.1", "built", "/out/6.1/x.ko"),
                                          report("6.12.1+deb13", "refused")};
  EXPECT_EQ(kernels_text(reports), "6.1           built         /out/6.1/x.ko\n"
                                   "6.12.1+deb13  refused       it is so\n");
  const json all = json::parse(kernels_json(reports));
  EXPECT_EQ(all["result"], "partly-built");
  ASSERT_EQ(all["kernels"].size(), 2U);
  EXPECT_EQ(all["kernels"][1]["result"], "refused");
  EXPECT_EQ(kernels_status(reports), 1);
}

TEST(KernelsReport, IsASuccessIfAllThatAreAffectedAreBuilt) {
  const KernelReport built = report("6.1", "built", "x.ko");
  const KernelReport other = report("7.3", "not-affected");
  EXPECT_EQ(result_of({built, built}), "built");
  EXPECT_EQ(result_of({built, other}), "built");
  EXPECT_EQ(kernels_status({built, other}), 0);
  EXPECT_EQ(result_of({other, other}), "not-affected");
  EXPECT_EQ(kernels_status({other, other}), 3);
}

TEST(KernelsReport, IsAFailureIfNoneIsBuilt) {
  for (const char* result : {"refused", "failed", "no-change"}) {
    const std::vector<KernelReport> reports{report("6.1", result),
                                            report("7.3", "not-affected")};
    EXPECT_EQ(result_of(reports), "failed");
    EXPECT_EQ(kernels_status(reports), 1);
  }
}

TEST(KernelsReport, HasAKernelWhoseBuildLeftNoReport) {
  for (const char* left : {"", "{\"resu", "[]"}) {
    const json all = json::parse(kernels_json({{"6.1", left}}));
    EXPECT_EQ(all["kernels"][0]["kernel"]["release"], "6.1");
    EXPECT_EQ(all["kernels"][0]["result"], "failed");
    EXPECT_THAT(kernels_text({{"6.1", left}}), testing::HasSubstr("without a report"));
    EXPECT_EQ(kernels_status({{"6.1", left}}), 1);
  }
}

json with_function(json kernel, const std::string& function) {
  kernel["module"]["name"] = "livepatch-x";
  kernel["totals"]["functions"] = 1;
  kernel["units"] = {{{"unit", "fs/a.o"},
                      {"problems", json::array()},
                      {"functions",
                       {{{"name", function}, {"change", "changed"}},
                        {{"name", "both"}, {"change", "new"}}}}}};
  return kernel;
}

KernelReport with_function(const KernelReport& report, const std::string& function) {
  return {report.release, with_function(json::parse(report.json), function).dump()};
}

TEST(KernelsReport, HasAPageWithAllKernelsInOneTable) {
  json refused = json::parse(report("7.3", "refused").json);
  refused["problems"] = {{{"code", "KP2001"},
                          {"object", "vmlinux"},
                          {"symbol", "f<g"},
                          {"message", "no entry"},
                          {"remedy", "leave it"}}};
  const std::string page = without_labels(
      kernels_page({with_function(report("6.1", "built", "/out/6.1/x.ko"), "one"),
                    {"7.3", refused.dump()},
                    report("5.10", "no-change"),
                    {"9.9", ""}}));
  using testing::HasSubstr;
  EXPECT_THAT(page, HasSubstr("<h1>livepatch-x for 4 kernels</h1>"));
  EXPECT_THAT(page, HasSubstr("\"verdict bad\">✗ 1 of 4 kernels have a module<"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"col\">kernel</th><th scope=\"col\">result"));
  EXPECT_THAT(page,
              HasSubstr("<th scope=\"row\">6.1</th><td>✓ built</td><td>1 function</td>"
                        "<td>–</td><td>–</td><td>/out/6.1/x.ko</td>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">7.3</th><td>✗ refused</td><td>–</td>"
                              "<td>–</td><td>1 problem: KP2001</td><td>it is so</td>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">5.10</th><td>✗ no change</td>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">9.9</th><td>✗ failed</td>"));
  EXPECT_THAT(page, HasSubstr("<td>vmlinux: f&lt;g</td><td>no entry</td>"
                              "<td>leave it</td><td>7.3</td>"));
}

TEST(KernelsReport, SaysOfEachCellOfItsPageWhatItCounts) {
  EXPECT_THAT(kernels_page({report("5.10", "no-change")}),
              testing::HasSubstr("<th scope=\"row\">5.10</th>"
                                 "<td data-label=\"result\">✗ no change</td>"
                                 "<td data-label=\"functions\">–</td>"
                                 "<td data-label=\"need a reboot\">–</td>"
                                 "<td data-label=\"problems\">–</td>"));
}

TEST(KernelsReport, SaysOnItsPageWhichKernelsHaveAFunction) {
  const std::string page =
      without_labels(kernels_page({with_function(report("6.1", "built", "x"), "one"),
                                   with_function(report("7.3", "built", "x"), "two")}));
  using testing::HasSubstr;
  EXPECT_THAT(page, HasSubstr("\"verdict good\">✓ Each kernel that the patch affects"));
  EXPECT_THAT(page, HasSubstr("one</th><td>fs/a.o</td><td>changed</td><td>6.1</td>"));
  EXPECT_THAT(page, HasSubstr("two</th><td>fs/a.o</td><td>changed</td><td>7.3</td>"));
  EXPECT_THAT(page,
              HasSubstr("both</th><td>fs/a.o</td><td>new</td><td>all kernels</td>"));
  EXPECT_THAT(kernels_page({report("6.1", "not-affected")}),
              HasSubstr("✓ The patch affects none of the kernels"));
}

TEST(KernelsReport, NamesAKernelThatWasNotFound) {
  const json all = json::parse(
      kernels_json({{"9.9", R"({"result":"failed","kernel":{"release":null}})"}}));
  EXPECT_EQ(all["kernels"][0]["kernel"]["release"], "9.9");
}

} // namespace
} // namespace kpatch::report
