// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

namespace kpatch {

/// From now on SIGINT, SIGTERM and SIGHUP do not end this process at once: they end the
/// programs that run() has started and make run() throw, so that everything is tidied up
/// by the destructors on the way out. A second signal ends the process as usual.
void catch_interrupts();

/// Whether such a signal has come. For what must be brought to a good end instead.
bool is_interrupted();

/// Throws Error if such a signal has come. For the borders of long steps.
void throw_if_interrupted();

/// The last thing a program's main() does: if a signal has come, dies of it, so that the
/// caller sees the truth.
void die_if_interrupted();

/// A started program's process group, ended when a signal comes. Used by run().
class InterruptibleGroup {
 public:
  explicit InterruptibleGroup(pid_t group);
  ~InterruptibleGroup();
  InterruptibleGroup(const InterruptibleGroup&) = delete;
  InterruptibleGroup& operator=(const InterruptibleGroup&) = delete;

 private:
  int slot_ = -1;
};

} // namespace kpatch
