// SPDX-License-Identifier: GPL-2.0-or-later
//
// A timer, a work item or a thread that keeps itself going does so by its own last act:
// the handler arms the timer again. A patched handler that does not ends the chain, and
// unloading the patch brings the original code back but nobody to call it:
//
//   original: f() { ...; mod_timer(t, jiffies + 2 * HZ); }   called every two seconds
//   patched:  f() { ... }                                    called once more
//   unloaded: f() { ...; mod_timer(...); }                   never called again
//
// A callback that arms it when the patch goes is the cure, and then all is well.
#include "base/error.h"
#include "review/review_rules.h"

#include <algorithm>
#include <array>
#include <span>

namespace kpatch::review {

namespace {

/// Something that goes on only as long as its function asks for it.
struct Chain {
  std::string_view what;
  std::array<std::string_view, 8> links; ///< functions that ask for the next turn
};
constexpr std::array<Chain, 6> kChains = {
    {{"timer",
      {"mod_timer", "add_timer", "add_timer_on", "mod_timer_pending", "timer_reduce"}},
     {"high-resolution timer", {"hrtimer_forward", "hrtimer_start_range_ns"}},
     {"work item",
      {"queue_work_on", "queue_work_node", "queue_delayed_work_on", "mod_delayed_work_on",
       "queue_rcu_work"}},
     {"work of a kernel thread",
      {"kthread_queue_work", "kthread_queue_delayed_work", "kthread_mod_delayed_work"}},
     {"tasklet", {"__tasklet_schedule", "__tasklet_hi_schedule"}},
     {"kernel thread",
      {"kthread_should_stop", "kthread_should_stop_or_park",
       "kthread_freezable_should_stop"}}}};

/// The first link that the function reaches; empty if none.
std::string_view find_link(const CallMap& calls, std::string_view function,
                           const Chain& chain) {
  const Names reached = calls.reached(function);
  const auto found = std::ranges::find_if(chain.links, [&](std::string_view link) {
    return !link.empty() && reached.contains(link);
  });
  return found == chain.links.end() ? std::string_view() : *found;
}

/// Whether a callback of the patch takes the chain up again when the patch goes.
bool is_restarted(const PatchView& patch, const Chain& chain) {
  return std::ranges::any_of(patch, [&](const UnitView& unit) {
    return std::ranges::any_of(kLastCallbacks, [&](std::string_view section) {
      return std::ranges::any_of(
          unit.patched.callbacks(section), [&](const std::string& callback) {
            return !find_link(unit.patched, callback, chain).empty();
          });
    });
  });
}

/// Whether the patch replaces the function or one that only this unit's code calls and
/// that it reaches.
bool is_touched(const UnitView& unit, const std::string& function) {
  const Names reached = unit.original.reached(function);
  return std::ranges::any_of(unit.unit.replaced, [&](const std::string& replaced) {
    return replaced == function || reached.contains(replaced);
  });
}

Problem ended(const UnitView& unit, const std::string& function, const Chain& chain,
              std::string_view link) {
  return {.code = "KP4001",
          .object = unit.label(),
          .symbol = function,
          .message = fmt::format("it no longer calls {} to keep its {} going, which will "
                                 "not start again when the patch is unloaded",
                                 link, chain.what),
          .remedy = "start it again in a post-unpatch callback, or keep it going at a "
                    "longer interval"};
}

} // namespace

std::vector<Problem> find_ended_timers(const PatchView& patch) {
  std::vector<Problem> findings;
  for (const UnitView& unit : patch)
    for (const std::string& function : unit.original.handed_out()) {
      if (!is_touched(unit, function))
        continue;
      for (const Chain& chain : kChains) {
        const std::string_view link = find_link(unit.original, function, chain);
        if (!link.empty() && find_link(unit.patched, function, chain).empty() &&
            !is_restarted(patch, chain))
          findings.push_back(ended(unit, function, chain, link));
      }
    }
  return findings;
}

} // namespace kpatch::review
