// SPDX-License-Identifier: GPL-2.0-or-later
//
// quilt(1) lists patches in a file "series", one a line, relative to its folder, with the
// options of patch(1) behind the name and comments behind '#'. git format-patch writes
// one mail a patch, numbered so that names sort in order; git format-patch and
// archives write mails one behind the other, each begun by a "From " line after an empty
// one (RFC 4155).
#include "patch/series.h"

#include "base/cve.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

namespace kpatch::patch {
namespace fs = std::filesystem;

namespace {

bool has_diff(std::string_view text) {
  return text.starts_with("--- ") || text.starts_with("diff --git ") ||
         text.find("\n--- ") != std::string_view::npos ||
         text.find("\ndiff --git ") != std::string_view::npos;
}

/// "From 0123abcd Mon Sep 17 00:00:00 2001": it ends with a year.
bool begins_mail(std::string_view line) {
  return line.starts_with("From ") && line.size() > 9 &&
         has_only_digits(line.substr(line.size() - 4));
}

std::vector<SeriesEntry> mails_of(const std::string& name, const std::string& text) {
  std::vector<SeriesEntry> mails;
  bool after_blank = true;
  for (const std::string_view line : lines_of(text)) {
    if (after_blank && begins_mail(line))
      mails.push_back({fmt::format("{}#{}", name, mails.size() + 1), {}});
    if (!mails.empty())
      mails.back().text.append(line).append("\n");
    after_blank = line.empty() || line == "\r";
  }
  return mails;
}

/// The patch that a line of a quilt series names; empty: none.
std::string quilt_entry(std::string_view line, const std::string& place) {
  std::istringstream words{std::string(line.substr(0, line.find('#')))};
  std::string name;
  words >> name;
  for (std::string option; words >> option;)
    if (option != "-p1")
      fail_with_remedy("refresh the patch with quilt refresh -p1, and drop the option",
                       "{}: option '{}' is not supported; patches of a series are "
                       "applied with -p1",
                       place, option);
  return name;
}

std::vector<SeriesEntry> quilt_series(const fs::path& file) {
  std::vector<SeriesEntry> entries;
  const std::string text = read_text(file);
  std::size_t number = 0;
  for (const std::string_view line : lines_of(text)) {
    const std::string place = fmt::format("{}: line {}", file.string(), ++number);
    const std::string name = quilt_entry(line, place);
    if (name.empty())
      continue;
    const fs::path patch = file.parent_path() / name;
    if (!fs::is_regular_file(patch))
      fail_with_remedy("give the series file itself, in the folder of its patches",
                       "{}: the patch '{}' does not exist", place, patch.string());
    entries.push_back({name, read_text(patch)});
  }
  return entries;
}

std::vector<SeriesEntry> folder(const fs::path& path) {
  if (fs::is_regular_file(path / "series"))
    return quilt_series(path / "series");
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path))
    if (entry.is_regular_file() &&
        (entry.path().extension() == ".patch" || entry.path().extension() == ".diff"))
      files.insert(entry.path());
  std::vector<SeriesEntry> entries;
  for (const fs::path& file : files)
    entries.push_back({file.filename(), read_text(file)});
  return entries;
}

std::vector<SeriesEntry> entries_of(const fs::path& path) {
  if (fs::is_directory(path))
    return folder(path);
  if (!fs::is_regular_file(path))
    fail("{}: no such file or folder", path.string());
  const std::string text = read_text(path);
  if (begins_mail(first_line(text)))
    return mails_of(path.filename(), text);
  if (has_diff(text))
    return {{path.filename(), text}};
  return quilt_series(path);
}

/// The header field, with its continuation lines in one.
std::string field(std::string_view text, std::string_view name) {
  std::string value;
  bool is_in = false;
  for (std::string_view line : lines_of(text)) {
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (is_in && line.starts_with(' '))
      value += line;
    else if (is_in || line.empty())
      break;
    else if (line.starts_with(name)) {
      value = line.substr(name.size());
      is_in = true;
    }
  }
  return value;
}

/// A subject without "[PATCH 1/3]" and the like before it.
std::string without_tags(std::string_view subject) {
  subject = trimmed(subject);
  while (subject.starts_with('[') && subject.find(']') != std::string_view::npos) {
    take_until(subject, ']');
    subject = trimmed(subject);
  }
  return std::string(subject);
}

} // namespace

std::vector<SeriesEntry> read_series(const fs::path& path) {
  std::vector<SeriesEntry> entries = entries_of(path);
  std::erase_if(entries, [](const SeriesEntry& entry) { return !has_diff(entry.text); });
  if (entries.empty())
    fail_with_remedy(
        "give a quilt series file, a mailbox, or a folder with *.patch files",
        "{} holds no patch", path.string());
  return entries;
}

PatchMessage read_message(std::string_view patch) {
  const std::size_t diff = std::min(patch.find("\n--- "), patch.find("\ndiff --git "));
  const std::string_view text = patch.substr(0, diff);
  constexpr std::string_view kFixes = "Fixes: ";
  std::vector<std::string> tags;
  for (const std::string_view line : lines_of(text))
    if (line.starts_with(kFixes))
      tags.emplace_back(trimmed(line.substr(kFixes.size())));
  return {.subject = without_tags(field(text, "Subject:")),
          .fixes = cves_in(text),
          .tags = std::move(tags)};
}

} // namespace kpatch::patch
