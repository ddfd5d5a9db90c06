// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace kpatch::produce {

/// What all processes of an isolated build may take together.
struct IsolationLimits {
  std::uint64_t memory = 0;  ///< bytes
  std::uint64_t threads = 0; ///< at a time, those of all processes
  double seconds = 0;        ///< from start to end
};

/// Three quarters of the memory, so that the machine goes on, and more threads and time
/// than the build of a whole kernel needs.
IsolationLimits limits_of_this_machine();

/// For a limit that the kernel sets on all threads of a user.
std::uint64_t threads_of_this_user();

/// What stands before a command to have systemd hold it to the limits of memory and
/// threads; empty where no manager takes it.
std::vector<std::string> scope_words(const IsolationLimits& limits);

/// Ends what a process has started when it exceeds the limits. The process itself, which
/// has the outermost of the namespaces started, stays to tell of the end.
class IsolationWatch {
 public:
  explicit IsolationWatch(const IsolationLimits& limits);
  ~IsolationWatch();
  IsolationWatch(const IsolationWatch&) = delete;
  IsolationWatch& operator=(const IsolationWatch&) = delete;

  /// For Command::watch.
  void look(pid_t top, double seconds);

  /// Which limit was exceeded, and by what; empty: none.
  const std::string& excess() const { return excess_; }

 private:
  const IsolationLimits limits_;
  std::string excess_;
  double next_look_ = 0; ///< in seconds since the start
  bool comes_first_ = false;
};

} // namespace kpatch::produce
