// SPDX-License-Identifier: GPL-2.0-or-later
//
// A run that is killed outright (kill -9, power, out of memory) cannot tidy up, so the
// next one does. What belongs to a run under way is told by a lock that the run holds on
// a file in its directory: the kernel drops it with the process, however that ends.
// Making a directory, locking it and looking for dead ones all happen under one more
// lock, because a directory whose lock is not taken yet would look dead.
#include "compile/work_dir.h"

#include "base/error.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

namespace kpatch::compile {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPrefix = "run.";
constexpr const char* kLockName = "lock";

/// An open descriptor that holds the lock, or -1 if another process does or the file is
/// not there.
int try_lock(const fs::path& file, int flags) {
  const int descriptor = open(file.c_str(), flags | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    return descriptor;
  if (descriptor >= 0)
    close(descriptor);
  return -1;
}

/// Again for up to five seconds if something still writes there, then left to the next
/// run.
void remove_dead_run(const fs::path& directory) {
  for (int attempt = 0; attempt < 50; ++attempt) {
    std::error_code error;
    fs::remove_all(directory, error);
    if (!fs::exists(directory, error))
      return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

void remove_dead_runs(const fs::path& parent) {
  for (const fs::directory_entry& entry : fs::directory_iterator(parent)) {
    if (!entry.path().filename().native().starts_with(kPrefix))
      continue;
    const fs::path lock = entry.path() / kLockName;
    std::error_code ignored;
    const int descriptor = try_lock(lock, 0);
    if (descriptor >= 0 || !fs::exists(lock, ignored))
      remove_dead_run(entry.path());
    if (descriptor >= 0)
      close(descriptor);
  }
}

} // namespace

WorkDir::WorkDir(const fs::path& parent) {
  std::error_code error;
  fs::create_directories(parent, error);
  if (error)
    fail_with_remedy("set CACHEDIR to a directory that can be written to",
                     "{}: cannot be made: {}", parent.string(), error.message());
  const FileLock alone(parent / ".lock");
  remove_dead_runs(parent);
  directory_.emplace(std::string(kPrefix), parent);
  path_ = directory_->path();
  lock_ = try_lock(path_ / kLockName, O_CREAT);
  if (lock_ < 0)
    fail("{}: cannot be locked: {}", path_.string(), std::strerror(errno));
}

WorkDir::~WorkDir() {
  directory_.reset();
  if (lock_ >= 0)
    close(lock_);
}

void WorkDir::keep() {
  const fs::path kept = path_.parent_path() / ("kept." + path_.filename().string());
  fs::rename(path_, kept);
  path_ = kept;
  directory_->keep();
}

} // namespace kpatch::compile
