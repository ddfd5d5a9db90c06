// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/source_changes.h"

#include "report/page.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpatch::report {

namespace {

using patch::FileChange;
using patch::Hunk;
using produce::BuildResult;

/// A change with no more lines than this is shown at once.
constexpr std::size_t kOpenLines = 200;

const std::string& path_of(const FileChange& change) {
  return change.is_removed() ? change.old_path : change.new_path;
}

bool is_in_kernel(const FileChange& change, const BuildResult& result) {
  return std::ranges::count(result.left_out, path_of(change), &patch::LeftOut::path) == 0;
}

/// Lines that begin with the same sign become one element.
std::string diff_lines(const Hunk& hunk) {
  std::string html;
  char current = ' ';
  const auto tag = [&](std::string_view slash) {
    if (current == '+' || current == '-')
      html += fmt::format("<{}{}>", slash, current == '+' ? "ins" : "del");
  };
  for (const std::string& line : hunk.lines) {
    const char sign = line.empty() ? ' ' : line.front();
    if (sign != current) {
      tag("/");
      current = sign;
      tag("");
    }
    html += escaped(line) + "\n";
  }
  tag("/");
  return html;
}

std::string place_of(const Hunk& hunk) {
  return fmt::format("@@ -{},{} +{},{} @@\n", hunk.old_start, hunk.old_count,
                     hunk.new_start, hunk.new_count);
}

/// diff(1) names a function in what is behind the second "@@".
std::string hunks_by_function(const std::vector<Hunk>& hunks) {
  std::string html;
  for (auto first = hunks.begin(); first != hunks.end();) {
    const auto last = std::find_if(first, hunks.end(), [&](const Hunk& hunk) {
      return hunk.heading != first->heading;
    });
    std::string lines;
    for (auto hunk = first; hunk != last; ++hunk)
      lines += place_of(*hunk) + diff_lines(*hunk);
    html += page_fold(first->heading.empty() ? fmt::format("line {}", first->new_start)
                                             : first->heading,
                      "<pre>" + lines + "</pre>\n", true);
    first = last;
  }
  return html;
}

std::size_t lines_with(const FileChange& change, char sign) {
  std::size_t number = 0;
  for (const Hunk& hunk : change.hunks)
    number += std::ranges::count_if(
        hunk.lines, [&](const std::string& line) { return line.starts_with(sign); });
  return number;
}

std::string_view remark_on(const FileChange& change, const BuildResult& result,
                           const std::string& patch) {
  const auto& left_out = result.needs_reboot;
  if (std::ranges::any_of(left_out, [&](const patch::LeftForReboot& part) {
        return part.change == patch || part.change == path_of(change);
      }))
    return ", needs a reboot";
  if (std::ranges::any_of(left_out, [&](const patch::LeftForReboot& part) {
        return part.change.starts_with(path_of(change) + ": ");
      }))
    return ", needs a reboot in part";
  if (change.is_new())
    return ", a new file";
  return change.is_removed() ? ", removed" : "";
}

std::string size_of(const FileChange& change) {
  const std::size_t added = lines_with(change, '+');
  return fmt::format("{} {} added, {} removed", added, added == 1 ? "line" : "lines",
                     lines_with(change, '-'));
}

std::string file_fold(const FileChange& change, const BuildResult& result,
                      const std::string& patch, bool is_open) {
  return page_fold(fmt::format("{}: {}{}", path_of(change), size_of(change),
                               remark_on(change, result, patch)),
                   hunks_by_function(change.hunks), is_open);
}

std::string title_of(const patch::PatchFile& patch) {
  return patch.subject.empty() ? patch.name
                               : fmt::format("{} ({})", patch.subject, patch.name);
}

} // namespace

std::string source_changes(const BuildResult& result) {
  std::size_t lines = 0, foreign = 0;
  for (const patch::PatchFile& patch : result.changes)
    for (const FileChange& change : patch.changes)
      if (is_in_kernel(change, result))
        for (const Hunk& hunk : change.hunks)
          lines += hunk.lines.size();
      else
        ++foreign;
  std::string html;
  for (const patch::PatchFile& patch : result.changes) {
    if (result.changes.size() > 1)
      html += fmt::format("<h3>{}</h3>\n", escaped(title_of(patch)));
    for (const FileChange& change : patch.changes)
      if (is_in_kernel(change, result))
        html += file_fold(change, result, patch.name, lines <= kOpenLines);
  }
  if (foreign > 0)
    html += fmt::format("<p>Changes of files that this kernel is not made of are not "
                        "shown: {}.</p>\n",
                        foreign);
  return html;
}

} // namespace kpatch::report
