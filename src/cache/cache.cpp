// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is fetched and unpacked takes seconds to minutes and half-made trees look much
// like whole ones, so a directory of the cache never exists under its name until it is
// complete.
//
// Programs of several versions may share a cache. Each kind of record names its own
// format and is made again if that is another one; what such names cannot tell, the
// format of the cache as a whole does. An older one is taken over as it is: this program
// looks for its own things and `cache gc` removes the others. A later one is left alone.
#include "cache/cache.h"

#include "base/error.h"
#include "base/files.h"
#include "cache/layout.h"

#include <fmt/format.h>

#include <charconv>
#include <sys/stat.h>
#include <unistd.h>

namespace kpatch::cache {
namespace fs = std::filesystem;

namespace {

void remove_leftovers(const fs::path& parent, const std::string& prefix) {
  for (const fs::directory_entry& entry : fs::directory_iterator(parent))
    if (entry.path().filename().string().starts_with(prefix))
      fs::remove_all(entry.path());
}

constexpr int kFormat = 2;
constexpr const char* kFormatFile = "format";

/// 0 if it is none.
int number_in(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// What is in the cache is run (objtool, host tools) and decides what a module is made
/// of, so whoever may write to it may act as whoever builds.
void refuse_if_others_decide(const fs::path& directory) {
  struct stat status {};
  if (stat(directory.c_str(), &status) != 0)
    return; // what needs it says so
  const bool is_foreign = status.st_uid != geteuid() && status.st_uid != 0;
  const bool is_open = (status.st_mode & S_IWOTH) != 0 ||
                       ((status.st_mode & S_IWGRP) != 0 && status.st_gid != getegid());
  if (is_foreign || is_open)
    fail_with_remedy("set CACHEDIR to a directory that only you may write to; all that "
                     "is in the cache can be fetched and made again",
                     "{}: {}, so programs in the cache could be theirs",
                     directory.string(),
                     is_foreign ? fmt::format("it belongs to user {}", status.st_uid)
                                : std::string("other users may write to it"));
}

void refuse_if_others_decide_in(const fs::path& cache) {
  refuse_if_others_decide(cache);
  std::error_code unreadable;
  for (const fs::directory_entry& part : fs::directory_iterator(cache, unreadable))
    if (part.is_directory(unreadable))
      refuse_if_others_decide(part.path());
  for (const char* kind : {kKernels, kToolchains})
    for (const fs::directory_entry& thing :
         fs::directory_iterator(cache / kind, unreadable))
      if (thing.is_directory(unreadable))
        refuse_if_others_decide(thing.path());
}

} // namespace

void claim_cache(const fs::path& cache) {
  umask(umask(0) | S_IWGRP | S_IWOTH); // what we make is ours alone to change
  refuse_if_others_decide_in(cache);
  const fs::path file = cache / kFormatFile;
  const int found = number_in(read_text_if_exists(file).value_or("0"));
  if (found > kFormat)
    fail_with_remedy(
        "set CACHEDIR to another directory, use the later program, or delete "
        "the cache: all that is in it can be fetched and made again",
        "{}: a later version of this program has made this cache (its "
        "format is {}, the last one known here is {})",
        cache.string(), found, kFormat);
  if (found == kFormat || !fs::is_directory(cache))
    return;
  write_file(file, fmt::format("{}\n", kFormat));
}

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

} // namespace kpatch::cache
