// SPDX-License-Identifier: GPL-2.0-or-later
//
// The options of the subcommands that work on this machine, as one table.
#include "runtime/operation_call.h"

#include "base/error.h"

#include <algorithm>
#include <charconv>

namespace kpatch::runtime {

namespace {

constexpr std::pair<std::string_view, OnStall> kPolicies[] = {
    {"revert", OnStall::kRevert},
    {"keep", OnStall::kKeep},
    {"force", OnStall::kForce},
};

std::chrono::seconds parse_seconds(std::string_view option, std::string_view text) {
  const std::optional<unsigned> seconds = whole_number(text);
  if (!seconds)
    fail("{}: '{}' is not a number of seconds", option, text);
  return std::chrono::seconds(*seconds);
}

double parse_number(std::string_view option, std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    fail("{}: '{}' is not a number", option, text);
  return number;
}

OnStall parse_policy(std::string_view text) {
  const auto found =
      std::ranges::find(kPolicies, text, &std::pair<std::string_view, OnStall>::first);
  if (found == std::end(kPolicies))
    fail("--on-stall takes revert, keep or force, not '{}'", text);
  return found->second;
}

using ToOperation = Call&;
using Text = const std::string&;

/// In the order of --help. Which commands take an option stands in kSubcommands.
constexpr Option<Call> kOperationOptions[] = {
    {"all", 'a', nullptr, "All installed, or all loaded, modules instead of one",
     [](ToOperation, Text) {}},
    {"boot", 0, nullptr,
     "All installed modules except those that failed at two boots; for kpatch.service",
     [](ToOperation, Text) {}},
    {"kernel-version", 'k', "RELEASE", "For this kernel instead of the running one",
     [](ToOperation to, Text value) { to.release = value; }},
    {"keep", 0, nullptr, "Keep the installed modules that this one supersedes",
     [](ToOperation, Text) {}},
    {"timeout", 0, "SECONDS", "Wait this long for a transition (default: 75)",
     [](ToOperation to, Text value) {
       to.load.waiting.timeout = parse_seconds("--timeout", value);
     }},
    {"on-stall", 0, "revert|keep|force",
     "What to do with a transition that has not ended by then: take the patch back, let "
     "it go on, or force it; exit status 4, 5, 6",
     [](ToOperation to, Text value) { to.load.waiting.on_stall = parse_policy(value); }},
    {"skip-checks", 0, nullptr, "Skip the pre-load checks",
     [](ToOperation to, Text) { to.load.skips_checks = true; }},
    {"check", 0, "SCRIPT",
     "Run this script after loading; if it fails, take the patch back; exit status 11",
     [](ToOperation to, Text value) { to.guard.check = value; }},
    {"watch", 0, "SECONDS",
     "Take the patch back if the kernel logs a complaint within this time",
     [](ToOperation to, Text value) {
       to.guard.watch = parse_seconds("--watch", value);
     }},
    {"metric", 0, "COMMAND",
     "Run this command every second of --watch; if it fails, take the patch back",
     [](ToOperation to, Text value) { to.guard.metric = value; }},
    {"metric-min", 0, "NUMBER",
     "Take the patch back if the metric prints a smaller number",
     [](ToOperation to, Text value) {
       to.guard.least = parse_number("--metric-min", value);
     }},
    {"metric-max", 0, "NUMBER",
     "Take the patch back if the metric prints a larger number",
     [](ToOperation to, Text value) {
       to.guard.most = parse_number("--metric-max", value);
     }},
    {"wait", 0, "SECONDS", "Wait this long for another kpatch to finish (default: 10)",
     [](ToOperation to, Text value) { to.patience = parse_seconds("--wait", value); }},
    {"json", 0, nullptr, "Print the result as JSON", [](ToOperation, Text) {}},
    {"effective-version", 0, nullptr,
     "Print the release of the kernel and the versions of the patches in effect",
     [](ToOperation, Text) {}},
};

} // namespace

std::optional<Call> parse_call(const Arguments& arguments) {
  Call call{.words = arguments};
  bool is_right = true;
  const auto take = [&](std::optional<std::size_t> row, Text value) {
    is_right = row && is_right;
    if (row) {
      call.given.insert(kOperationOptions[*row].name);
      kOperationOptions[*row].set(call, value);
    }
    return true;
  };
  call.arguments = parse_options(arguments, forms_of(kOperationOptions), take);
  if (!is_right)
    return std::nullopt;
  return call;
}

std::vector<OptionForm> call_forms() {
  return forms_of(kOperationOptions);
}

} // namespace kpatch::runtime
