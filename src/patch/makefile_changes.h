// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/problem.h"
#include "kernel/target.h"
#include "patch/patch_apply.h"

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::patch {

/// What a patch series changes in how the kernel is put together.
struct MakefileChanges {
  std::vector<std::string> followed; ///< makefiles that need no more attention
  kernel::UnitIndex added;           ///< units that the running kernel does not have
  std::vector<Problem> problems;
};

/// Reads the kernel's makefiles as they were and as they are in the view, if the patches
/// touch any that can be followed.
MakefileChanges follow_makefiles(std::span<const TouchedFile> touched,
                                 const PatchedView& view, const kernel::Target& target);

/// Whether two texts of a makefile differ in lists of objects alone, and in settings of
/// single objects that are all in `added` ("new.o").
bool only_lists_differ(std::string_view original, std::string_view patched,
                       const std::set<std::string, std::less<>>& added);

/// Whether the file is one of those that say what a kernel is made of, and how.
bool steers_the_build(std::string_view path);

/// Whether all that the change does is to give the kernel another number (VERSION,
/// SUBLEVEL and the like in its top makefile), as stable updates do.
bool changes_version_only(const FileChange& change);

/// That a live patch cannot do what the file asks for.
Problem build_is_changed(const std::string& path, std::string message,
                         std::string remedy);

} // namespace kpatch::patch
