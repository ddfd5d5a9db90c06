// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is fetched and unpacked takes seconds to minutes and half-made trees look much
// like whole ones, so a directory of the cache never exists under its name until it is
// complete.
#include "kernel/cache.h"

#include "base/error.h"
#include "base/files.h"

namespace kpatch::kernel {
namespace fs = std::filesystem;

namespace {

void remove_leftovers(const fs::path& parent, const std::string& prefix) {
  for (const fs::directory_entry& entry : fs::directory_iterator(parent))
    if (entry.path().filename().string().starts_with(prefix))
      fs::remove_all(entry.path());
}

} // namespace

void make_once(const fs::path& path,
               const std::function<void(const fs::path& fresh)>& fill) {
  if (fs::exists(path))
    return;
  const fs::path parent = path.parent_path();
  std::error_code error;
  fs::create_directories(parent, error);
  if (error)
    fail_with_remedy("set CACHEDIR to a directory that you may write to",
                     "{}: cannot be made: {}", parent.string(), error.message());
  const std::string name = path.filename().string();
  const FileLock lock(parent / ("." + name + ".lock"));
  if (fs::exists(path))
    return;

  const std::string prefix = "." + name + ".new-";
  remove_leftovers(parent, prefix);
  TempDir fresh(prefix, parent);
  fs::permissions(fresh.path(), fs::perms(0755));
  fill(fresh.path());
  fs::rename(fresh.path(), path);
  fresh.keep();
}

} // namespace kpatch::kernel
