// SPDX-License-Identifier: GPL-2.0-or-later
//
// A large change is rarely patchable as a whole. What is left of it must be a change that
// its author could have made: either all of a file's changes are in or none, a type of
// a header and what goes with it aside, and of a series either a whole patch or nothing
// of it. That what remains fits together is then for the compiler to say, which sees it
// as it would see any other patch.
#pragma once

#include "patch/patch_file.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace kpatch::patch {

/// What is in or out as one.
enum class Grain {
  kAll,   ///< nothing is left out
  kFile,  ///< all that the patches do to a file
  kPatch, ///< a patch
};

/// A part of the change that is not in the live patch, and why.
struct LeftForReboot {
  std::string change; ///< the file, "FILE: struct x" of a file, or the name of the patch
  std::string subject{};          ///< of the patch
  std::vector<std::string> files; ///< that it would change
  std::vector<std::string> fixes; ///< CVE ids that it names
  std::string unit;               ///< what cannot be patched, or not without it
  std::string code;               ///< of the problem; empty: it does not compile or apply
  std::string reason;
  /// It could be patched, but for what was left out before.
  bool is_consequence = false;
};

/// One sentence for the user.
std::string notice_of(const LeftForReboot& part);

class Selection {
 public:
  Selection(std::vector<PatchFile> patches, Grain grain);

  /// The patches with what is still in.
  std::vector<PatchFile> chosen() const;
  /// Those of them of which nothing is left out.
  std::vector<PatchFile> whole() const;
  bool is_by_file() const { return grain_ == Grain::kFile; }
  bool is_empty() const { return out_.size() == parts_.size(); }

  /// Leaves out the part that changes the file; of several patches that do, the last that
  /// is in. False if there is none.
  bool leave_out_file(const std::string& path, const LeftForReboot& why);
  /// Leaves out what the file's change does to a type ("struct file") and to what goes
  /// with it; the rest of the change is in.
  void leave_out_type(const std::string& path, const std::string& type,
                      LeftForReboot why);
  /// Leaves out the patch of this name. False if it is not in or patches are no grains.
  bool leave_out_patch(const std::string& name, const LeftForReboot& why);

  /// Takes in again what changes the file, if that was left out.
  void take_back_file(const std::string& path);

  const std::vector<LeftForReboot>& left_out() const { return left_out_; }
  /// The types that were left out, by file.
  const std::map<std::string, std::set<std::string>>& types_left_out() const {
    return types_out_;
  }

 private:
  struct Part {
    std::string name;
    std::set<std::string> files;
    std::size_t patch = 0; ///< for Grain::kPatch
  };
  void add_files();
  void add_patches();
  void take_out(std::size_t part, LeftForReboot why);

  std::vector<PatchFile> patches_;
  Grain grain_;
  std::vector<Part> parts_;
  std::set<std::size_t> out_;
  std::map<std::string, std::set<std::string>> types_out_;
  std::vector<LeftForReboot> left_out_;
};

} // namespace kpatch::patch
