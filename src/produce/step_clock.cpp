// SPDX-License-Identifier: GPL-2.0-or-later
//
// Users wait for builds, so each step's time is part of the result. Processor time counts
// the programs that a step ran, which is where nearly all of it goes.
#include "produce/step_clock.h"

#include <algorithm>
#include <sys/resource.h>

namespace kpatch::produce {

namespace {

double cpu_seconds_so_far() {
  double sum = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime})
      sum += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  }
  return sum;
}

} // namespace

StepClock::StepClock(std::vector<StepTime>& steps, std::string name)
    : steps_(steps), name_(std::move(name)), start_(std::chrono::steady_clock::now()),
      cpu_start_(cpu_seconds_so_far()) {}

StepClock::~StepClock() {
  const std::chrono::duration<double> used = std::chrono::steady_clock::now() - start_;
  auto step = std::ranges::find(steps_, name_, &StepTime::name);
  if (step == steps_.end())
    step = steps_.insert(steps_.end(), {.name = std::move(name_)});
  step->seconds += used.count();
  step->cpu_seconds += cpu_seconds_so_far() - cpu_start_;
}

} // namespace kpatch::produce
