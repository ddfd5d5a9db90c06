// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "compile/workshop.h"
#include "kernel/target.h"
#include "patch/selection.h"
#include "produce/module_claims.h"
#include "produce/object_pair.h"
#include "produce/result.h"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::produce {

/// What a finding of the safety review does.
enum class Review { kWarn, kRefuse, kOff };

/// More functions than this that call one are hardly worth the risk to patch them all.
inline constexpr unsigned kMostCallers = 64;

struct BuildOptions {
  std::vector<std::filesystem::path> patches;
  std::vector<std::filesystem::path> series; ///< of patches, before the single ones
  /// Gives the tree that the kernel's source is to be brought to; empty: the patches say
  /// all.
  std::function<std::filesystem::path(const kernel::Target&)> newer_source{};
  std::string name; ///< of the module; empty: from the patch
  std::filesystem::path output_directory = ".";
  std::filesystem::path cache;        ///< for the log and private directories
  std::filesystem::path hook_sources; ///< this project's kmod/
  std::string launcher; ///< goes before the compiler; empty: one that is set up here
  std::filesystem::path debug_file; ///< for the module's debug information; empty: none
  Claims claims{};                  ///< what the module says about itself
  unsigned jobs = 1;
  unsigned fuzz = 2; ///< lines of context at each end that need not match, as patch(1)
  bool replace = true;
  InitChanges init_changes = InitChanges::kLeaveOutUnits;
  Review review = Review::kWarn;
  bool check_compiler = true;
  bool thunks = true; ///< for pointers to functions that are closed to calls through them
  /// How many functions of other units are patched for one that no tracer can redirect.
  unsigned most_callers = kMostCallers;
  bool set_data = true;      ///< words of live data are set while the patch is loaded
  bool unique_names = false; ///< replacements are not called as what they replace
  bool fix_lines = true;     ///< lines that a patch moves keep their numbers
  patch::Grain leave_out = patch::Grain::kAll; ///< what goes if it cannot be patched
  /// Files, patches of a series, functions and sections that are not to be in.
  std::vector<std::string> unwanted{};
  bool force = false; ///< though the original's code is not the running kernel's
  bool source_may_change = false; ///< it is the user's: keep nothing that is read from it
  bool wants_digests = false;     ///< of what the module is made of
  bool wants_changes = false;     ///< of the source, in the result
  bool explain = false;           ///< say why each function is part of the patch
  bool explains_all = false;      ///< and why what comes with them is
  bool keep_log = false;          ///< also if the build succeeds
  bool keep_work = false;         ///< leave the private directory behind
};

/// Who is told how a build goes on, one line at a time without its end.
struct Listener {
  std::function<void(std::string_view)> progress;
  std::function<void(std::string_view)> complaint; ///< warnings, compiler messages
  compile::ProgressListener
      compiled{}; ///< given how far a long step has come; may be empty
};

/// Finds the source that BuildOptions::to means.
using SourceFinder = std::function<std::filesystem::path(const kernel::Target&)>;

/// Finds the kernel; called within build_patch so that its failures are results too.
using TargetFinder = std::function<kernel::Target()>;

/// Makes the live-patch module for a patch series. Never throws for what can go wrong
/// with a build: the result says it.
BuildResult build_patch(const BuildOptions& options, const TargetFinder& find_target,
                        const Listener& listener);

} // namespace kpatch::produce
