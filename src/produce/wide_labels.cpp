// SPDX-License-Identifier: GPL-2.0-or-later
//
// A jump label whose key a module owns cannot be switched by the kernel in the code of a
// patch, so that code tests the key. The jump to the test takes five bytes. Since 5.14
// x86 kernels have objtool shorten labels to two bytes where their target is near:
//
//   clone_endio():   eb 2a  (jmp zoned)     no room for      e9 .. .. .. ..  (jmp test)
//
// The unit is then compiled again, both sides alike, with labels that are not shortened.
// The objects as they were tell which code runs.
#include "produce/wide_labels.h"

#include <algorithm>

namespace kpatch::produce {

bool wants_wide_labels(const UnitResult& result, const kernel::Target& target) {
  constexpr std::string_view kJumpLabel = "KP2005";
  return target.config.is_set("CONFIG_HAVE_JUMP_LABEL_HACK") &&
         std::ranges::count(result.problems, kJumpLabel, &Problem::code) > 0;
}

} // namespace kpatch::produce
