// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/console.h"

#include "base/output.h"
#include "base/text.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <unistd.h>

namespace kpatch::report {

namespace {

struct Colour {
  std::string_view word;
  std::string_view code; ///< select graphic rendition (ECMA-48)
};

constexpr Colour kColours[] = {
    {"ERROR:", "1;31"},
    {"WARNING:", "33"},
    {"SUCCESS", "32"},
};

/// Before that, a line would only flicker, and the estimate would be a guess.
constexpr double kWorthALine = 2;

std::string duration_text(double seconds) {
  constexpr double kMinute = 60;
  return seconds < 2 * kMinute ? fmt::format("{:.0f} s", std::ceil(seconds))
                               : fmt::format("{:.0f} min", std::ceil(seconds / kMinute));
}

std::string coloured_line(std::string_view line) {
  for (const auto& [word, code] : kColours)
    if (line.starts_with(word))
      return fmt::format("\033[{}m{}\033[0m{}", code, word, line.substr(word.size()));
  return std::string(line);
}

bool takes_colour(int descriptor) {
  const char* unwanted = std::getenv("NO_COLOR");
  return isatty(descriptor) == 1 && (!unwanted || !*unwanted);
}

} // namespace

std::string compile_progress_text(const compile::Progress& progress) {
  const std::size_t left = progress.total - progress.done;
  if (left == 0 || progress.done == 0 || progress.seconds < kWorthALine)
    return {};
  const double estimate =
      progress.seconds / static_cast<double>(progress.done) * static_cast<double>(left);
  return fmt::format("{} of {} units compiled, {} left, about {}", progress.done,
                     progress.total, left, duration_text(estimate));
}

std::string coloured(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t size = text.size();
    const std::string_view line = take_line(text);
    result += coloured_line(line);
    if (line.size() < size)
      result += '\n';
  }
  return result;
}

Console::Console(bool output_is_taken)
    : talk_(output_is_taken ? Stream::kErrors : Stream::kOutput),
      colours_talk_(takes_colour(static_cast<int>(talk_))),
      colours_errors_(takes_colour(STDERR_FILENO)) {}

void Console::write(Stream stream, std::string_view line, bool in_colour) {
  line_.show({});
  const std::string text = harmless(line);
  write_as_is(stream, (in_colour ? coloured(text) : text) + "\n");
}

} // namespace kpatch::report
