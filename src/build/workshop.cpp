// SPDX-License-Identifier: GPL-2.0-or-later
//
// Results kept in the cache are filed under a digest of the kernel's configuration and
// compiler, so that a build with another -c never finds them, nor one after the programs
// of that name have been replaced.
#include "build/workshop.h"

#include "base/files.h"
#include "base/sha256.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace kpatch::build {
namespace fs = std::filesystem;

std::string Workshop::compiler_digest() const {
  return digests->of_compiler(target.compiler.command, target.cache / "compilers");
}

fs::path Workshop::kept(const std::string& kind) const {
  constexpr std::size_t kDigits = 16;
  constexpr const char* kFormat = "2\n"; // another number for another meaning of results
  const std::string key = sha256(kFormat + read_text(target.objects / ".config") + '\0' +
                                 target.compiler.command + '\0' +
                                 target.compiler.version_text + '\0' + compiler_digest());
  const fs::path directory = target.cache / kind / key.substr(0, kDigits);
  fs::create_directories(directory);
  return directory;
}

void for_each_in_parallel(std::size_t count, unsigned jobs,
                          const std::function<void(std::size_t)>& job) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    for (std::size_t index = next++; index < count; index = next++) {
      try {
        job(index);
      } catch (...) {
        const std::scoped_lock alone(mutex);
        if (!failure)
          failure = std::current_exception();
        next = count;
      }
    }
  };
  std::vector<std::jthread> helpers;
  for (std::size_t i = 1; i < std::min<std::size_t>(count, jobs); ++i)
    helpers.emplace_back(work);
  work();
  helpers.clear();
  if (failure)
    std::rethrow_exception(failure);
}

} // namespace kpatch::build
