// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "compile/unit_command.h"
#include "compile/workshop.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kpatch::compile {

/// One side of one unit.
struct CompileJob {
  const UnitCommand& command;
  std::filesystem::path source_tree; ///< the pristine tree or the patched view
  std::filesystem::path build_tree;  ///< the prepared tree: working directory
  std::filesystem::path object;      ///< what is made
  bool with_debug = false;           ///< as the kernel's build has it
};

struct Compiled {
  bool ok = false;
  /// What the compiler says, with file names as in the source tree; warnings if `ok`.
  std::string messages;
  /// The files that were read, as paths that lead to them from anywhere.
  std::vector<std::string> dependencies;
};

/// Compiles and runs objtool as the kernel's build does. The object does not depend on
/// where the trees and the object are. A source that does not compile is not an
/// exception; anything else that fails is.
Compiled compile(const Workshop& shop, const CompileJob& job);

/// The files that the unit is compiled from, as paths that lead to them from anywhere.
/// Nothing if the compiler does not find one of them.
std::optional<std::vector<std::string>> files_read(const Workshop& shop,
                                                   const CompileJob& job);

/// What genksyms reads of the unit; empty if it cannot be made.
std::string preprocessed(const Workshop& shop, const CompileJob& job);

/// The object of the unit from the pristine source: made now, or kept from an earlier run
/// and still of the same source. Throws Error if it does not compile.
std::filesystem::path original_object(const Workshop& shop, const CompileJob& job);

} // namespace kpatch::compile
