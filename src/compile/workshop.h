// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cache/file_digests.h"
#include "compile/build_log.h"
#include "kernel/target.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::compile {

/// How far the compiling has come.
struct Progress {
  std::size_t done = 0;  ///< units of which both sides are there
  std::size_t total = 0; ///< units
  double seconds = 0;    ///< since the first one was begun
};
using ProgressListener = std::function<void(const Progress&)>;

/// Units that a patch adds to the kernel. Its own makefiles do not know them.
struct AddedUnits {
  std::set<std::string> units;
  std::filesystem::path patched_tree; ///< whose makefiles do
  std::filesystem::path empty_tree;   ///< in which they are there, but empty
};

/// What every step of one build works with.
struct Workshop {
  const kernel::Target& target;
  std::filesystem::path work; ///< private to this run
  BuildLog& log;
  unsigned jobs = 1;
  std::filesystem::path author_headers; ///< where patches find kpatch-macros.h
  bool source_may_change = false;       ///< it is the user's own
  std::vector<std::string> launcher{};  ///< what goes before the compiler
  bool keep_debug = false;              ///< patched objects have debug information
  bool debug_originals = false;         ///< and so have original ones
  /// Sections out of which each function or variable gets one of its own.
  std::vector<std::string> taken_apart{};
  ProgressListener progress{}; ///< called after each unit, one at a time; may be empty
  AddedUnits added{};
  std::filesystem::path originals{}; ///< a store of objects, for all kernels; empty: none
  std::shared_ptr<cache::FileDigests> digests = std::make_shared<cache::FileDigests>();

  /// A digest of the compiler's programs.
  std::string compiler_digest() const;
  /// A digest of all that such results depend on; `recipe`: what kbuild was asked with.
  std::string key_of_results(std::string_view recipe) const;
  /// Where results that depend on this kernel's configuration and compiler are kept, and
  /// on the recipe of this program.
  std::filesystem::path kept(const std::string& kind) const;
};

} // namespace kpatch::compile
