// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kernel keeps the configuration that it was built with, but a patch that changes what
// an option means asks for another one. Much of what updates change in Kconfig files is
// not of that kind:
//
//   config LOONGSON3_CPUFREQ                   off in this kernel
//           depends on LOONGARCH
//   +       depends on MACH_LOONGSON64         one more reason for it to be off
//
// Words for the reader mean nothing either; of an option that is off, what it would
// select does not. All else must stand where it stood.
#include "patch/kconfig_changes.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

namespace kpatch::patch {

namespace {

/// Begin something else than a line about the option above them.
constexpr std::array<std::string_view, 11> kBlocks = {
    "choice", "endchoice", "comment", "menu",     "endmenu",   "if",
    "endif",  "source",    "config",  "mainmenu", "menuconfig"};
constexpr std::array<std::string_view, 2> kSelections = {"select", "imply"};

struct Line {
  std::string option; ///< "CONFIG_X" that it is about; empty: none
  std::vector<std::string> words;

  bool operator==(const Line&) const = default;
  bool is_dependency() const { return words.size() > 1 && words[0] == "depends"; }
  bool is_selection() const {
    return std::ranges::find(kSelections, words[0]) != kSelections.end();
  }
};

std::size_t indentation(std::string_view line) {
  constexpr std::size_t kTab = 8;
  std::size_t column = 0;
  for (const char c : line)
    if (c == '\t')
      column += kTab - column % kTab;
    else if (c == ' ')
      ++column;
    else
      break;
  return column;
}

std::vector<std::string> words_in(std::string line) {
  std::ranges::replace(line, '\t', ' ');
  const std::vector<std::string_view> words = split(line, ' ');
  return {words.begin(), words.end()};
}

/// Takes the lines apart, without comments and help.
class Reader {
 public:
  std::vector<Line> read(std::string_view text) {
    std::string begun; // of a line that goes on in the next
    while (!text.empty()) {
      const std::string line = begun + std::string(take_line(text));
      begun.clear();
      if (line.ends_with('\\'))
        begun = line.substr(0, line.size() - 1) + " ";
      else
        add(line);
    }
    return std::move(lines_);
  }

 private:
  void add(const std::string& line) {
    const std::vector<std::string> words = words_in(line);
    if (words.empty() || (in_help_ && is_help(line)))
      return;
    in_help_ = words[0] == "help" || words[0] == "---help---";
    help_column_ = 0;
    if (in_help_ || words[0].starts_with('#'))
      return;
    if (std::ranges::find(kBlocks, words[0]) != kBlocks.end())
      option_ =
          words[0].ends_with("config") && words.size() > 1 ? "CONFIG_" + words[1] : "";
    lines_.push_back({option_, words});
  }

  /// Its first line says how far in the others are at least.
  bool is_help(const std::string& line) {
    const std::size_t column = indentation(line);
    if (help_column_ == 0)
      help_column_ = std::max<std::size_t>(column, 1);
    return column >= help_column_;
  }

  std::vector<Line> lines_;
  std::string option_;
  bool in_help_ = false;
  std::size_t help_column_ = 0;
};

} // namespace

bool gives_same_options(std::string_view original, std::string_view patched,
                        const kernel::Config& config) {
  std::vector<Line> before = Reader().read(original);
  std::vector<Line> after = Reader().read(patched);
  const auto is_off = [&](const Line& line) {
    return !line.option.empty() && !config.value(line.option);
  };
  std::erase_if(after, [&](const Line& line) {
    return line.is_dependency() && is_off(line) &&
           std::ranges::find(before, line) == before.end();
  });
  for (std::vector<Line>* lines : {&before, &after})
    std::erase_if(*lines,
                  [&](const Line& line) { return line.is_selection() && is_off(line); });
  return before == after;
}

} // namespace kpatch::patch
