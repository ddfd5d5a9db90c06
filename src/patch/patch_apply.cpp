// SPDX-License-Identifier: GPL-2.0-or-later
//
// Applies what patch_file.cpp has read with patch(1), one file at a time and with the
// file named on its command line, so that no name in the patch decides where it writes.
// Its fuzz and its search for moved hunks are what users expect of a patch; its prose is
// read for the numbers of the hunks that failed, and of those that were put elsewhere
// than the patch says ("Hunk #2 succeeded at 30 with fuzz 1 (offset -5 lines).",
// apply_hunk() in patch.c): a change that lands in the twin of its function does harm
// without a word. Where there is nothing to search patch(1) is not started
// (exact_hunks.cpp).
//
// In the end the view is compared with the pristine tree: what has changed there must be
// what was read in the patches, for that decides what is compiled.
#include "patch/patch_apply.h"

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "patch/exact_hunks.h"
#include "patch/patch_levels.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <set>

namespace kpatch::patch {
namespace fs = std::filesystem;

namespace {

/// The header and hunks of one file as a patch of its own.
std::string as_patch(const FileChange& change) {
  std::string text;
  text += change.is_new() ? "--- /dev/null\n" : "--- a/file\n";
  text += change.is_removed() ? "+++ /dev/null\n" : "+++ b/file\n";
  for (const Hunk& hunk : change.hunks) {
    text += fmt::format("@@ -{},{} +{},{} @@\n", hunk.old_start, hunk.old_count,
                        hunk.new_start, hunk.new_count);
    for (const std::string& line : hunk.lines)
      text += line + "\n";
  }
  return text;
}

/// Names without "/dev/null" on both sides may differ (diff -u x.c.orig x.c): the one
/// that is there is meant.
const std::string& path_of(const FileChange& change, const PatchedView& view) {
  if (change.is_new())
    return change.new_path;
  if (change.is_removed() || view.has_file(change.old_path))
    return change.old_path;
  return change.new_path;
}

/// What patch(1) says about one hunk.
struct HunkReport {
  std::size_t number = 0;
  bool failed = false;
  std::uint64_t line = 0;
  std::uint64_t fuzz = 0;
  std::int64_t offset = 0;
};

/// The number behind `mark`, or 0.
template <typename Number>
Number number_behind(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  Number number = 0;
  if (at != std::string_view::npos)
    std::from_chars(text.data() + at + mark.size(), text.data() + text.size(), number);
  return number;
}

std::vector<HunkReport> hunk_reports(std::string_view said) {
  std::vector<HunkReport> reports;
  while (!said.empty()) {
    const std::string_view line = take_line(said);
    const bool failed = line.find(" FAILED") != std::string_view::npos;
    if (line.starts_with("Hunk #") &&
        (failed || line.find(" succeeded ") != std::string_view::npos))
      reports.push_back({.number = number_behind<std::size_t>(line, "Hunk #"),
                         .failed = failed,
                         .line = number_behind<std::uint64_t>(line, " at "),
                         .fuzz = number_behind<std::uint64_t>(line, " with fuzz "),
                         .offset = number_behind<std::int64_t>(line, "(offset ")});
  }
  return reports;
}

/// What diff -p would print behind "@@": the last line before that begins like the head
/// of a function.
std::string heading_at(const std::string& text, std::uint64_t line) {
  std::string_view rest = text;
  std::string_view heading;
  for (std::uint64_t i = 1; i < line && !rest.empty(); ++i) {
    const std::string_view one = take_line(rest);
    if (!one.empty() &&
        (std::isalpha(static_cast<unsigned char>(one[0])) || one[0] == '_') &&
        !one.ends_with(':'))
      heading = one;
  }
  return std::string(heading);
}

std::string reason_why(const FileChange& change, const std::string& path,
                       const std::string& said) {
  if (said.find("previously applied") != std::string::npos)
    return fmt::format("{}: the change is in this kernel's source already", path);
  std::string lines;
  for (const HunkReport& report : hunk_reports(said)) {
    const std::size_t number = report.number;
    if (!report.failed || number == 0 || number > change.hunks.size())
      continue;
    const Hunk& hunk = change.hunks[number - 1];
    lines += fmt::format("{}{}: hunk #{} of {} does not apply (line {} of the patch, "
                         "meant for line {} of the file)",
                         lines.empty() ? "" : "\n", path, number, change.hunks.size(),
                         hunk.line, hunk.old_start);
  }
  return lines.empty() ? fmt::format("{}: patch: {}", path, said) : lines;
}

/// What is wrong before patch(1) is asked; empty if nothing.
std::string obstacle(const FileChange& change, const std::string& path,
                     const PatchedView& view) {
  const bool there = view.has_file(path);
  const bool makes = change.is_new() || change.kind == ChangeKind::kRename ||
                     change.kind == ChangeKind::kCopy;
  if (!makes && !there)
    return fmt::format("{} does not exist in this kernel's source", path);
  if (makes && there)
    return fmt::format("{}: the patch creates this file, but it exists already", path);
  if (makes && !change.is_new() && !view.has_file(change.old_path))
    return fmt::format("{} does not exist in this kernel's source", change.old_path);
  if (!makes && !change.is_removed() && change.old_path != change.new_path &&
      view.has_file(change.old_path) && view.has_file(change.new_path))
    return fmt::format("{} and {}: the patch names both for one change, and both are "
                       "there; keep the name of the file that it changes",
                       change.old_path, change.new_path);
  return {};
}

/// Applies the patches of one call.
class Application {
 public:
  Application(PatchedView& view, const ApplyRules& rules) : view_(view), rules_(rules) {}

  void apply(const PatchFile& patch) {
    std::string complaints;
    std::string remedy;
    for (const FileChange& change : patch.changes) {
      if (is_skipped(change))
        continue;
      std::string complaint = wrong_strip_level(change, view_);
      if (!complaint.empty())
        remedy = kStripRemedy;
      else
        complaint = take(patch, change);
      if (!complaint.empty())
        complaints += "\n" + complaint;
    }
    if (!complaints.empty())
      throw DoesNotApply(fmt::format("{} file failed to apply{}", patch.name, complaints),
                         remedy, patch.name);
  }

  AppliedPatches finish() {
    compare_with_view();
    for (auto& [path, file] : touched_) {
      file.is_there = view_.has_file(path);
      result_.touched.push_back(std::move(file));
    }
    result_.skipped.assign(skipped_.begin(), skipped_.end());
    return std::move(result_);
  }

 private:
  bool is_skipped(const FileChange& change) {
    const auto takes_part = [&](const std::string& path) {
      return !path.empty() &&
             !(rules_.takes_no_part && rules_.takes_no_part(path, change));
    };
    const bool from_counts = change.kind != ChangeKind::kCopy;
    if (change.kind != ChangeKind::kMode &&
        ((from_counts && takes_part(change.old_path)) || takes_part(change.new_path)))
      return false;
    skipped_.insert(change.new_path.empty() ? change.old_path : change.new_path);
    return true;
  }

  void touch(const std::string& path, ChangeKind kind, const std::string& other) {
    TouchedFile& file =
        touched_
            .try_emplace(path,
                         TouchedFile{.path = path, .was_there = view_.has_file(path)})
            .first->second;
    if (kind == ChangeKind::kLines)
      return;
    file.kind = kind;
    file.other = other;
  }

  /// Empty if the change is now in the view.
  std::string take(const PatchFile& patch, const FileChange& change) {
    switch (change.kind) {
    case ChangeKind::kRename:
      touch(change.old_path, change.kind, change.new_path);
      [[fallthrough]];
    case ChangeKind::kCopy:
      touch(change.new_path, change.kind, change.old_path);
      return apply_copy(patch, change);
    case ChangeKind::kLines: {
      const std::string& path = path_of(change, view_);
      touch(path, change.kind, {});
      return apply_lines(patch, change, path);
    }
    default: // stays as it is; affected_units.cpp tells whether that matters
      touch(change.new_path.empty() ? change.old_path : change.new_path, change.kind, {});
      return {};
    }
  }

  std::string apply_copy(const PatchFile& patch, const FileChange& change) {
    if (std::string complaint = obstacle(change, change.new_path, view_);
        !complaint.empty())
      return complaint;
    const std::string text = read_text(view_.root() / change.old_path);
    write_file(view_.own_file(change.new_path), text);
    if (change.kind == ChangeKind::kRename)
      fs::remove(view_.own_file(change.old_path));
    return change.hunks.empty() ? "" : apply_hunks(patch, change, change.new_path);
  }

  std::string apply_lines(const PatchFile& patch, const FileChange& change,
                          const std::string& path) {
    std::string complaint = obstacle(change, path, view_);
    if (!complaint.empty())
      return complaint;
    const fs::path file = view_.own_file(path);
    if (!change.hunks.empty())
      complaint = apply_hunks(patch, change, path);
    else if (change.is_new())
      write_file(file, std::string_view());
    else if (fs::is_empty(file))
      fs::remove(file);
    else
      return fmt::format("{}: the patch removes it as empty, but it is not", path);
    if (complaint.empty() && change.is_removed() && fs::exists(file))
      return fmt::format("{}: the patch removes it, but lines remain", path);
    return complaint;
  }

  std::string apply_hunks(const PatchFile& patch, const FileChange& change,
                          const std::string& path) {
    const fs::path file = view_.own_file(path);
    if (!change.is_removed() && fs::exists(file))
      if (const auto text = apply_exactly(read_text(file), change.hunks)) {
        write_file(file, *text, static_cast<unsigned>(fs::status(file).permissions()));
        return {};
      }
    Command command{.argv = {"patch", "--unified", "--forward", "--batch",
                             "--no-backup-if-mismatch", "--reject-file=-",
                             fmt::format("--fuzz={}", rules_.fuzz)},
                    .input = as_patch(change)};
    command.environment["LC_ALL"] = "C";
    if (change.is_removed())
      command.argv.emplace_back("--remove-empty-files");
    command.argv.insert(command.argv.end(), {"--", file.string()});
    const Outcome outcome = run(command);
    if (!outcome.ok())
      return reason_why(change, path, outcome.output + outcome.errors);
    note_displaced(patch, change, path, outcome.output);
    return {};
  }

  void note_displaced(const PatchFile& patch, const FileChange& change,
                      const std::string& path, const std::string& said) {
    for (const HunkReport& report : hunk_reports(said)) {
      if (report.number == 0 || report.number > change.hunks.size())
        continue;
      DisplacedHunk displaced{.patch = patch.name,
                              .file = path,
                              .hunk = report.number,
                              .line = report.line,
                              .fuzz = report.fuzz,
                              .offset = report.offset};
      const std::string& meant = change.hunks[report.number - 1].heading;
      const std::string landed =
          heading_at(read_text_if_exists(view_.root() / path).value_or(""), report.line);
      if (!meant.empty() && !landed.empty() && !landed.starts_with(meant)) {
        displaced.meant = meant;
        displaced.landed = landed;
      }
      result_.displaced.push_back(std::move(displaced));
    }
  }

  /// Of a mistake in reading or applying a patch nothing may be built.
  void compare_with_view() const {
    for (const std::string& path : view_.changed_files())
      if (!touched_.contains(path))
        fail_with_remedy("report it, with the patch; nothing was built",
                         "{}: it differs from the pristine source, though no patch was "
                         "understood to change it",
                         path);
  }

  PatchedView& view_;
  const ApplyRules& rules_;
  std::map<std::string, TouchedFile> touched_;
  std::set<std::string> skipped_;
  AppliedPatches result_;
};

} // namespace

std::string notice_of(const DisplacedHunk& hunk) {
  std::string how;
  if (hunk.offset != 0)
    how = fmt::format(", {} line{} {} than the patch says", std::abs(hunk.offset),
                      std::abs(hunk.offset) == 1 ? "" : "s",
                      hunk.offset < 0 ? "earlier" : "later");
  if (hunk.fuzz > 0)
    how += fmt::format("{} with fuzz {}: {} of context did not count",
                       how.empty() ? "" : ",", hunk.fuzz,
                       hunk.fuzz == 1 ? "a line" : fmt::format("{} lines", hunk.fuzz));
  std::string text = fmt::format("NOTICE: {}: hunk #{} was applied at line {}{}",
                                 hunk.file, hunk.hunk, hunk.line, how);
  if (!hunk.meant.empty())
    text += fmt::format("; the patch means '{}', and the place is in '{}'", hunk.meant,
                        hunk.landed);
  return text;
}

AppliedPatches apply_patches(std::span<const PatchFile> patches, PatchedView& view,
                             const ApplyRules& rules) {
  Application application(view, rules);
  for (const PatchFile& patch : patches)
    application.apply(patch);
  return application.finish();
}

} // namespace kpatch::patch
