// SPDX-License-Identifier: GPL-2.0-or-later
//
// The difference of two trees applies to the first of them as it stands, and it has a
// thousand files: starting patch(1) for each takes longer than all that it does. What
// stands elsewhere, or not with all of its context, is for patch(1) to find. It also
// takes a hunk with less context at one end for one that belongs at that end of the file
// (pch_prefix_context(), pch_suffix_context() and locate_hunk() in its source).
#include "patch/exact_hunks.h"

#include "base/text.h"

#include <algorithm>
#include <vector>

namespace kpatch::patch {

namespace {

/// With their newlines, so that a last line without one differs from one with it.
std::vector<std::string_view> lines_with_ends(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

bool is_about_end(const std::string& line) {
  return line.starts_with('\\');
}

/// How many lines of context it has before its first change and behind its last.
std::pair<std::size_t, std::size_t> context_of(const Hunk& hunk) {
  const auto is_change = [](const std::string& line) {
    return line.starts_with('+') || line.starts_with('-');
  };
  std::vector<std::string> lines = hunk.lines;
  std::erase_if(lines, is_about_end);
  const auto first = std::ranges::find_if(lines, is_change);
  const auto last = std::find_if(lines.rbegin(), lines.rend(), is_change);
  return {first - lines.begin(), last - lines.rbegin()};
}

class ExactPatch {
 public:
  explicit ExactPatch(std::string_view text) : lines_(lines_with_ends(text)) {}

  /// False if the hunk does not stand where it says.
  bool take(const Hunk& hunk) {
    const std::uint64_t start = hunk.old_start - (hunk.old_count > 0 ? 1 : 0);
    if (start < at_ || start > lines_.size())
      return false;
    copy_up_to(start);
    for (std::size_t i = 0; i < hunk.lines.size(); ++i)
      if (!is_about_end(hunk.lines[i]) && !take_line(hunk, i))
        return false;
    const auto [before, behind] = context_of(hunk);
    return at_ - start == hunk.old_count && (before >= behind || start == 0) &&
           (behind >= before || at_ == lines_.size());
  }

  std::string finish() {
    copy_up_to(lines_.size());
    return std::move(result_);
  }

 private:
  void copy_up_to(std::size_t end) {
    for (; at_ < end; ++at_)
      result_ += lines_[at_];
  }

  bool take_line(const Hunk& hunk, std::size_t i) {
    const std::string& line = hunk.lines[i];
    const bool ends_file = i + 1 < hunk.lines.size() && is_about_end(hunk.lines[i + 1]);
    if (line.empty())
      return false; // an editor has taken the blank off
    const std::string wanted = line.substr(1) + (ends_file ? "" : "\n");
    if (line[0] != '+') {
      if (at_ == lines_.size() || lines_[at_] != wanted)
        return false;
      ++at_;
    }
    if (line[0] != '-')
      result_ += wanted;
    return true;
  }

  std::vector<std::string_view> lines_;
  std::size_t at_ = 0; ///< the first line that is not dealt with
  std::string result_;
};

} // namespace

std::optional<std::string> apply_exactly(std::string_view text,
                                         std::span<const Hunk> hunks) {
  ExactPatch patch(text);
  for (const Hunk& hunk : hunks)
    if (!patch.take(hunk))
      return std::nullopt;
  return patch.finish();
}

} // namespace kpatch::patch
