// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "produce/result.h"

#include <chrono>
#include <string>
#include <vector>

namespace kpatch::produce {

/// Adds the time from its construction to its end to a list of steps.
class StepClock {
 public:
  StepClock(std::vector<StepTime>& steps, std::string name);
  ~StepClock();
  StepClock(const StepClock&) = delete;
  StepClock& operator=(const StepClock&) = delete;

 private:
  std::vector<StepTime>& steps_;
  std::string name_;
  std::chrono::steady_clock::time_point start_;
  double cpu_start_;
};

} // namespace kpatch::produce
