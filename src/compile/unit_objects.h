// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/error.h"
#include "compile/compile.h"
#include "patch/patch_apply.h"
#include "patch/patched_view.h"

#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace kpatch::compile {

/// The tree to compile a unit in: the prepared one, or if kbuild generates headers for
/// the unit, one with them.
std::filesystem::path build_tree_for(const Workshop& shop, const UnitCommand& command);

/// Both sides of one unit.
struct UnitObjects {
  std::string unit;
  std::filesystem::path original;
  std::filesystem::path patched; ///< not there unless `patched_side.ok`
  Compiled patched_side;         ///< without its dependencies
  std::set<std::string>
      read{}; ///< of the touched files, those that the compiler has read
  /// Why a side could not be made, unless its source is at fault and it is the patched.
  std::optional<Error> failure;

  bool is_complete() const { return patched_side.ok && !failure; }
};

/// Compiles both sides of the units, several at a time. What goes wrong with one is noted
/// there and does not keep the others from being compiled; that includes a touched file
/// which the compiler has read past the view, in the pristine tree.
std::vector<UnitObjects> compile_units(const Workshop& shop,
                                       const patch::PatchedView& view,
                                       std::span<const UnitCommand> commands,
                                       std::span<const patch::TouchedFile> touched = {});

/// How the code is made that the kernel has: the unit's command without what only code of
/// a patch needs. Throws Error if there is no command.
UnitCommand command_as_shipped(const Workshop& shop, const std::string& unit);

/// The original's object as the kernel's own build makes it, without what code of a patch
/// needs: that of the unit where this makes no difference. Throws Error if it does not
/// compile.
std::filesystem::path object_as_shipped(const Workshop& shop, const UnitObjects& unit);

/// Compiles both sides of a unit once more, with some of our headers read before it.
UnitObjects compile_with_headers(const Workshop& shop, const patch::PatchedView& view,
                                 const std::string& unit,
                                 std::span<const std::string> headers);

/// Compiles both sides of a unit once more, with debug information.
UnitObjects compile_with_debug_info(const Workshop& shop, const patch::PatchedView& view,
                                    const std::string& unit);

} // namespace kpatch::compile
