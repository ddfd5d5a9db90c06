// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/kernels_report.h"

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

TEST(KernelsReport, NamesAKernelThatWasNotFound) {
  const json all = json::parse(
      kernels_json({{"9.9", R"({"result":"failed","kernel":{"release":null}})"}}));
  EXPECT_EQ(all["kernels"][0]["kernel"]["release"], "9.9");
}

} // namespace
} // namespace kpatch::report
