// SPDX-License-Identifier: GPL-2.0-or-later
//
// One function that looks at the word before the cursor, and needs nothing but bash
// itself. bash takes "=" for the end of a word, so that "--on-stall=re" comes as three.
#include "base/completions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace kpatch {

namespace {

constexpr std::string_view kBegin = R"(# bash completion for {name}
_{function}() {{
	local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command= options= words=
	COMPREPLY=()
	if [ "$current" = = ]; then
		current=
	elif [ "$previous" = = ]; then
		previous=${{COMP_WORDS[COMP_CWORD-2]}}
	fi
)";

constexpr std::string_view kChoice = R"(	if [ "$COMP_CWORD" -eq 1 ]; then
		words={words}
		COMPREPLY=($(compgen -W "$words" -- "$current"))
		{otherwise}
	fi
)";

constexpr std::string_view kEnd = R"(	esac
	case $current in
	-*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
	*) [ -z "$words" ] || COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
	esac
}}
complete -o bashdefault -o default -F _{function} {name}
)";

/// What is done once the word before the cursor is known to be the option.
std::string completes(const Operand& operand) {
  constexpr std::string_view kReply = R"(COMPREPLY=($(compgen -W {} -- "$current")))";
  switch (operand.kind) {
  case Operand::Kind::kWords:
    return fmt::format(
        kReply, quoted_for_shell(fmt::format("{}", fmt::join(operand.words, " "))));
  case Operand::Kind::kKernel:
    return fmt::format(kReply, R"x("$(cd /lib/modules 2>/dev/null && echo *)")x");
  case Operand::Kind::kFile: return R"x(COMPREPLY=($(compgen -f -- "$current")))x";
  default: return "compopt +o default +o bashdefault";
  }
}

std::string spelled(const OptionForm& form) {
  const std::string name = fmt::format("--{}", form.name);
  return form.letter ? fmt::format("{}|-{}", name, form.letter) : name;
}

std::string options_of(const CompletedCommand& command) {
  std::string lines;
  std::vector<std::string> names;
  for (const OptionForm& form : command.forms) {
    names.push_back(fmt::format("--{}", form.name));
    if (form.argument)
      lines += fmt::format("\t\t{}) {}; return ;;\n", spelled(form),
                           completes(operand_of(form.argument)));
  }
  return fmt::format("\t\toptions={}\n",
                     quoted_for_shell(fmt::format("{}", fmt::join(names, " ")))) +
         (lines.empty() ? "" : "\t\tcase $previous in\n" + lines + "\t\tesac\n");
}

std::string words_of(const CompletedCommand& command) {
  if (command.operand.kind != Operand::Kind::kWords)
    return "";
  return fmt::format("\t\twords='{}'\n", fmt::join(command.operand.words, " "));
}

} // namespace

std::string bash_completion(const CompletedProgram& program) {
  std::string function = program.name;
  std::ranges::replace(function, '-', '_');
  std::vector<std::string> names;
  for (const CompletedCommand* command : named_commands(program))
    names.push_back(command->name);
  // A program that is not a set of commands alone goes on with its own options.
  const bool has_own = names.size() < program.commands.size();
  std::string script =
      fmt::format(kBegin, fmt::arg("name", program.name), fmt::arg("function", function));
  script += fmt::format(
      kChoice,
      fmt::arg("words", quoted_for_shell(fmt::format("{}", fmt::join(names, " ")))),
      fmt::arg("otherwise", has_own ? "words=" : "return"));
  script += "\tcommand=${COMP_WORDS[1]}\n\tcase $command in\n";
  for (const CompletedCommand* command : named_commands(program))
    script += fmt::format("\t{})\n{}{}\t\t;;\n", command->name, options_of(*command),
                          words_of(*command));
  for (const CompletedCommand& command : program.commands)
    if (command.name.empty())
      script += fmt::format("\t*)\n{}\t\t;;\n", options_of(command));
  return script + fmt::format(kEnd, fmt::arg("name", program.name),
                              fmt::arg("function", function));
}

} // namespace kpatch
