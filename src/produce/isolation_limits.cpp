// SPDX-License-Identifier: GPL-2.0-or-later
//
// rlimits bind one process each, but for the number of a user's processes, which does not
// bind root. A control group binds all together, but only a service manager may hand one
// out: where systemd takes a scope, the kernel holds the build to its limits. Everywhere,
// the build's processes are counted ten times a second. All of them descend from the
// first process of their PID namespace, whoever started them, and the end of that one is
// the end of all, so that a fork bomb cannot run away. Who counts must get to run beside
// thousands of them, and so comes before them where that is permitted, as it is to root.
//
// Memory is what a process has written, or shares with other processes and no file backs:
// pages of programs and libraries are there once, however many processes map them. What
// no process maps (files in memory) is not seen; the namespaces have no such place that
// can be written to, which leaves memfd_create(2).
#include "produce/isolation_limits.h"

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <sched.h>
#include <thread>
#include <unistd.h>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

constexpr double kMostHours = 6;
/// Where a machine has thousands of processes of its own, looking at them all takes long.
constexpr double kRest = 10; // times as long as that

struct Process {
  pid_t parent = 0;
  uid_t user = 0;
  std::uint64_t threads = 0;
  std::uint64_t memory = 0;
};

/// The number behind `field` in a file of proc(5), in its own unit; 0 where it is not.
std::uint64_t number_of(std::string_view text, std::string_view field) {
  const std::size_t at = text.find(field);
  if (at == std::string_view::npos)
    return 0;
  std::uint64_t number = 0;
  for (const char c : trimmed(first_line(text.substr(at + field.size())))) {
    if (!is_digit(c))
      break;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

/// A process may be gone before its file is read.
std::map<pid_t, Process> all_processes() {
  std::map<pid_t, Process> all;
  std::error_code gone;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", gone)) {
    const std::string name = entry.path().filename();
    if (!std::ranges::all_of(name, is_digit))
      continue;
    std::string text;
    try {
      text = read_text(entry.path() / "status");
    } catch (const std::exception&) {
      continue;
    }
    const std::uint64_t kilobytes = number_of(text, "\nRssAnon:") +
                                    number_of(text, "\nRssShmem:") +
                                    number_of(text, "\nVmSwap:");
    all[std::stoi(name)] = {.parent = static_cast<pid_t>(number_of(text, "\nPPid:")),
                            .user = static_cast<uid_t>(number_of(text, "\nUid:")),
                            .threads = number_of(text, "\nThreads:"),
                            .memory = kilobytes << 10};
  }
  return all;
}

/// All that descends from `top`, which is not among it itself.
std::vector<Process> descendants(const std::map<pid_t, Process>& all, pid_t top) {
  std::multimap<pid_t, pid_t> children;
  for (const auto& [id, process] : all)
    children.emplace(process.parent, id);
  std::vector<Process> found;
  std::vector<pid_t> parents{top};
  // Parents are read at different times, so that a chain could lead round.
  while (!parents.empty() && found.size() < all.size()) {
    const auto [first, last] = children.equal_range(parents.back());
    parents.pop_back();
    for (auto child = first; child != last; ++child) {
      found.push_back(all.at(child->second));
      parents.push_back(child->second);
    }
  }
  return found;
}

} // namespace

IsolationWatch::IsolationWatch(const IsolationLimits& limits) : limits_(limits) {
  const sched_param first{.sched_priority = 1};
  comes_first_ = sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first) == 0;
}

IsolationWatch::~IsolationWatch() {
  const sched_param as_others{};
  if (comes_first_)
    sched_setscheduler(0, SCHED_OTHER, &as_others);
}

std::uint64_t threads_of_this_user() {
  std::uint64_t threads = 0;
  for (const auto& [id, process] : all_processes())
    if (process.user == getuid())
      threads += process.threads;
  return threads;
}

IsolationLimits limits_of_this_machine() {
  const std::uint64_t memory = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                               static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return {.memory = memory / 4 * 3,
          .threads = 1024 + 32ULL * std::thread::hardware_concurrency(),
          .seconds = kMostHours * 3600};
}

std::vector<std::string> scope_words(const IsolationLimits& limits) {
  std::vector<std::string> words{
      "systemd-run", "--scope",
      "--quiet",     "--collect",
      "-p",          fmt::format("MemoryMax={}", limits.memory),
      "-p",          "MemorySwapMax=0",
      "-p",          fmt::format("TasksMax={}", limits.threads)};
  if (geteuid() != 0)
    words.insert(words.begin() + 1, "--user");
  if (find_program(words[0]).empty())
    return {};
  std::vector<std::string> trial = words;
  trial.push_back("true");
  constexpr double kPatience = 10; // where a manager is, it answers at once
  return run({.argv = trial, .timeout_seconds = kPatience}).ok() ? words
                                                                 : decltype(words)();
}

void IsolationWatch::look(pid_t top, double seconds) {
  if (seconds < next_look_)
    return;
  const auto began = std::chrono::steady_clock::now();
  const std::map<pid_t, Process> all = all_processes();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  next_look_ = seconds + kRest * took.count();
  Process sum;
  for (const Process& process : descendants(all, top)) {
    sum.threads += process.threads;
    sum.memory += process.memory;
  }
  if (excess_.empty()) {
    if (sum.memory > limits_.memory)
      excess_ = fmt::format("{} MiB of memory, of {} MiB", sum.memory >> 20,
                            limits_.memory >> 20);
    else if (sum.threads > limits_.threads)
      excess_ = fmt::format("{} threads, of {}", sum.threads, limits_.threads);
    else if (seconds > limits_.seconds)
      excess_ = fmt::format("{:.0f} seconds, of {:.0f}", seconds, limits_.seconds);
  }
  if (excess_.empty())
    return;
  for (const auto& [id, process] : all)
    if (process.parent == top)
      kill(id, SIGKILL);
}

} // namespace kpatch::produce
