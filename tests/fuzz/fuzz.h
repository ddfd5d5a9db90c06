// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the fuzz targets share. Whatever bytes come in, the only way to refuse them is an
// Error; any other exception, a crash, a hang or a leak is a finding.
#pragma once

#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kpatch::fuzz {

/// One of several readings of the same input: what it refuses, the next may still take.
template <typename Step>
void try_step(Step step) {
  try {
    step();
  } catch (const Error&) {
  }
}

/// Runs a target on one input; the result is what libFuzzer wants back.
template <typename Target>
int run(const std::uint8_t* data, std::size_t size, Target target) {
  try_step([&] { target(std::span(data, size)); });
  return 0;
}

inline std::string_view as_text(std::span<const std::uint8_t> input) {
  return {reinterpret_cast<const char*>(input.data()), input.size()};
}

/// Stands between the two objects in an input of the differ. A mark instead of a length:
/// what a mutation inserts or removes moves it along.
inline constexpr std::string_view kBorder = "\n--- patched ---\n";

} // namespace kpatch::fuzz
