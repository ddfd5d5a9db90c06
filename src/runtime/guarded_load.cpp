// SPDX-License-Identifier: GPL-2.0-or-later
//
// A patch that is in force may still be wrong, and who has loaded it may not be looking.
// So it can be loaded on trial: what the machine says in its log, a script and a command
// decide whether it stays. The log is read as /dev/kmsg gives it: a record for each read,
// "6,1234,5678,-;text", from the position that was its end before
// (kernel/printk/printk.c: devkmsg_read; Documentation/ABI/testing/dev-kmsg).
#include "runtime/guarded_load.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/attributes.h"
#include "runtime/installed.h"
#include "runtime/kernel_log.h"
#include "runtime/livepatch_state.h"
#include "runtime/outcomes.h"
#include "runtime/replacement.h"

#include <cerrno>
#include <fcntl.h>
#include <sstream>
#include <unistd.h>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds kGlance{1};
constexpr double kCheckPatience = 300; ///< seconds

/// What the kernel says from now on.
class LogWatch {
 public:
  explicit LogWatch(const fs::path& log)
      : descriptor_(open(log.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
    if (descriptor_ < 0)
      fail_with_remedy("run it as root",
                       "{}: cannot be read, so nobody would see what "
                       "the kernel says of the patch",
                       log.string());
    lseek(descriptor_, 0, SEEK_END);
  }
  ~LogWatch() { close(descriptor_); }
  LogWatch(const LogWatch&) = delete;
  LogWatch& operator=(const LogWatch&) = delete;

  /// The complaints since the last call.
  std::vector<std::string> complaints() {
    std::vector<std::string> texts;
    char record[8192];
    for (;;) {
      const ssize_t size = read(descriptor_, record, sizeof record);
      if (size < 0 &&
          errno == EPIPE) // overwritten before it was read; the next one is there
        continue;
      if (size <= 0)
        return find_complaints(texts);
      for (const std::string_view line :
           lines_of({record, static_cast<std::size_t>(size)}))
        texts.emplace_back(line.substr(line.find(';') + 1));
    }
  }

 private:
  int descriptor_;
};

/// Empty if it succeeds.
std::string failure_of(const std::string& what, const Outcome& outcome) {
  if (outcome.ok())
    return {};
  std::string said = outcome.output + outcome.errors;
  while (said.ends_with('\n'))
    said.pop_back();
  return fmt::format("{} {}{}{}", what,
                     outcome.timed_out
                         ? fmt::format("has not ended after {} s", kCheckPatience)
                         : fmt::format("fails with status {}", outcome.status),
                     said.empty() ? "" : ": ", said);
}

std::string check_failure(const Guard& guard) {
  if (guard.check.empty())
    return {};
  // By itself it may be in any language; a script of a rehearsal need not be executable.
  std::vector<std::string> argv{fs::absolute(guard.check)};
  if (access(argv[0].c_str(), X_OK) != 0)
    argv.insert(argv.begin(), "/bin/sh");
  return failure_of("the check " + guard.check,
                    run({.argv = argv,
                         .environment = {{"KPATCH_PHASE", "patched"}},
                         .timeout_seconds = kCheckPatience}));
}

/// What is wrong with the number that stands first; empty if there are no limits or it
/// keeps to them.
std::string limit_failure(const Guard& guard, const std::string& printed) {
  if (!guard.least && !guard.most)
    return {};
  double number = 0;
  std::istringstream text(printed);
  if (!(text >> number))
    return fmt::format("the metric '{}' prints no number", guard.metric);
  if (guard.most && number > *guard.most)
    return fmt::format("the metric '{}' is {}, more than {}", guard.metric, number,
                       *guard.most);
  if (guard.least && number < *guard.least)
    return fmt::format("the metric '{}' is {}, less than {}", guard.metric, number,
                       *guard.least);
  return {};
}

std::string metric_failure(const Guard& guard) {
  if (guard.metric.empty())
    return {};
  const Outcome outcome =
      run({.argv = {"/bin/sh", "-c", guard.metric}, .timeout_seconds = kCheckPatience});
  const std::string failure =
      failure_of(fmt::format("the metric '{}'", guard.metric), outcome);
  return failure.empty() ? limit_failure(guard, outcome.output) : failure;
}

std::string log_failure(LogWatch& log) {
  const std::vector<std::string> complaints = log.complaints();
  return complaints.empty() ? "" : "the kernel complains: " + complaints.front();
}

/// Looks until the time is over: empty, or the first thing that is wrong.
std::string find_trouble(Host& host, const std::string& name, const Guard& guard,
                         LogWatch& log) {
  std::string trouble = check_failure(guard);
  for (std::chrono::seconds watched{0}; trouble.empty(); watched += kGlance) {
    trouble = metric_failure(guard);
    if (trouble.empty())
      trouble = log_failure(log);
    const std::optional<PatchState> patch = find_patch(host.places, name);
    if (trouble.empty() && (!patch || !patch->enabled))
      trouble = name + " is no longer in force";
    if (watched >= guard.watch || !trouble.empty())
      return trouble;
    throw_if_interrupted();
    host.kernel.wait(kGlance);
  }
  return trouble;
}

/// To what was in force before, as far as that can be loaded again.
void take_back(Host& host, const std::string& name, LoadOptions options) {
  options.waiting.is_way_back = true;
  if (!replaced_by(host.places, name).empty()) {
    try {
      roll_back(host, options);
      return;
    } catch (const std::exception& error) {
      host.warn(fmt::format("what it replaced cannot be loaded again: {}", error.what()));
    }
  }
  if (find_patch(host.places, name))
    unload_patch(host, name, options.waiting);
}

} // namespace

Exit load_guarded(Host& host, const std::string& module, const LoadOptions& options,
                  const Guard& guard) {
  const std::string name = read_module_file(find_module_file(host, module)).name;
  if (!guard.check.empty() && !is_there(guard.check))
    fail("{}: no such file", guard.check);
  if (guard.metric.empty() && (guard.least || guard.most))
    fail_with_remedy("name the command that prints the number: --metric COMMAND",
                     "--metric-min and --metric-max need --metric");
  if (const auto present = find_patch(host.places, name); present && present->enabled)
    fail_with_remedy(fmt::format("kpatch unload {}", name),
                     "{} is loaded already, so nothing can be tried", name);
  LogWatch log(guard.kernel_log);
  const Exit result = load_patch(host, module, options);
  if (guard.watch.count() > 0)
    host.say(fmt::format("watching {} for {} seconds", name, guard.watch.count()));
  std::string trouble;
  try {
    trouble = find_trouble(host, name, guard, log);
  } catch (const std::exception& error) {
    trouble = is_interrupted() ? "interrupted before all was seen" : error.what();
  }
  if (trouble.empty()) {
    host.say(fmt::format("{} stays: nothing was found against it", name));
    return result;
  }
  host.warn(trouble);
  take_back(host, name, options);
  throw Error(fmt::format("{} was loaded and taken back: {}", name, trouble),
              "mend the patch, and rehearse it with `kpatch rehearse --check`",
              kTakenBack);
}

} // namespace kpatch::runtime
