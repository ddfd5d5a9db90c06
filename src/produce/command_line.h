// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/completions.h"
#include "kernel/target.h"
#include "produce/driver.h"
#include "sign/signing.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kpatch::produce {

/// Whether a build runs in namespaces of its own.
enum class Isolation { kForRoot, kAlways, kNever };

/// What the user of kpatch-build wants.
struct Invocation {
  enum class Action {
    kBuild,
    kShowHelp,
    kShowVersion,
    kComplainAboutUsage,
    kListCache,
    kCollectGarbage,
    kRemoveKernel,
    kVerifyCache,
    kShowPlaces,
    kShowCompletions
  };
  Action action = Action::kBuild;
  std::string usage_complaint;        ///< for kComplainAboutUsage
  std::vector<std::string> notices;   ///< to be shown before the work begins
  std::string shell;                  ///< for kShowCompletions
  std::vector<std::string> places;    ///< for kShowPlaces: what, release; may be fewer
  std::optional<std::uintmax_t> keep; ///< for kCollectGarbage: bytes that may stay
  BuildOptions options;
  std::string to; ///< a version, "newest", or a source tree; empty: patches only
  kernel::TargetRequest kernel;        ///< of `releases`, the first
  std::vector<std::string> releases;   ///< to build for; empty: the running kernel
  std::vector<std::string> selections; ///< of kernels, see distro/debian_kernels.h
  std::string only_kernel;      ///< of them, in the isolated part of a build for several
  std::filesystem::path json;   ///< empty: not wanted; "-": standard output
  bool output_is_json = false;  ///< standard output is for nothing else
  std::filesystem::path report; ///< empty: not wanted
  std::string package; ///< form of the package to make of it: deb, rpm; empty: none
  sign::Signer signer; ///< of the finished module; unset: nobody
  std::filesystem::path provenance, sbom, vex; ///< files to write; empty: not wanted
  std::filesystem::path reproduce;             ///< a provenance to follow; empty: none
  /// What was asked for, as options and their values, as far as the module depends on it.
  std::vector<std::pair<std::string, std::string>> asked;
  Isolation isolation = Isolation::kForRoot;
  /// Each has a folder of its own then.
  bool is_for_several() const { return releases.size() > 1 || !selections.empty(); }
  int debug = 0; ///< how often --debug was given
};

/// Reads the arguments as getopt_long does: long options may be abbreviated, options may
/// follow patches. Throws Error for values that cannot be used, such as a missing file.
Invocation parse_command_line(int argc, char** argv);

/// The text of --help.
std::string usage_text();

/// For the shells, which complete what is typed.
CompletedProgram completed_program();

} // namespace kpatch::produce
