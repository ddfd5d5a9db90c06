// SPDX-License-Identifier: GPL-2.0-or-later
//
// Between functions of one section the assembler makes jumps of two bytes where they
// reach, and such a jump cannot leave the section any more. The code is as the compiler
// wants it whatever section it is in, so the assembly is given other sections before it
// is assembled:
//
//   .section .sched.text          becomes      .section .text.f
//   f: ... jmp g                               f: ... jmp g
//      .size f, .-f                               .size f, .-f
//                                              .section .text.g
//   g: ...                                     g: ...
//
// GCC ends every function with `.size`, and everything between two of them that stands in
// the shared section (alignment, padding before the entry) belongs to the second. It goes
// to other sections by `.section` and comes back by name, inline assembly comes back by
// `.previous` or `.popsection`, which need no change.
//
// Variables of one section are taken apart for another reason. References to local ones
// become section and offset, and then the end of one variable is the start of the next:
//
//   .section .data..read_mostly,"aw"      becomes     .section .data..read_mostly.a,"aw"
//   .align 8                                          .align 8
//   a: .quad 1                                        a: .quad 1
//   .align 4                                          .section .data..read_mostly.b,"aw"
//   b: .long 2                                        .align 4
//                                                     b: .long 2
//
// What stands between the contents of one and the label of the next, as its alignment
// does, belongs to the next.
#include "compile/own_sections.h"

#include "base/text.h"
#include "special/names.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace kpatch::compile {

namespace {

std::string_view first_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(" \t,"));
  text.remove_prefix(word.size());
  return word;
}

std::string_view unquoted(std::string_view name) {
  return name.size() > 1 && name.front() == '"' && name.back() == '"'
             ? name.substr(1, name.size() - 2)
             : name;
}

/// Knows which section the assembler is in.
class Place {
 public:
  /// Whether the directive names the section to be in from here on.
  bool take(std::string_view directive, std::string_view rest) {
    if (directive == ".text" || directive == ".data" || directive == ".bss")
      return go_to(directive);
    if (directive == ".section")
      return go_to(unquoted(first_word(rest)));
    if (directive == ".pushsection") {
      kept_.emplace_back(now_, before_);
      go_to(unquoted(first_word(rest)));
    } else if (directive == ".popsection" && !kept_.empty()) {
      std::tie(now_, before_) = kept_.back();
      kept_.pop_back();
    } else if (directive == ".previous") {
      std::swap(now_, before_);
    }
    return false;
  }
  std::string_view now() const { return now_; }

 private:
  bool go_to(std::string_view section) {
    before_ = std::exchange(now_, section);
    return true;
  }

  std::string_view now_ = ".text";
  std::string_view before_ = ".text";
  std::vector<std::pair<std::string_view, std::string_view>> kept_;
};

/// What an instruction or directive is when its labels are taken off.
std::string_view without_labels(std::string_view statement) {
  while (true) {
    std::string_view rest = statement;
    const std::string_view word = first_word(rest);
    if (!word.ends_with(':'))
      return statement;
    statement = rest;
  }
}

/// Takes the first of the statements of a line off it.
std::string_view next_statement(std::string_view& line) {
  bool is_quoted = false;
  std::size_t end = 0;
  while (end < line.size() && (is_quoted || line[end] != ';'))
    is_quoted ^= line[end++] == '"';
  const std::string_view statement = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return without_labels(statement);
}

/// A line of the assembly, where something has to be done.
struct Line {
  std::string_view text;
  std::string_view enters; ///< the shared section that is named to be in from here on
  std::string_view ends;   ///< the function of a shared section whose last line it is
  std::string_view data;   ///< the shared section of variables that it stands in
  std::string_view flags;  ///< what follows the name where that section is entered
  std::string_view begins; ///< the variable of which it is the first line
};

/// What may stand before the label of a variable.
bool leads_in(std::string_view directive) {
  constexpr std::array<std::string_view, 9> kBefore = {".align",  ".p2align", ".balign",
                                                       ".globl",  ".global",  ".weak",
                                                       ".hidden", ".type",    ".local"};
  return std::ranges::find(kBefore, directive) != kBefore.end();
}

/// The label that a line begins with; empty if there is none, or one of the compiler's.
std::string_view label_of(std::string_view line) {
  const std::string_view word = first_word(line);
  return word.ends_with(':') && !word.starts_with(".L") ? word.substr(0, word.size() - 1)
                                                        : std::string_view();
}

/// Finds the first line of each variable of the shared sections.
void find_variables(std::vector<Line>& lines) {
  Line* first = nullptr; // of what leads in to the next variable
  for (Line& line : lines) {
    std::string_view rest = line.text;
    const std::string_view label = label_of(line.text);
    if (line.data.empty())
      first = nullptr;
    else if (!line.enters.empty())
      first = &line;
    else if (!first && leads_in(first_word(rest)))
      first = &line;
    else if (first && !label.empty())
      std::exchange(first, nullptr)->begins = label;
  }
}

/// The function whose end `.size f, .-f` marks.
std::string_view ended_by(std::string_view rest) {
  const std::string_view name = first_word(rest);
  return rest == std::string(", .-").append(name) ? name : std::string_view();
}

std::vector<Line> read_lines(std::string_view assembly,
                             std::span<const std::string> shared) {
  const auto is_shared = [&](std::string_view section) {
    return std::ranges::find(shared, section) != shared.end();
  };
  std::vector<Line> lines;
  Place place;
  while (!assembly.empty()) {
    Line line{.text = take_line(assembly)};
    for (std::string_view left = line.text; !left.empty();) {
      std::string_view rest = next_statement(left);
      const std::string_view directive = first_word(rest);
      if (place.take(directive, rest) && is_shared(place.now())) {
        line.enters = place.now();
        line.flags = rest.substr(std::min(rest.find(','), rest.size()));
      }
      if (is_shared(place.now()) && special::is_shared_data(place.now()))
        line.data = place.now();
      else if (directive == ".size" && is_shared(place.now()))
        line.ends = ended_by(rest);
    }
    lines.push_back(line);
  }
  return lines;
}

} // namespace

std::string with_own_sections(std::string_view assembly,
                              std::span<const std::string> shared) {
  std::vector<Line> lines = read_lines(assembly, shared);
  find_variables(lines);
  std::vector<std::string_view> next(lines.size() + 1); // function to end from there on
  for (std::size_t i = lines.size(); i-- > 0;)
    next[i] = lines[i].ends.empty() ? next[i + 1] : lines[i].ends;
  std::string result;
  const auto enter_section_of = [&](std::string_view function) {
    result.append("\t.section\t.text.").append(function).append("\n");
  };
  std::map<std::string_view, std::string_view> flags; // GCC says them once
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Line& line = lines[i];
    if (!line.flags.empty())
      flags[line.enters] = line.flags;
    if (!line.begins.empty())
      result.append("\t.section\t")
          .append(special::own_data_section(line.data, line.begins))
          .append(flags[line.data])
          .append("\n");
    if (line.data.empty() && !line.enters.empty() && !next[i].empty())
      enter_section_of(next[i]);
    else if (line.begins.empty() || line.enters.empty())
      result.append(line.text).append("\n");
    if (!lines[i].ends.empty() && !next[i + 1].empty())
      enter_section_of(next[i + 1]);
  }
  return result;
}

} // namespace kpatch::compile
