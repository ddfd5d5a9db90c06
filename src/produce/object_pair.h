// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/context.h"
#include "kernel/target.h"
#include "produce/result.h"

#include <filesystem>
#include <memory>
#include <string>

namespace kpatch::produce {

using diff::InitChanges;

/// Two sides of one unit, and whose code it is.
struct ObjectPair {
  std::string unit;
  std::string owner;
  std::filesystem::path original;
  std::filesystem::path patched;
  /// The original as the kernel was made from it, if `original` is not; else empty.
  std::filesystem::path as_shipped{};
};

struct PairOptions {
  InitChanges init_changes = InitChanges::kLeaveOutUnits;
  /// Go on though the original's code is not what runs.
  bool force = false;
  /// Give functions that may no longer be called through a pointer a thunk that may.
  bool thunks = true;
  bool unique_names = false; ///< of what replaces functions
  bool explain = false;      ///< say where in the source changes come from
  /// Functions and sections that stay as they are; "fs/x.c:f" in that unit only.
  std::vector<std::string> left_out{};
  bool keep_debug = false; ///< the module is to have what debug information there is
};

/// Compares the sides of units and makes the intermediate objects that the module is
/// linked from. What it reads of the kernel is read once for all pairs.
class PairDiffer {
 public:
  PairDiffer(const kernel::Target& target, const PairOptions& options);
  ~PairDiffer();

  /// What changed; with kChanged the intermediate object is at `output`. May be called
  /// from several threads.
  UnitResult compare(const ObjectPair& pair, const std::filesystem::path& output);

  /// Whether the object names something that a unit made global and that stays the
  /// kernel's. Units can use that once they are compared again.
  bool names_new_global(const std::filesystem::path& object) const;

 private:
  struct Parents;
  const kernel::Target& target_;
  PairOptions options_;
  std::unique_ptr<Parents> parents_;
};

} // namespace kpatch::produce
