// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/error.h"
#include "base/note.h"
#include "base/problem.h"
#include "dwarf/debug_info.h"
#include "elf/patch_note.h"
#include "patch/left_out.h"
#include "patch/patch_apply.h"
#include "patch/selection.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace kpatch::produce {

struct FunctionChange {
  std::string name;
  bool is_new = false; ///< else changed
  std::string because; ///< why it is part of the patch
  /// Where its first changed instruction comes from; known with --explain.
  std::optional<dwarf::CodePlace> changed_at{};
  /// Digests of its code on both sides; with BuildOptions::wants_digests.
  std::string before{}, after{};
};

/// A file that the module was made of.
struct InputFile {
  std::string role; ///< "patch", "image", "configuration", "exports", "source", "hook"
  std::string name;
  std::string sha256;

  bool operator==(const InputFile&) const = default;
};

/// A variable or section that travels with the patch; shown with --explain.
struct Inclusion {
  std::string name;
  std::string because;
};

/// What became of one unit in one of its owners.
enum class UnitOutcome {
  kChanged,     ///< part of the module
  kUnchanged,   ///< compiles to the same code
  kRefused,     ///< its problems say why
  kNotCompiled, ///< its patched source does not compile
};

/// How far a unit's original code was found to be what runs.
struct Proof {
  std::size_t functions = 0;       ///< of the unit
  std::size_t equal = 0;           ///< of them, to the image's
  std::size_t absent = 0;          ///< of them, not in the image: weak defaults and such
  std::size_t references = 0;      ///< read back from the image
  std::vector<Problem> overridden; ///< what would have stopped the build without --force
};

struct UnitResult {
  std::string unit;  ///< "fs/proc/meminfo.c"
  std::string owner; ///< "vmlinux" or a module
  UnitOutcome outcome = UnitOutcome::kUnchanged;
  std::vector<FunctionChange> functions;
  std::vector<Inclusion> inclusions;
  std::vector<Note> notes; ///< what the comparison remarked, in order
  std::vector<Problem> problems;
  std::string compiler_errors; ///< if its patched source does not compile
  Proof proof;
  /// The answer might be a better one if the objects had debug information.
  bool wants_debug_info = false;
  /// Sections whose functions or variables it would take apart in other objects.
  std::vector<std::string> whole_sections{};
  std::vector<std::string> left_out{}; ///< functions and sections, as was asked for
  /// Functions that are refused for nothing but that other units may call them.
  std::vector<std::string> needs_callers{};
  /// The units whose functions it is in the patch for, to call them, though the change
  /// itself does not touch it.
  std::vector<std::string> in_for{};
  /// It shares with other units of the patch what one of them has made global.
  bool is_joint = false;
};

struct StepTime {
  std::string name;
  double seconds = 0;
  double cpu_seconds = 0; ///< of this program and those it ran
};

/// A patch that was read, and what the text around it says.
struct SeriesPatch {
  std::string name;
  std::string subject{};
  std::vector<std::string> cves{};
  std::vector<std::string> files{}; ///< that it changes
};

enum class BuildOutcome {
  kBuilt,
  kNoChange,    ///< no functional change found
  kNotAffected, ///< what the patch changes is not part of this kernel
  kRefused,     ///< there are problems
  kFailed,      ///< something went wrong; `message` says what
};

/// Everything that is to be said about a build, whether it succeeded or not.
struct BuildResult {
  BuildOutcome outcome = BuildOutcome::kFailed;
  std::string message; ///< why there is no module; may have several lines
  std::string remedy;
  std::filesystem::path log; ///< empty: none was saved

  std::string release;        ///< of the kernel
  std::string source_version; ///< of the package it was built from
  std::string machine;
  std::string compiler;          ///< "gcc-14 (Debian 14.2.0-19) 14.2.0"
  std::string compiler_packages; ///< of a fetched one; empty: it is installed
  std::vector<std::string> patches;
  std::vector<patch::DisplacedHunk>
      displaced;                        ///< that are elsewhere than the patches say
  std::vector<patch::LeftOut> left_out; ///< files that take no part

  std::vector<SeriesPatch> series; ///< every patch, in order
  /// What they change, line by line; with BuildOptions::wants_changes.
  std::vector<patch::PatchFile> changes{};

  /// Parts of the change that are not in the module although they change what runs.
  std::vector<patch::LeftForReboot> needs_reboot;

  std::string module_name;
  std::filesystem::path module; ///< empty: none was made
  bool replace = true;
  elf::ModuleInfo info{};          ///< what it says about itself
  std::vector<InputFile> inputs{}; ///< with BuildOptions::wants_digests

  std::vector<UnitResult> units;
  std::vector<Problem> problems; ///< those that belong to no unit
  std::vector<Problem> warnings; ///< what the review found; it is not an obstacle
  std::vector<StepTime> steps;
};

/// What has to stay as it is if a unit cannot be patched: itself, or the units that it is
/// in for.
std::vector<std::string> units_at_fault(const BuildResult& result,
                                        const std::string& unit);

/// Runs the step; what goes wrong in it is a result too.
void note_failure(BuildResult& result, const std::function<void()>& step);

} // namespace kpatch::produce
