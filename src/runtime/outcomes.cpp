// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/outcomes.h"

#include <utility>

namespace kpatch::runtime {

namespace {

constexpr std::pair<Exit, std::string_view> kResultWords[] = {
    {Exit::kSuccess, "done"},
    {Exit::kStallReverted, "stalled-reverted"},
    {Exit::kStallKept, "stalled-kept"},
    {Exit::kStallForced, "stalled-forced"},
    {kRefusedByChecks, "refused-by-checks"},
    {kRefusedByKernel, "refused-by-kernel"},
    {kTimedOut, "timed-out"},
    {kHeldByOther, "held-by-other"},
    {kTakenBack, "taken-back"},
};

} // namespace

std::string_view result_word(Exit status) {
  for (const auto& [known, word] : kResultWords)
    if (known == status)
      return word;
  return "failed";
}

} // namespace kpatch::runtime
