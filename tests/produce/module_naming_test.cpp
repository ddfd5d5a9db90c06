// SPDX-License-Identifier: GPL-2.0-or-later
#include "produce/module_naming.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace kpatch::produce {
namespace {

TEST(ModuleName, ComesFromThePatch) {
  using Paths = std::vector<std::filesystem::path>;
  EXPECT_EQ(default_module_name(Paths{"/x/meminfo-string.patch"}),
            "livepatch-meminfo-string");
  EXPECT_EQ(default_module_name(Paths{"a.b.diff"}), "livepatch-a-b");
  EXPECT_EQ(default_module_name(Paths{"plain"}), "livepatch-plain");
  EXPECT_EQ(default_module_name(Paths{"plain"}, kernel::PatchedBy::kCore),
            "kpatch-plain");
  EXPECT_EQ(default_module_name(Paths{"a.patch", "b.patch"}), "livepatch-patch");
}

TEST(ModuleName, HasOnlyWhatTheKernelTakesAndAtMost55Characters) {
  EXPECT_EQ(module_name_from("a b/c.d_e-f\xc3\xa9"), "a-b-c-d_e-f--");
  EXPECT_EQ(module_name_from(std::string(80, 'x')), std::string(55, 'x'));
  EXPECT_EQ(default_module_name(
                std::vector<std::filesystem::path>{std::string(80, 'x') + ".patch"})
                .size(),
            55u);
}

} // namespace
} // namespace kpatch::produce
