// SPDX-License-Identifier: GPL-2.0-or-later
//
// A killed build must leave nothing behind: no half-written work directory and no
// compiler still running in it. Programs that run() starts are leaders of process groups
// of their own, so a Ctrl-C at the terminal does not reach them. The signal handler
// therefore ends those groups itself (kill is async-signal-safe, and so is reading an
// array of atomics); the thread that waits for such a program then finds it dead and
// throws.
#include "base/interrupt.h"

#include "base/error.h"

#include <array>
#include <atomic>
#include <csignal>

namespace kpatch {

namespace {

/// More programs at once than any job count in use; one without a slot just is not ended.
constexpr int kSlots = 512;
std::array<std::atomic<pid_t>, kSlots> running_groups;
std::atomic<int> caught_signal = 0;
static_assert(std::atomic<pid_t>::is_always_lock_free);

extern "C" void end_running_groups(int signal) {
  caught_signal = signal;
  for (const std::atomic<pid_t>& group : running_groups)
    if (const pid_t id = group.load())
      kill(-id, SIGKILL);
}

} // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = end_running_groups;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction current {};
    sigaction(signal, nullptr, &current);
    if (current.sa_handler != SIG_IGN) // as under nohup
      sigaction(signal, &action, nullptr);
  }
}

bool is_interrupted() {
  return caught_signal.load() != 0;
}

void throw_if_interrupted() {
  if (const int signal = caught_signal.load())
    throw Error(fmt::format("interrupted by signal {}", signal));
}

void die_if_interrupted() {
  const int signal = caught_signal.load();
  if (signal == 0)
    return;
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

InterruptibleGroup::InterruptibleGroup(pid_t group) {
  for (int slot = 0; slot < kSlots && slot_ < 0; ++slot) {
    pid_t free = 0;
    if (running_groups[slot].compare_exchange_strong(free, group))
      slot_ = slot;
  }
  // The signal may have come between the start of the program and now.
  if (caught_signal.load() != 0)
    kill(-group, SIGKILL);
}

InterruptibleGroup::~InterruptibleGroup() {
  if (slot_ >= 0)
    running_groups[slot_] = 0;
}

} // namespace kpatch
