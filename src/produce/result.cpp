// SPDX-License-Identifier: GPL-2.0-or-later
#include "produce/result.h"

#include <algorithm>
#include <set>

namespace kpatch::produce {

std::vector<std::string> units_at_fault(const BuildResult& result,
                                        const std::string& unit) {
  std::vector<std::string> waiting = {unit};
  std::set<std::string> seen;
  std::vector<std::string> found;
  while (!waiting.empty()) {
    const std::string at = waiting.back();
    waiting.pop_back();
    if (!seen.insert(at).second)
      continue;
    const auto is_in_for_others = [&](const UnitResult& one) {
      return one.unit == at && !one.in_for.empty();
    };
    const auto place = std::ranges::find_if(result.units, is_in_for_others);
    if (place == result.units.end())
      found.push_back(at);
    else
      waiting.insert(waiting.end(), place->in_for.begin(), place->in_for.end());
  }
  return found;
}

void note_failure(BuildResult& result, const std::function<void()>& step) {
  try {
    step();
  } catch (const std::exception& error) {
    result.message = error.what();
    result.remedy = remedy_of(error);
  }
}

} // namespace kpatch::produce
