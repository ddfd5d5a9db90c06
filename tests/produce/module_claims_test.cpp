// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "produce/module_claims.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::produce {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

const std::vector<patch::PatchFile> kPatches = {
    {.name = "1",
     .changes = {{"a.c", "a.c"}, {"b.c", "b.c"}},
     .fixes = {"CVE-2026-1111"},
     .tags = {"0123 (\"x\")"}},
    {.name = "2", .changes = {{"c.c", "c.c"}}, .fixes = {"CVE-2026-2222"}},
};

TEST(ModuleInfo, IsEmptyUnlessThereIsSomethingToSay) {
  EXPECT_THAT(module_info({}, {{.name = "plain", .changes = {{"a.c", "a.c"}}}}, {}),
              IsEmpty());
  EXPECT_THAT(module_info({.reads_texts = false}, kPatches, {}), IsEmpty());
}

TEST(ModuleInfo, HasWhatIsWantedAndWhatPatchesName) {
  EXPECT_THAT(module_info({.description = "d", .version = "1", .cves = {"CVE-2025-9999"}},
                          kPatches, {}),
              ElementsAre(Pair("description", "d"), Pair("version", "1"),
                          Pair("cve", "CVE-2025-9999"), Pair("cve", "CVE-2026-1111"),
                          Pair("cve", "CVE-2026-2222"), Pair("fixes", "0123 (\"x\")")));
}

TEST(ModuleInfo, DoesNotClaimWhatThisKernelDoesNotHave) {
  EXPECT_THAT(module_info({}, kPatches, {{.path = "c.c"}, {.path = "a.c"}}),
              ElementsAre(Pair("cve", "CVE-2026-1111"), Pair("fixes", "0123 (\"x\")")));
}

TEST(ModuleInfo, TakesNothingThatIsNotOneLine) {
  EXPECT_THROW(checked_line("--author", "two\nlines"), Error);
  EXPECT_THROW(checked_line("--author", ""), Error);
  EXPECT_THROW(checked_line("--author", std::string("nul\0", 4)), Error);
}

} // namespace
} // namespace kpatch::produce
