// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which files a patch touches decides what is compiled, so the patch is read here and not
// left to patch(1): patch(1) guesses names from several header lines, skips what it does
// not understand, takes ed scripts, and says what it did only in prose. This reader takes
// unified diffs only, counts the lines of every hunk, and refuses paths that would leave
// the tree. What it has understood is handed to patch(1) file by file (patch_apply.cpp),
// so that fuzz and offsets are exactly those that users know.
//
// Text between file sections (mail headers, commit messages, "-- " and a version) is
// skipped as patch(1) does.
#include "build/patch_file.h"

#include "base/error.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

namespace kpatch::build {

namespace {

constexpr std::string_view kNowhere = "/dev/null";
constexpr std::string_view kPathRule =
    "paths are taken relative to the top of the kernel tree after one component is "
    "stripped, as with patch -p1";

/// Extended header lines of git that ask for something a source patch cannot do here.
struct Refused {
  std::string_view prefix;
  std::string_view what;
};
constexpr Refused kRefused[] = {
    {"rename from ",     "renames a file"       },
    {"copy from ",       "copies a file"        },
    {"GIT binary patch", "changes a binary file"},
    {"Binary files ",    "changes a binary file"},
    {"new file mode 12", "makes a symbolic link"},
    {"new file mode 16", "adds a submodule"     },
};

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos)
      break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string_view without_return(std::string_view line) {
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

class Reader {
 public:
  Reader(std::string_view text, std::string name)
      : lines_(split_lines(text)), patch_{std::move(name), {}} {}

  PatchFile read() {
    while (!at_end()) {
      if (line().starts_with("diff --git "))
        read_git_header();
      else if (begins_file())
        read_file();
      else
        skip_text();
    }
    if (patch_.changes.empty())
      fail_with_remedy("give a patch as diff -u or git diff writes it",
                       "{}: there is no change in unified diff format in it",
                       patch_.name);
    return std::move(patch_);
  }

 private:
  bool at_end() const { return next_ >= lines_.size(); }
  std::string_view line(std::size_t ahead = 0) const {
    const std::size_t at = next_ + ahead;
    return at < lines_.size() ? lines_[at] : std::string_view();
  }
  bool begins_file() const {
    return line().starts_with("--- ") && line(1).starts_with("+++ ");
  }

  template <typename... Args>
  [[noreturn]] void malformed(std::size_t at, fmt::format_string<Args...> format,
                              Args&&... args) const {
    fail("{}: line {}: {}", patch_.name, at + 1,
         fmt::format(format, std::forward<Args>(args)...));
  }

  void skip_text() {
    if (line().starts_with("*** ") && line(1).starts_with("--- ") &&
        line(2).starts_with("***************"))
      malformed(next_, "a context diff; make it again with diff -u");
    if (line().starts_with("@@ -"))
      malformed(next_, "a hunk without the '---' and '+++' lines that name its file");
    ++next_;
  }

  /// "diff --git a/x b/x" and the lines that follow up to "---". Only files that are made
  /// or removed empty have no "---" lines; everything else is named there.
  void read_git_header() {
    const std::size_t start = next_++;
    bool made = false;
    bool removed = false;
    while (!at_end() && !begins_file() && !line().starts_with("diff --git ")) {
      for (const Refused& refused : kRefused)
        if (line().starts_with(refused.prefix))
          malformed(next_, "the patch {}, which cannot be made into a live patch",
                    refused.what);
      made = made || line().starts_with("new file mode ");
      removed = removed || line().starts_with("deleted file mode ");
      ++next_;
    }
    if (begins_file() || (!made && !removed))
      return;
    const std::string path = path_of_git_header(start);
    patch_.changes.push_back(
        {made ? std::string() : path, removed ? std::string() : path, {}, start + 1});
  }

  /// Both names of a made or removed file are the same, which says where the first ends.
  std::string path_of_git_header(std::size_t at) const {
    std::string_view names = without_return(lines_[at]);
    names.remove_prefix(std::string_view("diff --git ").size());
    const std::size_t half = names.size() / 2;
    if (names.size() % 2 == 0 || names[half] != ' ')
      malformed(at, "the file it is about cannot be told");
    const std::string path = stripped(names.substr(0, half), at);
    if (path != stripped(names.substr(half + 1), at))
      malformed(at, "the file it is about cannot be told");
    return path;
  }

  void read_file() {
    FileChange change;
    change.line = next_ + 1;
    // Mailers turn whole patches into CRLF; the header lines show it.
    const bool returns = line().ends_with('\r') && line(1).ends_with('\r');
    change.old_path = header_path(line(), next_);
    change.new_path = header_path(line(1), next_ + 1);
    next_ += 2;
    while (line().starts_with("@@ -"))
      change.hunks.push_back(read_hunk(returns));
    if (change.hunks.empty())
      malformed(next_ - 1, "no hunk follows");
    // diff -N has no /dev/null: it shows a missing file as one without lines.
    const Hunk& first = change.hunks.front();
    if (change.hunks.size() == 1 && first.old_start == 0 && first.old_count == 0)
      change.old_path.clear();
    if (change.is_new() && change.is_removed())
      malformed(change.line - 1, "both names of the file are {}", kNowhere);
    patch_.changes.push_back(std::move(change));
  }

  /// The path in a "--- a/x<tab>date" line; empty for /dev/null.
  std::string header_path(std::string_view header, std::size_t at) const {
    std::string_view name = without_return(header.substr(4));
    name = name.substr(0, name.find('\t'));
    while (name.ends_with(' '))
      name.remove_suffix(1);
    return name == kNowhere ? std::string() : stripped(name, at);
  }

  std::string stripped(std::string_view name, std::size_t at) const {
    if (name.starts_with('"'))
      malformed(at, "{}: quoted file names are not supported", name);
    const std::size_t slash = name.find('/');
    const std::size_t rest = name.find_first_not_of('/', slash);
    if (slash == std::string_view::npos || rest == std::string_view::npos)
      fail_with_remedy(std::string(kPathRule),
                       "{}: line {}: '{}' has no path component to strip", patch_.name,
                       at + 1, name);
    const std::filesystem::path path(name.substr(rest));
    const bool leaves =
        name.starts_with('/') || std::ranges::any_of(path, [](const auto& part) {
          return part == ".." || part == "." || part.empty();
        });
    const bool odd = std::ranges::any_of(
        path.native(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
    if (leaves || odd)
      fail_with_remedy(std::string(kPathRule),
                       "{}: line {}: '{}' is not a path inside the source tree",
                       patch_.name, at + 1, name);
    return path.native();
  }

  Hunk read_hunk(bool returns) {
    Hunk hunk = read_hunk_header();
    ++next_;
    std::uint64_t old_left = hunk.old_count;
    std::uint64_t new_left = hunk.new_count;
    while (old_left > 0 || new_left > 0 || line().starts_with('\\')) {
      if (at_end())
        malformed(hunk.line - 1, "the hunk ends before all its lines are there");
      std::string text(returns ? without_return(line()) : line());
      if (text.empty() || text == "\r")
        text.insert(0, " "); // mailers drop the blank of an empty context line
      const bool in_old = text[0] == ' ' || text[0] == '-';
      const bool in_new = text[0] == ' ' || text[0] == '+';
      if (!in_old && !in_new && text[0] != '\\')
        malformed(next_, "neither context nor a removed or added line");
      if ((in_old && old_left == 0) || (in_new && new_left == 0))
        malformed(next_, "more lines than the hunk's header says");
      old_left -= in_old;
      new_left -= in_new;
      hunk.lines.push_back(std::move(text));
      ++next_;
    }
    return hunk;
  }

  Hunk read_hunk_header() const {
    Hunk hunk;
    hunk.line = next_ + 1;
    std::string_view rest = line().substr(std::string_view("@@ -").size());
    const bool good =
        take_range(rest, hunk.old_start, hunk.old_count) && take(rest, " +") &&
        take_range(rest, hunk.new_start, hunk.new_count) && take(rest, " @@");
    if (!good)
      malformed(next_, "not a hunk header: '{}'", line());
    return hunk;
  }

  static bool take(std::string_view& text, std::string_view expected) {
    if (!text.starts_with(expected))
      return false;
    text.remove_prefix(expected.size());
    return true;
  }
  static bool take_number(std::string_view& text, std::uint64_t& number) {
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc())
      return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
  }
  /// "12,3", or "12" for one line.
  static bool take_range(std::string_view& text, std::uint64_t& start,
                         std::uint64_t& count) {
    count = 1;
    return take_number(text, start) && (!take(text, ",") || take_number(text, count));
  }

  std::vector<std::string_view> lines_;
  PatchFile patch_;
  std::size_t next_ = 0;
};

} // namespace

PatchFile parse_patch(std::string_view text, std::string name) {
  return Reader(text, std::move(name)).read();
}

} // namespace kpatch::build
