// SPDX-License-Identifier: GPL-2.0-or-later
//
// ftrace is what redirects a function and livepatch decides where to; both run before the
// patched function does. One that they run themselves can call itself without end, and
// printk in one that printk runs can wait for its own lock. In an NMI neither locks nor
// page faults are allowed. Such patches can be right, but nothing in building or
// rehearsing them shows it.
#include "base/error.h"
#include "review/review_rules.h"

#include <algorithm>
#include <array>

namespace kpatch::review {

namespace {

/// Source files, by the beginning of their path; '*' is one directory.
struct Place {
  std::string_view path;
  std::string_view what;
};
constexpr std::array<Place, 16> kPlaces = {
    {{"kernel/livepatch/", "the livepatch core"},
     {"kernel/stacktrace.c", "the livepatch core, which walks stacks"},
     {"arch/*/kernel/stacktrace.c", "the livepatch core, which walks stacks"},
     {"arch/*/kernel/unwind", "the livepatch core, which walks stacks"},
     {"kernel/trace/ftrace.c", "ftrace"},
     {"kernel/trace/fgraph.c", "ftrace"},
     {"kernel/trace/ring_buffer.c", "ftrace"},
     {"kernel/trace/trace_functions", "ftrace"},
     {"arch/*/kernel/ftrace", "ftrace"},
     {"kernel/printk/", "printk"},
     {"lib/vsprintf.c", "printk"},
     {"drivers/tty/serial/8250/8250_early.c", "printk"},
     {"arch/*/kernel/nmi.c", "NMIs"},
     {"arch/*/kernel/hw_nmi.c", "NMIs"},
     {"kernel/watchdog_hld.c", "NMIs"},
     {"kernel/events/hw_breakpoint.c", "debug exceptions"}}};

/// Functions that do so although most of their file does not.
constexpr std::array<Place, 9> kFunctions = {{{"nmi_handle", "NMIs"},
                                              {"perf_event_nmi_handler", "NMIs"},
                                              {"x86_pmu_handle_irq", "NMIs"},
                                              {"intel_pmu_handle_irq", "NMIs"},
                                              {"amd_pmu_handle_irq", "NMIs"},
                                              {"__perf_event_overflow", "NMIs"},
                                              {"perf_event_overflow", "NMIs"},
                                              {"panic", "printk's last words"},
                                              {"nmi_panic", "NMIs"}}};

bool begins(std::string_view path, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos)
    return path.starts_with(pattern);
  if (!path.starts_with(pattern.substr(0, star)))
    return false;
  const std::size_t rest = path.find('/', star);
  return rest != std::string_view::npos &&
         path.substr(rest).starts_with(pattern.substr(star + 1));
}

std::string_view context_of(const std::string& unit, const std::string& function) {
  for (const Place& place : kPlaces)
    if (begins(unit, place.path))
      return place.what;
  const auto found = std::ranges::find(kFunctions, function, &Place::path);
  return found == kFunctions.end() ? std::string_view() : found->what;
}

} // namespace

std::vector<Problem> find_delicate_contexts(const PatchView& patch) {
  std::vector<Problem> findings;
  for (const UnitView& unit : patch)
    for (const std::string& function : unit.unit.replaced)
      if (const std::string_view what = context_of(unit.unit.unit, function);
          !what.empty())
        findings.push_back(
            {.code = "KP4005",
             .object = unit.label(),
             .symbol = function,
             .message = fmt::format("it runs inside {}, where patched code may call "
                                    "itself, deadlock or fault",
                                    what),
             .remedy = "call nothing there that prints, traces, sleeps or takes a lock, "
                       "and rehearse the patch with the function tracer on"});
  return findings;
}

} // namespace kpatch::review
