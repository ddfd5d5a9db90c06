// SPDX-License-Identifier: GPL-2.0-or-later
//
// Results kept in the cache are filed under a digest of the kernel's configuration and
// compiler, so that a build with another -c never finds them, nor one after the program
// of that name has been replaced.
#include "build/workshop.h"

#include "base/files.h"
#include "base/process.h"
#include "base/sha256.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace kpatch::build {
namespace fs = std::filesystem;

namespace {

/// Which program it is that has this name.
std::string identity(const std::string& compiler) {
  std::error_code ignored;
  const fs::path program = fs::canonical(find_program(compiler), ignored);
  if (program.empty())
    return {};
  return fmt::format("{} {} {}", program.native(), fs::file_size(program, ignored),
                     fs::last_write_time(program, ignored).time_since_epoch().count());
}

} // namespace

fs::path Workshop::kept(const std::string& kind) const {
  constexpr std::size_t kDigits = 16;
  const std::string key = sha256(
      read_text(target.objects / ".config") + '\0' + target.compiler.command + '\0' +
      target.compiler.version_text + '\0' + identity(target.compiler.command));
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
