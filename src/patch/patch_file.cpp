// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which files a patch touches decides what is compiled, so the patch is read here and not
// left to patch(1): patch(1) guesses names from several header lines, skips what it does
// not understand, takes ed scripts, and says what it did only in prose. This reader takes
// unified diffs only, counts the lines of every hunk, and refuses paths that would leave
// the tree or have characters in them that make or a shell would read as something else.
// What it has understood is handed to patch(1) file by file (patch_apply.cpp),
// so that fuzz and offsets are exactly those that users know.
//
// Text between file sections (mail headers, commit messages, "-- " and a version) is
// skipped as patch(1) does.
#include "patch/patch_file.h"

#include "base/error.h"
#include "base/text.h"
#include "patch/patch_dialect.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

namespace kpatch::patch {

namespace {

constexpr std::string_view kNowhere = "/dev/null";
/// Extended header lines of git (git-diff(1), "Generating patch text with -p") that ask
/// for more than a change of lines.
struct KindMark {
  std::string_view prefix;
  ChangeKind kind;
};
constexpr KindMark kKindMarks[] = {
    {"rename from ", ChangeKind::kRename},
    {"copy from ", ChangeKind::kCopy},
    {"GIT binary patch", ChangeKind::kBinary},
    {"Binary files ", ChangeKind::kBinary},
    {"new file mode 12", ChangeKind::kLink},
    {"deleted file mode 12", ChangeKind::kLink},
    {"old mode 12", ChangeKind::kLink},
    {"new mode 12", ChangeKind::kLink},
    {"new file mode 16", ChangeKind::kSubmodule},
    {"deleted file mode 16", ChangeKind::kSubmodule},
    {"old mode ", ChangeKind::kMode},
};
constexpr std::string_view kGitLines[] = {
    "old mode ",
    "new mode ",
    "deleted file mode ",
    "new file mode ",
    "copy from ",
    "copy to ",
    "rename from ",
    "rename to ",
    "similarity index ",
    "dissimilarity index ",
    "index ",
    "GIT binary patch",
    "Binary files ",
};

bool is_git_line(std::string_view line) {
  return std::ranges::any_of(
      kGitLines, [&](std::string_view start) { return line.starts_with(start); });
}

/// "index 1234567..89abcde 120000": the mode of a file that keeps it.
ChangeKind kind_of_index(std::string_view line) {
  if (!line.starts_with("index "))
    return ChangeKind::kLines;
  if (line.ends_with(" 120000"))
    return ChangeKind::kLink;
  return line.ends_with(" 160000") ? ChangeKind::kSubmodule : ChangeKind::kLines;
}

std::string_view without_return(std::string_view line) {
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

class PatchReader {
 public:
  PatchReader(std::string_view text, std::string name)
      : lines_(lines_of(without_byte_order_mark(text))), patch_{.name = std::move(name),
                                                                .changes = {}} {}

  PatchFile read() {
    refuse_encoding();
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
                       "{} holds no change in unified diff format", patch_.name);
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

  void refuse_encoding() const {
    const std::string encoding = mail_encoding(lines_);
    if (!encoding.empty())
      fail_with_remedy(
          "save the patch as it was before it was mailed: git mailinfo, git "
          "am and b4 decode mails",
          "{}: it is a mail in {}, in which lines are not those of the files",
          patch_.name, encoding);
  }

  void skip_text() {
    if (const std::string foreign = foreign_change(lines_, next_); !foreign.empty())
      malformed(next_, "{}", foreign);
    if (line().starts_with("@@ -"))
      malformed(next_, "a hunk without the '---' and '+++' lines that name its file");
    if (is_indented_diff(lines_, next_)) {
      if (!patch_.changes.empty())
        malformed(next_, "an indented diff follows one that is not indented; remove its "
                         "leading blanks to apply it, or remove it");
      patch_.quoted.push_back(next_ + 1);
    }
    ++next_;
  }

  /// "diff --git a/x b/x" and git's lines that follow. What only changes lines is named
  /// again by "---" and "+++"; the rest is known from here.
  void read_git_header() {
    const std::size_t start = next_++;
    FileChange change{.old_path = {}, .new_path = {}, .hunks = {}, .line = start + 1};
    bool made = false;
    bool removed = false;
    for (; !at_end() && is_git_line(line()); ++next_) {
      const std::string_view text = without_return(line());
      take_kind(change, text);
      made = made || text.starts_with("new file mode ");
      removed = removed || text.starts_with("deleted file mode ");
    }
    if (change.kind == ChangeKind::kLines && (begins_file() || (!made && !removed)))
      return;
    if (change.old_path.empty()) {
      const std::string path = path_of_git_header(start);
      change.old_path = made ? std::string() : path;
      change.new_path = removed ? std::string() : path;
    }
    if (begins_file() && goes_on(change))
      read_file(change.kind == ChangeKind::kMode ? ChangeKind::kLines : change.kind);
    else
      patch_.changes.push_back(std::move(change));
  }

  void take_kind(FileChange& change, std::string_view text) {
    for (const KindMark& mark : kKindMarks)
      if (text.starts_with(mark.prefix) && change.kind == ChangeKind::kLines)
        change.kind = mark.kind;
    if (change.kind == ChangeKind::kLines)
      change.kind = kind_of_index(text);
    for (const std::string_view from : {"rename from ", "copy from "})
      if (text.starts_with(from))
        change.old_path = inside(text.substr(from.size()), next_, text);
    for (const std::string_view to : {"rename to ", "copy to "})
      if (text.starts_with(to))
        change.new_path = inside(text.substr(to.size()), next_, text);
  }

  /// Whether the lines that follow are of the same file, and not of one that some other
  /// program has added without a "diff --git" line.
  bool goes_on(const FileChange& change) const {
    const std::string before = header_path(line(), next_);
    const std::string after = header_path(line(1), next_ + 1);
    return (before.empty() || before == change.old_path) &&
           (after.empty() || after == change.new_path);
  }

  /// Both names of a made or removed file are the same, which says where the first ends.
  std::string path_of_git_header(std::size_t at) const {
    std::string_view names = without_return(lines_[at]);
    names.remove_prefix(std::string_view("diff --git ").size());
    const std::size_t half = names.size() / 2;
    if (names.size() % 2 == 0 || names[half] != ' ')
      malformed(at, "this header does not say which file it changes");
    const std::string path = stripped(names.substr(0, half), at);
    if (path != stripped(names.substr(half + 1), at))
      malformed(at, "this header does not say which file it changes");
    return path;
  }

  void read_file(ChangeKind kind = ChangeKind::kLines) {
    FileChange change;
    change.line = next_ + 1;
    change.kind = kind;
    // Mailers turn whole patches into CRLF; the header lines show it.
    const bool returns = line().ends_with('\r') && line(1).ends_with('\r');
    change.old_path = header_path(line(), next_);
    change.new_path = header_path(line(1), next_ + 1);
    change.has_git_prefixes =
        header_name(line()).starts_with("a/") && header_name(line(1)).starts_with("b/");
    change.spelled = header_name(line(change.is_new() ? 1 : 0));
    const bool ends_nowhere = is_of_missing_file(line(1));
    next_ += 2;
    while (line().starts_with("@@ -"))
      change.hunks.push_back(read_hunk(returns));
    if (change.hunks.empty())
      malformed(next_ - 1, "no hunk follows{}",
                line().starts_with("@@@ ") ? ": " + foreign_change(lines_, next_) : "");
    refuse_surplus_line(change.hunks.back());
    // diff -N has no /dev/null: it shows a missing file as one without lines.
    const Hunk& first = change.hunks.front();
    if (change.hunks.size() == 1 && first.old_start == 0 && first.old_count == 0)
      change.old_path.clear();
    if (ends_nowhere && change.hunks.size() == 1 && first.new_count == 0)
      change.new_path.clear();
    if (change.is_new() && change.is_removed())
      malformed(change.line - 1, "both names of the file are {}", kNowhere);
    patch_.changes.push_back(std::move(change));
  }

  /// patch(1) drops lines behind the end of a hunk that was lengthened by hand.
  void refuse_surplus_line(const Hunk& hunk) const {
    const bool added = line().starts_with('+');
    const bool removed = line().starts_with('-') && !line().starts_with("--");
    if (added || removed)
      malformed(next_, "one line more than the header of the hunk at line {} says",
                hunk.line);
  }

  /// diff -N dates a missing file to the beginning of time, which in the west of
  /// Greenwich is still the year before; patch(1) goes by that as well.
  static bool is_of_missing_file(std::string_view header) {
    const std::string_view date =
        header.substr(std::min(header.find('\t'), header.size()));
    return date.starts_with("\t1970-01-01 ") || date.starts_with("\t1969-12-31 ");
  }

  /// The name in a "--- a/x<tab>date" line.
  static std::string_view header_name(std::string_view header) {
    std::string_view name = without_return(header.substr(4));
    name = name.substr(0, name.find('\t'));
    while (name.ends_with(' '))
      name.remove_suffix(1);
    return name;
  }

  /// The path that the line means; empty for /dev/null.
  std::string header_path(std::string_view header, std::size_t at) const {
    const std::string_view name = header_name(header);
    return name == kNowhere ? std::string() : stripped(name, at);
  }

  std::string stripped(std::string_view name, std::size_t at) const {
    if (name.starts_with('"'))
      refuse_name(name, at);
    const std::size_t slash = name.find('/');
    const std::size_t rest = name.find_first_not_of('/', slash);
    if (slash == std::string_view::npos || rest == std::string_view::npos)
      fail_with_remedy(std::string(kStripRemedy),
                       "{}: line {}: '{}' has no path component to strip", patch_.name,
                       at + 1, name);
    return inside(name.starts_with('/') ? name : name.substr(rest), at, name);
  }

  /// A path below the top of the tree, in the one way in which it is spelled everywhere
  /// else: patch(1) takes "fs//x.c" and "fs/./x.c" for fs/x.c.
  std::string inside(std::string_view path, std::size_t at,
                     std::string_view shown) const {
    std::string tidy;
    bool leaves = path.starts_with('/') || path.ends_with('/');
    for (const std::filesystem::path& part : std::filesystem::path(path)) {
      leaves = leaves || part == "..";
      if (part.empty() || part == ".")
        continue;
      tidy += (tidy.empty() ? "" : "/") + part.native();
    }
    if (leaves || tidy.empty())
      fail_with_remedy(std::string(kStripRemedy),
                       "{}: line {}: '{}' is not a path inside the source tree",
                       patch_.name, at + 1, shown);
    if (!is_plain_name(tidy))
      refuse_name(shown, at);
    return tidy;
  }

  [[noreturn]] void refuse_name(std::string_view name, std::size_t at) const {
    fail_with_remedy("no file of a kernel has other characters than letters, digits and "
                     "_ + . , / - in its name; leave the file out, or rename it",
                     "{}: line {}: {}: the name of the file has characters that are not "
                     "taken, since make and shells may give them a meaning",
                     patch_.name, at + 1, name);
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
    hunk.heading = without_return(rest.substr(std::min<std::size_t>(1, rest.size())));
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
  return PatchReader(text, std::move(name)).read();
}

} // namespace kpatch::patch
