// SPDX-License-Identifier: GPL-2.0-or-later
//
// Critical is what leaves a machine without a fix that it is said to have: a patch that
// the kernel calls enabled without effect, or a transition that tasks hold up. A warning
// is what somebody should look at before the next reboot.
#include "runtime/health.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

namespace kpatch::runtime {

namespace {

using Ailments = std::vector<Ailment>;

bool is_in_force(const SystemStatus& status, const PatchStatus& patch) {
  return patch.condition == Condition::kEnabled && !status.is_tracing_off;
}

void look_at(const PatchStatus& patch, Ailments& findings) {
  switch (patch.condition) {
  case Condition::kEnabling:
  case Condition::kDisabling:
    findings.push_back({patch.stalled.empty() ? Health::kWarning : Health::kCritical,
                        fmt::format("the transition of {} has not ended, {} tasks are "
                                    "in the way",
                                    patch.name, patch.stalled.size())});
    break;
  case Condition::kDisabled:
    findings.push_back(
        {Health::kWarning, fmt::format("{} is loaded and disabled", patch.name)});
    break;
  case Condition::kEnabled:
  case Condition::kReplaced: break;
  }
  for (const ObjectStatus& object : patch.objects)
    for (const FunctionStatus& function : object.functions)
      if (!function.bypass.empty())
        findings.push_back({Health::kCritical, fmt::format("{} of {} is bypassed by {}",
                                                           function.function.name,
                                                           patch.name, function.bypass)});
}

/// It is there, or something that is there took over from it.
bool is_taken_care_of(const SystemStatus& status, const std::string& name) {
  return std::ranges::any_of(status.patches, [&](const PatchStatus& patch) {
    return patch.name == name ||
           std::ranges::find(patch.replaced, name) != patch.replaced.end();
  });
}

std::vector<std::string> names_in_force(const SystemStatus& status) {
  std::vector<std::string> names;
  for (const PatchStatus& patch : status.patches)
    if (is_in_force(status, patch))
      names.push_back(patch.name);
  return names;
}

std::string summary(const SystemStatus& status, const Ailments& findings) {
  std::vector<std::string> sentences;
  for (const Ailment& finding : findings)
    sentences.push_back(finding.what);
  if (!sentences.empty())
    return fmt::format("{}", fmt::join(sentences, "; "));
  const auto names = names_in_force(status);
  return names.empty() ? "no live patch is loaded or installed for this kernel"
                       : fmt::format("in force: {}", fmt::join(names, ", "));
}

} // namespace

std::string_view to_string(Health health) {
  constexpr std::string_view kWords[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
  return kWords[static_cast<int>(health)];
}

Ailments ailments_of(const SystemStatus& status) {
  Ailments findings;
  if (!status.can_livepatch)
    return {{Health::kUnknown, "this kernel has no live patching"}};
  if (status.is_tracing_off && !status.patches.empty())
    findings.push_back({Health::kCritical,
                        "function tracing is off, so no patched function is in effect"});
  for (const PatchStatus& patch : status.patches)
    look_at(patch, findings);
  for (const InstalledPatch& patch : status.installed)
    if (patch.release == status.release && !is_taken_care_of(status, patch.name))
      findings.push_back(
          {Health::kWarning,
           fmt::format("{} is installed for this kernel and not loaded", patch.name)});
  std::ranges::stable_sort(findings, std::greater(), &Ailment::health);
  return findings;
}

Health health_of(const Ailments& findings) {
  return findings.empty() ? Health::kOk : findings.front().health;
}

std::string health_line(const SystemStatus& status) {
  const Ailments findings = ailments_of(status);
  std::size_t stalled = 0;
  for (const PatchStatus& patch : status.patches)
    stalled += patch.stalled.size();
  return fmt::format("KPATCH {} - {} | in_force={} stalled_tasks={}",
                     to_string(health_of(findings)), summary(status, findings),
                     names_in_force(status).size(), stalled);
}

} // namespace kpatch::runtime
