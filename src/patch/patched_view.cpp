// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kernel tree has eighty thousand files and a patch touches three. The view is a
// directory of symbolic links into the pristine tree in which only the directories on the
// way to a touched file are real, so it takes milliseconds and some hundred links:
//
//   view/arch            -> pristine/arch
//   view/fs/             (real)
//   view/fs/ext4         -> pristine/fs/ext4
//   view/fs/proc/        (real)
//   view/fs/proc/inode.c -> pristine/fs/proc/inode.c
//   view/fs/proc/meminfo.c   a copy, patched
//
// Writing through a link would change the pristine tree, so whoever wants to write asks
// own_file() for the path first.
#include "patch/patched_view.h"

#include "base/error.h"
#include "base/files.h"

#include <algorithm>

namespace kpatch::patch {
namespace fs = std::filesystem;

PatchedView::PatchedView(const fs::path& pristine, fs::path root)
    : pristine_(fs::canonical(pristine)), root_(std::move(root)) {
  fs::create_directory(root_);
  root_ = fs::canonical(root_);
  populate({});
}

bool PatchedView::has_file(std::string_view path) const {
  const fs::path file = path_inside(root_, path);
  std::error_code ignored;
  return fs::is_regular_file(file, ignored);
}

void PatchedView::populate(const fs::path& directory) {
  for (const fs::directory_entry& entry : fs::directory_iterator(pristine_ / directory)) {
    const fs::path link = root_ / directory / entry.path().filename();
    if (entry
            .is_symlink()) // keep what it says: it may be relative to a changed directory
      fs::copy_symlink(entry.path(), link);
    else
      fs::create_symlink(entry.path(), link);
  }
}

void PatchedView::own_directory(std::string_view path) {
  path_inside(root_, path);
  fs::path done;
  for (const fs::path& part : fs::path(path)) {
    done /= part;
    const fs::path here = root_ / done;
    const fs::file_status status = fs::symlink_status(here);
    if (fs::is_directory(status))
      continue;
    if (!fs::exists(status)) {
      fs::create_directory(here);
      continue;
    }
    if (!fs::is_directory(fs::symlink_status(pristine_ / done)))
      fail("{}: {} is not a directory of the source tree", path, done.string());
    fs::remove(here);
    fs::create_directory(here);
    populate(done);
  }
}

void PatchedView::restore_file(std::string_view path) {
  const fs::path file = path_inside(root_, path);
  fs::remove(file);
  fs::create_symlink(pristine_ / path, file);
}

void PatchedView::collect_changes(const fs::path& directory,
                                  std::vector<std::string>& changed) const {
  for (const fs::directory_entry& entry : fs::directory_iterator(root_ / directory)) {
    const fs::path path = directory / entry.path().filename();
    if (entry.is_symlink())
      continue;
    if (entry.is_directory())
      collect_changes(path, changed);
    else if (const auto original = read_text_if_exists(pristine_ / path);
             !original || *original != read_text(entry.path()))
      changed.push_back(path.native());
  }
  if (!fs::is_directory(pristine_ / directory))
    return;
  for (const fs::directory_entry& entry : fs::directory_iterator(pristine_ / directory)) {
    const fs::path path = directory / entry.path().filename();
    if (fs::exists(fs::symlink_status(root_ / path)))
      continue;
    if (entry.is_symlink() || !entry.is_directory())
      changed.push_back(path.native());
    else // patch(1) removes a folder with its last file
      for (const auto& below : fs::recursive_directory_iterator(entry.path()))
        if (!below.is_directory())
          changed.push_back(below.path().lexically_relative(pristine_).native());
  }
}

std::vector<std::string> PatchedView::changed_files() const {
  std::vector<std::string> changed;
  collect_changes({}, changed);
  std::ranges::sort(changed);
  return changed;
}

fs::path PatchedView::own_file(std::string_view path) {
  const fs::path file = path_inside(root_, path);
  if (fs::path(path).has_parent_path())
    own_directory(fs::path(path).parent_path().native());
  const fs::file_status status = fs::symlink_status(file);
  if (fs::is_regular_file(status) || !fs::exists(status))
    return file;
  const fs::path original = pristine_ / path;
  if (!fs::is_regular_file(fs::symlink_status(original)))
    fail("{}: not an ordinary file of the source tree", path);
  fs::remove(file);
  fs::copy_file(original, file);
  // The pristine tree may be read-only; its copy is not.
  fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
  return file;
}

} // namespace kpatch::patch
