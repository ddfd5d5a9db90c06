// SPDX-License-Identifier: GPL-2.0-or-later
//
// A patch can load, pass its check and unload, and still have done harm: then the kernel
// log says so. Two kinds of line count: those that no healthy kernel prints, and
// everything livepatch says beyond its ordinary announcements. The taint mask backs them
// up, since the log can be overrun and a mask cannot.
#include "runtime/kernel_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace kpatch::runtime {

namespace {

constexpr std::string_view kAlarms[] = {
    "WARNING:",
    "BUG:",
    "kernel BUG at",
    "Oops",
    "general protection",
    "Call Trace",
    "Kernel panic",
    "unable to handle",
    "Unpatched return thunk",
    "Missing ENDBR",
    "detected stalls",
    "blocked for more than",
    "scheduling while atomic",
    "Unknown symbol",
    "disagrees about version",
    "nvalid relocation",
};

constexpr std::string_view kOrdinaryLivepatch[] = {
    "enabling patch ",
    "starting patching transition",
    "starting unpatching transition",
    "patching complete",
    "applying patch ",
    "reverting patch ",
    "signaling remaining tasks",
    "forcing remaining tasks", // done only when asked for
    "tainting kernel with TAINT_LIVEPATCH",
};

/// What kpatch.ko (kmod/core/switch.c) and the module loader say of ordinary things.
constexpr std::string_view kOrdinaryCore[] = {
    ": starting to ",
    ": in effect",
    ": taken back",
    "loading out-of-tree module taints kernel",
    "module verification failed",
};

struct AlarmingTaint {
  unsigned bit;
  char letter;
  std::string_view meaning;
};
/// Documentation/admin-guide/tainted-kernels.rst of the kernel.
constexpr AlarmingTaint kAlarmingTaints[] = {
    {4, 'M', "a machine check"},        {5, 'B', "a bad page"},
    {7, 'D', "the kernel died (Oops)"}, {9, 'W', "a kernel warning"},
    {14, 'L', "a soft lockup"},
};

struct Line {
  double time = 0;
  std::string_view text;
};

/// "[   12.345678] text", where the stamp may carry more words ("[T1]").
Line split_stamp(std::string_view line) {
  Line result{.text = line};
  if (!line.starts_with('['))
    return result;
  const std::size_t end = line.find("] ");
  if (end == std::string_view::npos)
    return result;
  std::string_view stamp = line.substr(1, end - 1);
  stamp.remove_prefix(std::min(stamp.find_first_not_of(' '), stamp.size()));
  const char* last = stamp.data() + stamp.size();
  if (std::from_chars(stamp.data(), last, result.time).ptr != stamp.data())
    result.text = line.substr(end + 2);
  return result;
}

bool contains_any(std::string_view text, std::span<const std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

bool is_complaint(std::string_view text) {
  if (contains_any(text, kAlarms))
    return true;
  return (text.starts_with("livepatch: ") && !contains_any(text, kOrdinaryLivepatch)) ||
         (text.starts_with("kpatch: ") && !contains_any(text, kOrdinaryCore));
}

} // namespace

std::vector<std::string> find_complaints(std::span<const std::string> log) {
  std::vector<std::string> complaints;
  for (const std::string& line : log) {
    const std::string_view text = split_stamp(line).text;
    if (is_complaint(text))
      complaints.emplace_back(text);
  }
  return complaints;
}

std::vector<std::string> describe_new_taints(unsigned long before, unsigned long after) {
  std::vector<std::string> taints;
  for (const AlarmingTaint& taint : kAlarmingTaints)
    if (after & ~before & (1UL << taint.bit))
      taints.push_back(
          fmt::format("the kernel became tainted {}: {}", taint.letter, taint.meaning));
  return taints;
}

std::vector<Transition> find_transitions(std::span<const std::string> log) {
  std::vector<Transition> transitions;
  std::map<std::string, double> started;
  for (const std::string& line : log) {
    const auto [time, text] = split_stamp(line);
    const std::size_t open = text.find('\'');
    const std::size_t close = text.rfind("': ");
    if (!text.starts_with("livepatch: ") || close == std::string_view::npos ||
        close <= open)
      continue;
    const std::string patch(text.substr(open + 1, close - open - 1));
    const std::string_view event = text.substr(close + 3);
    if (event.starts_with("starting "))
      started[patch] = time;
    else if (event.ends_with("patching complete") && started.contains(patch))
      transitions.push_back({.patch = patch,
                             .patching = event.starts_with("patching"),
                             .seconds = time - started[patch]});
  }
  return transitions;
}

} // namespace kpatch::runtime
