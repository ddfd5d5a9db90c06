// SPDX-License-Identifier: GPL-2.0-or-later
//
// A line for each option and command, with the condition under which it holds.
#include "base/completions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kpatch {

namespace {

/// In fish a backslash escapes within single quotes, too.
std::string fish_quoted(std::string_view text) {
  std::string words = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\')
      words += '\\';
    words += c;
  }
  return words + "'";
}

std::string value_of(const Operand& operand) {
  switch (operand.kind) {
  case Operand::Kind::kNone: return "";
  case Operand::Kind::kFile: return " -r -F";
  case Operand::Kind::kWords:
    return fmt::format(" -x -a {}",
                       fish_quoted(fmt::format("{}", fmt::join(operand.words, " "))));
  case Operand::Kind::kKernel: return " -x -a '(path basename /lib/modules/*)'";
  case Operand::Kind::kUnknown: return " -x";
  }
  return "";
}

} // namespace

std::string fish_completion(const CompletedProgram& program) {
  const auto commands = named_commands(program);
  std::vector<std::string> names;
  std::string script = fmt::format("# fish completion for {}\n", program.name);
  for (const CompletedCommand* command : commands) {
    names.push_back(command->name);
    script += fmt::format("complete -c {} -n __fish_is_first_token -f -a {} -d {}\n",
                          program.name, command->name, fish_quoted(command->help));
  }
  for (const CompletedCommand& command : program.commands) {
    const std::string when = fish_quoted(
        command.name.empty()
            ? fmt::format("not __fish_seen_subcommand_from {}", fmt::join(names, " "))
            : fmt::format("__fish_seen_subcommand_from {}", command.name));
    const char* help = "";
    for (const OptionForm& form : command.forms) {
      if (*form.help)
        help = form.help;
      script += fmt::format(
          "complete -c {} -n {} -l {}{}{} -d {}\n", program.name, when, form.name,
          form.letter && *form.help ? fmt::format(" -s {}", form.letter) : "",
          value_of(operand_of(form.argument)), fish_quoted(help));
    }
    if (command.operand.kind == Operand::Kind::kNone)
      script += fmt::format("complete -c {} -n {} -f\n", program.name, when);
    else if (command.operand.kind == Operand::Kind::kWords)
      script += fmt::format("complete -c {} -n {}{}\n", program.name, when,
                            value_of(command.operand));
  }
  return script;
}

} // namespace kpatch
