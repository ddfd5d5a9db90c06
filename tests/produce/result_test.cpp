// SPDX-License-Identifier: GPL-2.0-or-later
#include "produce/result.h"

#include <gtest/gtest.h>

namespace kpatch::produce {
namespace {

using Units = std::vector<std::string>;

TEST(UnitsAtFault, AreThoseThatAnotherIsInFor) {
  BuildResult result;
  result.units = {{.unit = "lib/string.c"},
                  {.unit = "fs/x.c", .owner = "vmlinux", .in_for = {"lib/string.c"}}};
  EXPECT_EQ(units_at_fault(result, "fs/x.c"), Units{"lib/string.c"});
  EXPECT_EQ(units_at_fault(result, "lib/string.c"), Units{"lib/string.c"});
  EXPECT_EQ(units_at_fault(result, "include/linux/x.h"), Units{"include/linux/x.h"});
}

TEST(UnitsAtFault, AreTheUnitsThatThoseAreInFor) {
  BuildResult result;
  result.units = {{.unit = "fs/x.c", .in_for = {"lib/two.c"}},
                  {.unit = "lib/two.c", .in_for = {"lib/one.c", "lib/two.c"}}};
  EXPECT_EQ(units_at_fault(result, "fs/x.c"), Units{"lib/one.c"});
}

} // namespace
} // namespace kpatch::produce
