// SPDX-License-Identifier: GPL-2.0-or-later
//
// The question is of the running kernel, so the loaded patches are asked (their notes,
// elf/patch_note.h), not the files of the same name, which may be others by now. A patch
// that tells nothing may fix anything: then the answer is that nobody knows.
#include "runtime/fixes.h"

#include "base/cve.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpatch::runtime {

namespace {

bool says_it_fixes(const PatchStatus& patch, const std::string& cve) {
  const std::vector<std::string> cves = elf::info_values(patch.info, "cve");
  return std::ranges::find(cves, cve) != cves.end();
}

bool is_going_in_or_in(const PatchStatus& patch) {
  return patch.condition == Condition::kEnabled ||
         patch.condition == Condition::kEnabling;
}

FixAnswer answer_of(const SystemStatus& status, const PatchStatus& patch,
                    const std::string& cve) {
  if (status.is_tracing_off)
    return {cve, Fixed::kNo, patch.name,
            fmt::format("{} fixes it, but function tracing is off, so that no patch is "
                        "in effect: sysctl kernel.ftrace_enabled=1",
                        patch.name)};
  if (patch.condition == Condition::kEnabling)
    return {cve, Fixed::kNo, patch.name,
            fmt::format("{} fixes it, but some tasks still run the old code: kpatch "
                        "status names them",
                        patch.name)};
  return {cve, Fixed::kYes, patch.name, fmt::format("{} is in effect", patch.name)};
}

} // namespace

FixAnswer find_fix(const SystemStatus& status, const std::string& cve) {
  const std::string id = asked_cve(cve, kUnknownFix);
  FixAnswer answer{id, Fixed::kNo, "", "no live patch that is loaded fixes it"};
  for (const PatchStatus& patch : status.patches) {
    if (!is_going_in_or_in(patch))
      continue;
    if (says_it_fixes(patch, id)) {
      answer = answer_of(status, patch, id);
      if (answer.fixed == Fixed::kYes)
        break;
    } else if (patch.info.empty() && answer.patch.empty()) {
      answer = {id, Fixed::kUnknown, patch.name,
                fmt::format("{} does not say what it fixes", patch.name)};
    }
  }
  return answer;
}

Exit exit_of(Fixed fixed) {
  switch (fixed) {
  case Fixed::kYes: return Exit::kSuccess;
  case Fixed::kNo: return kNotFixed;
  case Fixed::kUnknown: return kUnknownFix;
  }
  return kUnknownFix;
}

std::string effective_version(const SystemStatus& status) {
  std::string text = status.release;
  if (status.is_tracing_off)
    return text;
  for (const PatchStatus& patch : status.patches)
    if (patch.condition == Condition::kEnabled) {
      const std::vector<std::string> versions = elf::info_values(patch.info, "version");
      text += '+' + (versions.empty() ? patch.name : versions.front());
    }
  return text;
}

} // namespace kpatch::runtime
