// SPDX-License-Identifier: GPL-2.0-or-later
#include "patch/selection.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpatch::patch {

namespace {

/// Both names of a file that is renamed, copied, or written differently on the two sides.
std::set<std::string> paths_of(const FileChange& change) {
  std::set<std::string> paths{change.old_path, change.new_path};
  paths.erase("");
  return paths;
}

bool meet(const std::set<std::string>& a, const std::set<std::string>& b) {
  return std::ranges::any_of(a,
                             [&](const std::string& path) { return b.contains(path); });
}

} // namespace

std::string notice_of(const LeftForReboot& part) {
  const std::string what = part.subject.empty()
                               ? part.change
                               : fmt::format("{} ({})", part.change, part.subject);
  const bool is_told = part.unit.empty() || part.unit == part.change ||
                       part.change.starts_with(part.unit + ": ");
  const std::string where = is_told ? "" : part.unit + ": ";
  return fmt::format("NOTICE: {}: needs a reboot, left out{}: {}{}{}", what,
                     part.is_consequence ? " with what it depends on" : "", where,
                     part.reason,
                     part.code.empty() ? "" : fmt::format(" [{}]", part.code));
}

Selection::Selection(std::vector<PatchFile> patches, Grain grain)
    : patches_(std::move(patches)), grain_(grain) {
  if (grain_ == Grain::kFile)
    add_files();
  if (grain_ == Grain::kPatch)
    add_patches();
}

/// Files that a rename or copy connects are one part.
void Selection::add_files() {
  for (const PatchFile& patch : patches_)
    for (const FileChange& change : patch.changes) {
      Part part{.name = {}, .files = paths_of(change)};
      for (std::size_t i = 0; i < parts_.size();)
        if (meet(parts_[i].files, part.files)) {
          part.files.merge(parts_[i].files);
          parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(i));
        } else {
          ++i;
        }
      part.name = *part.files.begin();
      parts_.push_back(std::move(part));
    }
}

void Selection::add_patches() {
  for (std::size_t i = 0; i < patches_.size(); ++i) {
    Part part{.name = patches_[i].name, .files = {}, .patch = i};
    for (const FileChange& change : patches_[i].changes)
      part.files.merge(paths_of(change));
    parts_.push_back(std::move(part));
  }
}

std::vector<PatchFile> Selection::chosen() const {
  if (out_.empty())
    return patches_;
  std::set<std::size_t> patches_out;
  std::set<std::string> files_out;
  for (const std::size_t part : out_)
    if (grain_ == Grain::kPatch)
      patches_out.insert(parts_[part].patch);
    else
      files_out.insert(parts_[part].files.begin(), parts_[part].files.end());
  std::vector<PatchFile> chosen;
  for (std::size_t i = 0; i < patches_.size(); ++i) {
    if (patches_out.contains(i))
      continue;
    chosen.push_back(patches_[i]);
    std::erase_if(chosen.back().changes, [&](const FileChange& change) {
      return meet(paths_of(change), files_out);
    });
  }
  return chosen;
}

std::vector<PatchFile> Selection::whole() const {
  const auto is_in_part = [&](const PatchFile& patch) {
    return std::ranges::any_of(patches_,
                               [&](const PatchFile& all) {
                                 return all.name == patch.name &&
                                        all.changes.size() != patch.changes.size();
                               }) ||
           std::ranges::any_of(patch.changes, [&](const FileChange& change) {
             return types_out_.contains(change.new_path);
           });
  };
  std::vector<PatchFile> patches = chosen();
  std::erase_if(patches, is_in_part);
  return patches;
}

bool Selection::leave_out_file(const std::string& path, const LeftForReboot& why) {
  for (std::size_t i = parts_.size(); i-- > 0;)
    if (parts_[i].files.contains(path) && !out_.contains(i)) {
      take_out(i, why);
      return true;
    }
  return false;
}

void Selection::leave_out_type(const std::string& path, const std::string& type,
                               LeftForReboot why) {
  why.change = fmt::format("{}: {}", path, type);
  why.files = {path};
  types_out_[path].insert(type);
  left_out_.push_back(std::move(why));
}

void Selection::take_back_file(const std::string& path) {
  const auto part = std::ranges::find_if(
      out_, [&](std::size_t i) { return parts_[i].files.contains(path); });
  if (part == out_.end())
    return;
  std::erase_if(left_out_, [&](const LeftForReboot& left) {
    return left.change == parts_[*part].name;
  });
  out_.erase(part);
}

bool Selection::leave_out_patch(const std::string& name, const LeftForReboot& why) {
  if (grain_ != Grain::kPatch)
    return false;
  for (std::size_t i = 0; i < parts_.size(); ++i)
    if (parts_[i].name == name && !out_.contains(i)) {
      take_out(i, why);
      return true;
    }
  return false;
}

void Selection::take_out(std::size_t part, LeftForReboot why) {
  why.change = parts_[part].name;
  why.files.assign(parts_[part].files.begin(), parts_[part].files.end());
  if (grain_ == Grain::kPatch) {
    why.subject = patches_[parts_[part].patch].subject;
    why.fixes = patches_[parts_[part].patch].fixes;
  }
  out_.insert(part);
  left_out_.push_back(std::move(why));
}

} // namespace kpatch::patch
