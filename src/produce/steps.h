// SPDX-License-Identifier: GPL-2.0-or-later
//
// The steps of a build, in the order in which `build_patch` takes them. What one step
// finds out is a value that it hands to the next; the context holds what all of them
// work with and what is to be said about the build.
#pragma once

#include "compile/shown_messages.h"
#include "compile/unit_objects.h"
#include "compile/work_dir.h"
#include "kernel/importers.h"
#include "patch/affected_units.h"
#include "produce/driver.h"
#include "produce/symbol_versions.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::produce {

/// In the build's own folder: texts whose lines have the numbers that they had.
inline constexpr const char* kFixedLines = "fixed-lines";

/// Both sides of a unit that an earlier round has compiled, what it has read of the files
/// of the patches, and what the comparison came to.
struct KeptUnit {
  compile::UnitObjects objects;
  std::map<std::string, std::string> read; ///< digests by path
  std::vector<UnitResult> compared{};      ///< with each owner; empty: compare them again
};

struct Context {
  const BuildOptions& options;
  const Listener& listener;
  BuildResult& result;
  compile::BuildLog& log;
  compile::WorkDir work;
  std::map<std::string, KeptUnit> kept{};
  std::set<std::string> failed_before{}; ///< units that an earlier round has refused
  std::set<std::string> passed_before{}; ///< units that it has compared and not refused
  /// By file what it was left out for, as long as that may be the fault of others.
  std::map<std::string, std::string> blamed{};
  /// By file the digest of what was in it when all of its types had been looked at.
  std::map<std::string, std::string> judged_layouts{};
  std::optional<kernel::Importers> importers{}; ///< once they have been asked for

  /// One line for the user, and for who reads the log later.
  void say(const std::string& line);
  void warn(const std::string& line);
  /// Functions and sections that are to stay as they are; of them, those that changed.
  std::vector<std::string> unwanted{};
  std::set<std::string> met{};
  unsigned rounds = 0;          ///< how often the build was begun
  std::set<std::string> told{}; ///< notices of files that are left out, in any round

  /// Forgets what was found out of a change that is not built as it was.
  void start_again();
  /// Says which files take no part and notes them in the result.
  void leave_out(std::vector<patch::LeftOut> files);
};

/// Ends the build: problems keep the patch from being made.
[[noreturn]] void refuse(Context& context, std::string_view message);

/// What the patches make of the kernel's source.
struct PatchedSource {
  std::vector<patch::TouchedFile> touched;
  patch::Affected affected;
  compile::PatchedTexts unfixed; ///< whose lines were given their original numbers
  compile::AddedUnits added;
};

/// The patches, those of series first, and the difference to a newer source last.
std::vector<patch::PatchFile> read_patches(Context& context,
                                           const kernel::Target& target);

/// Finds the kernel, and refuses one that this build cannot serve.
kernel::Target find_kernel(Context& context, const TargetFinder& find_target);

/// Fills the view with the source as what is selected patches it. Afterwards units that
/// the patches add are among those of the kernel, and changes that no unit can carry are
/// problems.
PatchedSource patch_source(Context& context, const patch::Selection& selection,
                           const patch::IncludeIndex& includes, patch::PatchedView& view,
                           kernel::Target& target);
void end_if_there_are_problems(Context& context);

/// Takes out of the selection what cannot be patched live, as far as is known. True if it
/// has become smaller: then the build has to be made again, of the rest.
bool leave_out_refused(Context& context, patch::Selection& selection,
                       const PatchedSource& source, const patch::IncludeIndex& includes,
                       const kernel::Target& target, const patch::PatchedView& view);

compile::Workshop workshop(Context& context, const kernel::Target& target,
                           const compile::AddedUnits& added);

/// Takes out the files and patches that are not wanted; what is left of the names must be
/// of functions and sections.
void leave_out_unwanted(Context& context, patch::Selection& selection);

/// Notes which functions and sections stay as they were, and ends the build if a name
/// stands for nothing.
void note_unwanted(Context& context);

/// The patches of which nothing is left out, by name or otherwise.
std::vector<patch::PatchFile> wholly_selected(const BuildResult& result,
                                              const patch::Selection& selection);

/// Whether what the review finds is left out as what is refused is.
bool leaves_hazards_out(const BuildOptions& options);

/// Where hazards are left out: makes problems of the files that change the layout of a
/// type of which there are objects.
void refuse_changed_layouts(Context& context, const compile::Workshop& shop,
                            patch::PatchedView& view, const PatchedSource& source,
                            const patch::IncludeIndex& includes);

/// Gives both sides of every unit that could be compiled and that reads a file of the
/// patches; what became of the others is in the result.
std::vector<compile::UnitObjects> compile_both(Context& context,
                                               const compile::Workshop& shop,
                                               patch::PatchedView& view,
                                               const PatchedSource& source);

/// The same of these units, whatever they read.
std::vector<compile::UnitObjects>
compile_these(Context& context, const compile::Workshop& shop, patch::PatchedView& view,
              const PatchedSource& source, std::vector<std::string> units);

/// Adds the result of each unit. A changed one's part of the module is in an intermediate
/// object then. Units whose functions call a changed one that cannot be redirected are
/// compiled, too, and added to the objects.
void compare(Context& context, const compile::Workshop& shop, patch::PatchedView& view,
             const PatchedSource& source, const patch::IncludeIndex& includes,
             std::vector<compile::UnitObjects>& objects);

/// Refuses units that use what no part of the module and no export provides. Does nothing
/// while other units are refused.
void refuse_unprovided(Context& context, const compile::Workshop& shop);

/// Says which hazards the patch has; looks at refused ones too. They are problems where
/// hazards are left out.
void review(Context& context, const compile::Workshop& shop,
            const patch::PatchedView& view, const PatchedSource& source,
            const std::vector<compile::UnitObjects>& objects);
bool has_refused_units(const BuildResult& result);

/// Ends the build if anything is wrong with any unit, or nothing is to be done.
void end_unless_patchable(Context& context);

/// Gives the versions of exports that a build of the whole kernel would change.
std::vector<VersionChange>
compare_versions(Context& context, const compile::Workshop& shop,
                 const patch::PatchedView& view, const PatchedSource& source,
                 const std::vector<compile::UnitObjects>& objects);

/// Links the parts, judges the module and puts it where it was asked for. Problems of
/// what can be left out are returned in the result.
void link(Context& context, const compile::Workshop& shop,
          const std::vector<VersionChange>& versions);

} // namespace kpatch::produce
