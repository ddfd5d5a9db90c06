// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/context.h"
#include "image/image.h"
#include "image/symvers.h"
#include "kernel/target.h"
#include "produce/result.h"

#include <filesystem>
#include <functional>
#include <map>
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
  /// Gives the original as the kernel was made from it, where `original` is not.
  std::function<std::filesystem::path()> as_shipped{};
};

struct PairOptions {
  InitChanges init_changes = InitChanges::kLeaveOutUnits;
  /// Go on though the original's code is not what runs.
  bool force = false;
  /// Give functions that may no longer be called through a pointer a thunk that may.
  bool thunks = true;
  bool set_data = true;      ///< words of live data are set while the patch is loaded
  bool unique_names = false; ///< of what replaces functions
  bool explain = false;      ///< say where in the source changes come from
  /// Functions and sections that stay as they are; "fs/x.c:f" in that unit only.
  std::vector<std::string> left_out{};
  bool keep_debug = false; ///< the module is to have what debug information there is
};

/// Functions, and the vmlinux or module that has them.
using OwnCopies = std::map<std::string, std::string>;

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

  /// From now on the patch has its own copies of these functions, which whoever calls
  /// them is to call, and leaves those as they are that nothing calls which could still
  /// run. Not while anything is compared.
  void set_own_copies(OwnCopies copies, OwnCopies uncalled);

  /// The shipped code of vmlinux or a module; null where it cannot be read.
  const image::Image* image_of(const std::string& owner);
  const image::Symvers& symvers() const;

 private:
  struct Parents;
  const kernel::Target& target_;
  PairOptions options_;
  std::unique_ptr<Parents> parents_;
};

} // namespace kpatch::produce
