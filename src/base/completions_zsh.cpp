// SPDX-License-Identifier: GPL-2.0-or-later
//
// A file that zsh's compinit loads as the function of its own name; _arguments does the
// work.
#include "base/completions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kpatch {

namespace {

/// In what _arguments takes, brackets end a text and a colon ends a field.
std::string escaped(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\')
      plain += '\\';
    plain += c;
  }
  return plain;
}

std::string action(const Operand& operand) {
  switch (operand.kind) {
  case Operand::Kind::kWords: return fmt::format("({})", fmt::join(operand.words, " "));
  case Operand::Kind::kFile: return "_files";
  case Operand::Kind::kKernel: return "_files -W /lib/modules";
  default: return " ";
  }
}

/// One word for _arguments for each spelling.
std::string arguments_of(const CompletedCommand& command) {
  std::string text;
  const char* help = "";
  for (const OptionForm& form : command.forms) {
    if (*form.help)
      help = form.help;
    const std::string value = form.argument
                                  ? fmt::format(":{}:{}", escaped(form.argument),
                                                action(operand_of(form.argument)))
                                  : "";
    const auto add = [&](const std::string& spelling) {
      text += " \\\n      " +
              quoted_for_shell(fmt::format("*{}[{}]{}", spelling, escaped(help), value));
    };
    add(fmt::format("--{}{}", form.name, form.argument ? "=" : ""));
    if (form.letter && *form.help)
      add(fmt::format("-{}{}", form.letter, form.argument ? "+" : ""));
  }
  if (command.operand.kind != Operand::Kind::kNone)
    text += " \\\n      " +
            quoted_for_shell(fmt::format("*:operand:{}", action(command.operand)));
  return fmt::format("    _arguments -S{}\n", text);
}

} // namespace

std::string zsh_completion(const CompletedProgram& program) {
  std::string script = fmt::format("#compdef {}\n", program.name);
  const bool has_own = named_commands(program).size() < program.commands.size();
  script += "if (( CURRENT == 2 )); then\n  local -a commands=(\n";
  for (const CompletedCommand* command : named_commands(program))
    script += fmt::format(
        "    {}\n",
        quoted_for_shell(fmt::format("{}:{}", command->name, escaped(command->help))));
  script += "  )\n  _describe command commands\n";
  script += has_own ? "fi\n" : "  return\nfi\n";
  script += "local command=$words[2]\ncase $command in\n";
  for (const CompletedCommand* command : named_commands(program))
    script += fmt::format("  {})\n    shift words; (( CURRENT-- ))\n{}    ;;\n",
                          command->name, arguments_of(*command));
  for (const CompletedCommand& command : program.commands)
    if (command.name.empty())
      script += fmt::format("  *)\n{}    ;;\n", arguments_of(command));
  return script + "esac\n";
}

} // namespace kpatch
