// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two operations at once see each other half done: what one has noted for
// rolling back is overwritten, and "the transition is over" is true for a patch
// that the other replaced. The lock goes with its process, however that ends.
// Only root may open the file: a lock can be taken with a descriptor for
// reading, too (flock(2)).
#include "runtime/operation_lock.h"

#include "base/interrupt.h"
#include "runtime/outcomes.h"
#include "runtime/transition.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

/// "kpatch load a.ko (process 123)", as the holder has written it.
std::string holder_in(int descriptor) {
  char text[256];
  const ssize_t size = pread(descriptor, text, sizeof text, 0);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : "another kpatch";
}

void write_holder(int descriptor, const std::string& command) {
  const std::string text = fmt::format("{} (process {})", command, getpid());
  if (ftruncate(descriptor, 0) == 0) {
    [[maybe_unused]] const ssize_t done = pwrite(descriptor, text.data(), text.size(), 0);
  }
}

int open_lock(const fs::path& directory) {
  std::error_code ignored;
  fs::create_directories(directory, ignored);
  return open((directory / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
              0600);
}

void warn_without_lock(Host& host, int error) {
  host.warn(fmt::format("{}: no lock can be made there ({}): do not run two at once",
                        host.places.records.string(), std::strerror(error)));
}

} // namespace

OperationLock::OperationLock(Host& host, const std::string& command,
                             std::chrono::seconds patience)
    : descriptor_(open_lock(host.places.records)) {
  if (descriptor_ < 0) {
    warn_without_lock(host, errno);
    return;
  }
  for (std::chrono::milliseconds waited{0}; flock(descriptor_, LOCK_EX | LOCK_NB) != 0;
       waited += kPollInterval) {
    if (errno != EWOULDBLOCK) { // a kernel without CONFIG_FILE_LOCKING
      warn_without_lock(host, errno);
      return;
    }
    const std::string holder = holder_in(descriptor_);
    if (waited >= patience || is_interrupted()) {
      close(descriptor_);
      throw Error(fmt::format("{} is at work; nothing was done", holder),
                  "run the command again when it has ended, or with --wait SECONDS",
                  kTimedOut);
    }
    if (waited.count() == 0)
      host.say(
          fmt::format("waiting (up to {} seconds) for {}...", patience.count(), holder));
    host.kernel.wait(kPollInterval);
  }
  write_holder(descriptor_, command);
}

OperationLock::~OperationLock() {
  if (descriptor_ >= 0)
    close(descriptor_);
}

} // namespace kpatch::runtime
