// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace kpatch::verify {

/// A function of a patch module.
struct PatchFunction {
  std::string object; ///< whose function it replaces; empty: it is new and replaces none
  std::string name;
  std::uint64_t position = 0; ///< among those of that name; 0: the only one

  auto operator<=>(const PatchFunction&) const = default;
};

/// What a patch module is to one that came before it. Each list is sorted.
struct PatchDifference {
  std::vector<PatchFunction> added, dropped, changed, same;

  bool is_empty() const { return added.empty() && dropped.empty() && changed.empty(); }
};

/// Compares finished modules function by function: code, what it refers to by name, and
/// the constants that it reads. Functions that only lie elsewhere are the same. Throws
/// Error if the modules are for different processors.
PatchDifference compare_patches(const elf::Object& older, const elf::Object& newer);

} // namespace kpatch::verify
