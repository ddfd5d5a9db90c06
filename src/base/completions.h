// SPDX-License-Identifier: GPL-2.0-or-later
//
// Scripts that let a shell complete the calls of a program, made from its option tables.
#pragma once

#include "base/option_table.h"

#include <string>
#include <string_view>
#include <vector>

namespace kpatch {

/// What stands for one word: nothing that can be known, a file, or one of a few words.
struct Operand {
  enum class Kind { kNone, kUnknown, kFile, kKernel, kWords };
  Kind kind = Kind::kNone;
  std::vector<std::string_view> words; ///< of kWords
};

/// By the name that --help gives it, such as "FILE|URI" or "revert|keep|force"; null:
/// none.
Operand operand_of(const char* name);

/// A command of a program, or the program itself if it has none.
struct CompletedCommand {
  std::string name; ///< empty: the program itself
  std::string help;
  std::vector<OptionForm> forms; ///< rows that --help does not show are left out
  Operand operand;
};

struct CompletedProgram {
  std::string name;
  std::vector<CompletedCommand> commands;
};

/// The script for "bash", "zsh" or "fish". Throws Error for others.
std::string completion_script(std::string_view shell, const CompletedProgram& asked);

std::string bash_completion(const CompletedProgram& program);
std::string zsh_completion(const CompletedProgram& program);
std::string fish_completion(const CompletedProgram& program);

/// In single quotes, as bash and zsh read them.
std::string quoted_for_shell(std::string_view text);

/// The commands that are not the program itself.
std::vector<const CompletedCommand*> named_commands(const CompletedProgram& program);

} // namespace kpatch
