// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::runtime {

/// A patch taking or losing effect, as the kernel dated it.
struct Transition {
  std::string patch;
  bool patching = true; ///< false: unpatching
  double seconds = 0;
};

/// Lines of the kernel log by which the kernel complains, without their time stamps.
std::vector<std::string> find_complaints(std::span<const std::string> log);

/// Reasons for alarm that are set in `after` and not in `before`, of the kernel's taint
/// mask.
std::vector<std::string> describe_new_taints(unsigned long before, unsigned long after);

std::vector<Transition> find_transitions(std::span<const std::string> log);

} // namespace kpatch::runtime
