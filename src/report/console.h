// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/output.h"
#include "compile/workshop.h"
#include "report/progress_line.h"

#include <string>
#include <string_view>

namespace kpatch::report {

/// "12 of 100 units compiled, 88 left, about 2 min". Empty while that is not worth a
/// line: in the first moments and when all is done.
std::string compile_progress_text(const compile::Progress& progress);

/// The text with the first word of its lines in colour where that says how things stand:
/// ERROR, WARNING, SUCCESS.
std::string coloured(std::string_view text);

/// What a build says while it runs: lines that stay, and one that is written over. Colour
/// only on terminals, and not if NO_COLOR is set.
class Console {
 public:
  /// Says all on standard error if standard output is for something else.
  explicit Console(bool output_is_taken = false);

  void say(std::string_view line) { write(talk_, line, colours_talk_); }
  void complain(std::string_view line) { write(Stream::kErrors, line, colours_errors_); }
  void show(const compile::Progress& progress) {
    line_.show(compile_progress_text(progress));
  }
  /// A line that takes the place of the one before, where somebody looks on; an empty one
  /// ends it.
  void show(std::string_view line) {
    if (line_.is_live())
      line_.show(line);
  }

 private:
  void write(Stream stream, std::string_view line, bool in_colour);

  Stream talk_;
  bool colours_talk_;
  bool colours_errors_;
  ProgressLine line_;
};

} // namespace kpatch::report
