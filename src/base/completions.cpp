// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/completions.h"

#include "base/error.h"
#include "base/text.h"

#include <algorithm>

namespace kpatch {

namespace {

/// Names of operands that are not words to choose from, as --help shows them.
constexpr std::pair<std::string_view, Operand::Kind> kOperands[] = {
    {"FILE", Operand::Kind::kFile},      {"DIR", Operand::Kind::kFile},
    {"MODULE", Operand::Kind::kFile},    {"SCRIPT", Operand::Kind::kFile},
    {"PROGRAM", Operand::Kind::kFile},   {"FILE.ko", Operand::Kind::kFile},
    {"MODULE.ko", Operand::Kind::kFile}, {"RELEASE", Operand::Kind::kKernel},
    {"PATCH", Operand::Kind::kFile},
};

bool is_lower_word(std::string_view word) {
  return !word.empty() && std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || c == '-';
  });
}

using Writer = std::string (*)(const CompletedProgram&);

constexpr std::pair<std::string_view, Writer> kShells[] = {
    {"bash", bash_completion},
    {"zsh", zsh_completion},
    {"fish", fish_completion},
};

} // namespace

Operand operand_of(const char* name) {
  if (!name)
    return {};
  const std::vector<std::string_view> parts = split(name, '|');
  if (std::ranges::all_of(parts, is_lower_word))
    return {Operand::Kind::kWords, parts};
  for (const std::string_view part : parts)
    for (const auto& [known, kind] : kOperands)
      if (part == known)
        return {kind, {}};
  return {Operand::Kind::kUnknown, {}};
}

std::string quoted_for_shell(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text)
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  return quoted + "'";
}

std::vector<const CompletedCommand*> named_commands(const CompletedProgram& program) {
  std::vector<const CompletedCommand*> commands;
  for (const CompletedCommand& command : program.commands)
    if (!command.name.empty())
      commands.push_back(&command);
  return commands;
}

std::string completion_script(std::string_view shell, const CompletedProgram& asked) {
  const auto found =
      std::ranges::find(kShells, shell, &std::pair<std::string_view, Writer>::first);
  if (found == std::end(kShells))
    fail_with_remedy("name one of bash, zsh, fish",
                     "completion: there is none for the shell '{}'", shell);
  CompletedProgram program = asked;
  for (CompletedCommand& command : program.commands)
    std::erase_if(command.forms, [](const OptionForm& form) { return !form.help; });
  return found->second(program);
}

} // namespace kpatch
