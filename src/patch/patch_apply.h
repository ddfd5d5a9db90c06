// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/error.h"
#include "patch/patch_file.h"
#include "patch/patched_view.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace kpatch::patch {

/// A file of the source tree that the patches touch.
struct TouchedFile {
  std::string path;
  bool was_there = false; ///< in the pristine tree
  bool is_there = false;  ///< after the patches
  /// What is done to it besides changing lines. Of renames, copies and lines the view has
  /// the outcome; the others are left as they are.
  ChangeKind kind = ChangeKind::kLines;
  std::string other{}; ///< of a rename or copy

  bool operator==(const TouchedFile&) const = default;
};

/// A hunk that was not found where the patch says, or not with all of its context.
struct DisplacedHunk {
  std::string patch;
  std::string file;
  std::size_t hunk = 0;    ///< its number in the file's part of the patch, from 1
  std::uint64_t line = 0;  ///< where it was applied
  std::uint64_t fuzz = 0;  ///< lines of context at each end that were not looked at
  std::int64_t offset = 0; ///< lines further down than expected
  std::string meant{};     ///< the function in the patch, if it is known and another
  std::string landed{};    ///< the function in the file
};

/// One sentence for the user.
std::string notice_of(const DisplacedHunk& hunk);

struct ApplyRules {
  unsigned fuzz = 2; ///< as patch(1) has it
  /// Files that need not be patched, since no code of the kernel can come of them.
  std::function<bool(const std::string&, const FileChange&)> takes_no_part{};
};

struct AppliedPatches {
  std::vector<TouchedFile> touched; ///< each once, sorted
  std::vector<DisplacedHunk> displaced;
  std::vector<std::string> skipped; ///< take no part, or get another mode; sorted
};

/// A patch of which something does not apply.
class DoesNotApply : public Error {
 public:
  DoesNotApply(const std::string& message, std::string remedy, std::string patch)
      : Error(message, std::move(remedy)), patch_(std::move(patch)) {}
  const std::string& patch() const { return patch_; }

 private:
  std::string patch_;
};

/// Applies the patches in order. Afterwards the files that differ in the view are those
/// that it returns. Throws DoesNotApply naming the patch and every file and hunk of it
/// that does not.
AppliedPatches apply_patches(std::span<const PatchFile> patches, PatchedView& view,
                             const ApplyRules& rules = {});

} // namespace kpatch::patch
