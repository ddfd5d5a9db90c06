// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/error.h"
#include "compile/workshop.h"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace kpatch::compile {

/// How the kernel's own build makes the object of one translation unit.
struct UnitCommand {
  std::string unit; ///< "fs/proc/meminfo.c"
  /// The compiler and its options, for a source tree at kSourceMark, without the names of
  /// the source, the object and the list of dependencies.
  std::vector<std::string> compiler;
  /// What the processor wants for code that goes into a module
  /// (arch::Arch::patch_options). An object that is to have the code of the kernel is
  /// compiled without it.
  std::vector<std::string> for_patch{};
  std::vector<std::string> objtool; ///< without the object; empty: not run on it
  /// Headers that kbuild generates for this unit beyond the prepared tree, as a tree to
  /// lay over it; empty: none.
  std::filesystem::path generated;
};

/// Stands in UnitCommand for the top of the source tree.
inline constexpr std::string_view kSourceMark = "@SOURCE@";

/// Give each function and each variable a section of its own.
inline constexpr std::string_view kSectionFlags[] = {"-ffunction-sections",
                                                     "-fdata-sections"};

/// Why there is nothing to compare for one unit.
struct UnitFailure {
  std::string unit;
  Error error;
};

/// The commands of the units, in their order. Kbuild is asked once per kernel for each;
/// after that they come from the cache. Units that it has no usable command for are left
/// out and listed in `failures`.
std::vector<UnitCommand> unit_commands(const Workshop& shop,
                                       std::span<const std::string> wanted,
                                       std::vector<UnitFailure>& failures);

/// The command of one unit. Throws Error if there is none.
UnitCommand unit_command(const Workshop& shop, const std::string& unit);

/// Reads a `.cmd` file that kbuild wrote for `unit`.
UnitCommand parse_unit_command(std::string_view cmd_file, const std::string& unit);

} // namespace kpatch::compile
