// SPDX-License-Identifier: GPL-2.0-or-later
//
// Applies what patch_file.cpp has read with patch(1), one file at a time and with the
// file named on its command line, so that no name in the patch decides where it writes.
// Its fuzz and its search for moved hunks are what users expect of a patch; its prose is
// read only for the numbers of the hunks that failed.
#include "build/patch_apply.h"

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"

#include <algorithm>
#include <map>

namespace kpatch::build {
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

/// The numbers of the hunks that patch(1) reports as "Hunk #3 FAILED at 120."
std::vector<std::size_t> failed_hunks(std::string_view said) {
  constexpr std::string_view kStart = "Hunk #";
  std::vector<std::size_t> failed;
  for (std::size_t at = said.find(kStart); at != std::string_view::npos;
       at = said.find(kStart, at + 1)) {
    const std::string_view rest = said.substr(at + kStart.size());
    const std::size_t digits = rest.find_first_not_of("0123456789");
    if (digits == 0 || digits > 6 || digits == std::string_view::npos)
      continue;
    if (rest.substr(digits).starts_with(" FAILED"))
      failed.push_back(std::stoul(std::string(rest.substr(0, digits))));
  }
  return failed;
}

std::string explain(const FileChange& change, const std::string& path,
                    const std::string& said) {
  if (said.find("previously applied") != std::string::npos)
    return fmt::format("{}: the change is in this kernel's source already", path);
  std::string lines;
  for (const std::size_t number : failed_hunks(said)) {
    if (number == 0 || number > change.hunks.size())
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
  if (!change.is_new() && !there)
    return fmt::format("{}: there is no such file in this kernel's source", path);
  if (change.is_new() && there)
    return fmt::format("{}: the patch makes this file, but it is there already", path);
  return {};
}

void apply_hunks(const FileChange& change, const fs::path& file, std::string& complaint,
                 const std::string& path) {
  Command command{
      .argv = {"patch", "--unified", "--forward", "--batch", "--no-backup-if-mismatch",
               "--reject-file=-", "--remove-empty-files", "--", file.string()},
      .input = as_patch(change)
  };
  command.environment["LC_ALL"] = "C";
  if (!change.is_removed())
    std::erase(command.argv, "--remove-empty-files");
  const Outcome outcome = run(command);
  if (!outcome.ok())
    complaint = explain(change, path, outcome.output + outcome.errors);
}

/// Empty if the change is now in the view.
std::string apply_change(const FileChange& change, const std::string& path,
                         PatchedView& view) {
  std::string complaint = obstacle(change, path, view);
  if (!complaint.empty())
    return complaint;
  const fs::path file = view.own_file(path);
  if (!change.hunks.empty())
    apply_hunks(change, file, complaint, path);
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

} // namespace

std::vector<TouchedFile> apply_patches(std::span<const PatchFile> patches,
                                       PatchedView& view) {
  std::map<std::string, TouchedFile> touched;
  for (const PatchFile& patch : patches) {
    std::string complaints;
    for (const FileChange& change : patch.changes) {
      const std::string& path = path_of(change, view);
      touched.try_emplace(path,
                          TouchedFile{.path = path, .was_there = view.has_file(path)});
      const std::string complaint = apply_change(change, path, view);
      if (!complaint.empty())
        complaints += "\n" + complaint;
    }
    if (!complaints.empty())
      fail("{} file failed to apply{}", patch.name, complaints);
  }
  std::vector<TouchedFile> result;
  for (auto& [path, file] : touched) {
    file.is_there = view.has_file(path);
    result.push_back(std::move(file));
  }
  return result;
}

} // namespace kpatch::build
