// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "build/result.h"
#include "kernel/target.h"

#include <filesystem>
#include <memory>
#include <string>

namespace kpatch::build {

/// What is to be done about changes of init and exit code, which cannot take effect in a
/// kernel that runs.
enum class InitChanges { kRefuse, kLeaveOut };

/// Two sides of one unit, and whose code it is.
struct ObjectPair {
  std::string unit;
  std::string owner;
  std::filesystem::path original;
  std::filesystem::path patched;
};

/// Compares the sides of units and makes the intermediate objects that the module is
/// linked from. What it reads of the kernel is read once for all pairs.
class PairDiffer {
 public:
  PairDiffer(const kernel::Target& target, InitChanges init_changes);
  ~PairDiffer();

  /// What changed; with kChanged the intermediate object is at `output`.
  UnitResult compare(const ObjectPair& pair, const std::filesystem::path& output);

 private:
  struct Parents;
  const kernel::Target& target_;
  InitChanges init_changes_;
  std::unique_ptr<Parents> parents_;
};

} // namespace kpatch::build
