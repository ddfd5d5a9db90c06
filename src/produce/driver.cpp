// SPDX-License-Identifier: GPL-2.0-or-later
//
// The selective way from a patch to a module: only the units that the patch touches are
// compiled, each from the pristine source and from the patched view, and the two objects
// are compared. `walk` is the list of steps; everything is written to a private directory
// until the finished module is renamed into place.
#include "produce/driver.h"

#include "base/files.h"
#include "cache/cache.h"
#include "compile/build_log.h"
#include "kernel/compiler_check.h"
#include "kernel/patched_by.h"
#include "kernel/requirements.h"
#include "patch/reach.h"
#include "produce/input_digests.h"
#include "produce/module_naming.h"
#include "produce/step_clock.h"
#include "produce/steps.h"

#include <algorithm>
#include <malloc.h>
#include <set>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

/// What of the change is selected, from its source to the module. False if some of that
/// cannot be patched live and is not selected any more.
bool build(Context& context, const kernel::Target& found,
           const patch::IncludeIndex& includes, patch::Selection& selection) {
  kernel::Target target = found;
  patch::PatchedView view(target.source, context.work.path() / "source");
  const PatchedSource source = patch_source(context, selection, includes, view, target);
  const auto is_smaller = [&] {
    return leave_out_refused(context, selection, source, includes, target, view);
  };
  const compile::Workshop shop = workshop(context, target, source.added);
  refuse_changed_layouts(context, shop, view, source, includes);
  if (is_smaller())
    return false;
  end_if_there_are_problems(context);
  // The view holds the patched source, and every change is one that units can carry.

  std::vector<compile::UnitObjects> objects = compile_both(context, shop, view, source);
  compare(context, shop, view, source, includes, objects);
  refuse_unprovided(context, shop);
  if (is_smaller())
    return false;
  if (has_refused_units(context.result))
    review(context, shop, view, source, objects);
  note_unwanted(context);
  end_unless_patchable(context);
  // Every changed unit's part of the module is in an intermediate object.

  review(context, shop, view, source, objects);
  if (is_smaller())
    return false;
  end_if_there_are_problems(context);
  // What is known to be dangerous about them has been said.

  const std::vector<VersionChange> versions =
      compare_versions(context, shop, view, source, objects);

  context.result.info =
      module_info(context.options.claims, wholly_selected(context.result, selection),
                  context.result.left_out);
  if (context.options.wants_digests)
    note_inputs(context.result, context.options, found);
  malloc_trim(0); // else the judge reads the images beside what the units had
  link(context, shop, versions);
  if (is_smaller())
    return false;
  end_if_there_are_problems(context);
  return true;
}

/// A patch of a series may need one that is left out.
bool build_what_applies(Context& context, const kernel::Target& target,
                        const patch::IncludeIndex& includes,
                        patch::Selection& selection) {
  try {
    return build(context, target, includes, selection);
  } catch (const patch::DoesNotApply& error) {
    if (context.options.leave_out == patch::Grain::kAll || selection.left_out().empty() ||
        !selection.leave_out_patch(
            error.patch(),
            {.unit = error.patch(), .reason = error.what(), .is_consequence = true}))
      throw;
    return false;
  }
}

/// What is named can be left out where what is refused is not.
patch::Grain grain_of(const BuildOptions& options) {
  if (options.unwanted.empty() || options.leave_out != patch::Grain::kAll)
    return options.leave_out;
  return options.series.empty() ? patch::Grain::kFile : patch::Grain::kPatch;
}

void walk(Context& context, const TargetFinder& find_target) {
  const kernel::Target target = find_kernel(context, find_target);
  // The kernel is there and the compiler is its own.

  patch::Selection selection(read_patches(context, target), grain_of(context.options));
  leave_out_unwanted(context, selection);

  const patch::IncludeIndex includes =
      patch::includes_of(target, context.options.source_may_change);
  do {
    context.start_again();
    context.result.needs_reboot = selection.left_out();
    if (context.rounds > 1 && selection.is_empty())
      refuse(context, "Nothing of the change can be patched live");
  } while (!build_what_applies(context, target, includes, selection));
}

void save_log(const BuildOptions& options, compile::BuildLog& log,
              fs::file_time_type start, BuildResult& result) {
  const bool is_failure =
      result.outcome == BuildOutcome::kFailed || result.outcome == BuildOutcome::kRefused;
  const bool wanted = options.keep_log || (is_failure && log.has_programs());
  const fs::path file = options.cache / "build.log";
  if (!wanted || !fs::is_directory(options.cache))
    return compile::remove_older_log(file, start);
  log.add(result.message);
  result.log = file;
  log.save(result.log);
}

} // namespace

void Context::say(const std::string& line) {
  log.add(line);
  listener.progress(line);
}

void Context::warn(const std::string& line) {
  log.add(line);
  listener.complaint(line);
}

void Context::start_again() {
  ++rounds;
  malloc_trim(0); // else the next round reads the kernel's image beside what this one had
  result.units.clear();
  result.problems.clear();
  result.left_out.clear();
  result.displaced.clear();
  static const std::set<std::string> kStillRight{"orig", "patched", "objects", "output",
                                                 kFixedLines};
  std::vector<fs::path> outdated;
  for (const auto& entry : fs::directory_iterator(work.path()))
    if (entry.is_directory() && !kStillRight.contains(entry.path().filename()))
      outdated.push_back(entry.path());
  for (const fs::path& path : outdated)
    fs::remove_all(path);
}

void Context::leave_out(std::vector<patch::LeftOut> files) {
  for (const std::string& notice : patch::notices_of(files))
    if (told.insert(notice).second)
      say(notice);
  std::ranges::move(files, std::back_inserter(result.left_out));
}

void refuse(Context& context, std::string_view message) {
  context.result.outcome = BuildOutcome::kRefused;
  throw Error(std::string(message));
}

namespace {

std::string module_name(const BuildOptions& options, kernel::PatchedBy taker) {
  return options.name.empty()
             ? default_module_name(
                   options.patches.empty() ? options.series : options.patches, taker)
             : module_name_from(options.name);
}

} // namespace

kernel::Target find_kernel(Context& context, const TargetFinder& find_target) {
  kernel::Target target;
  {
    const StepClock clock(context.result.steps, "kernel");
    target = find_target();
  }
  context.result.module_name = module_name(context.options, kernel::patched_by(target));
  context.result.release = target.release;
  context.result.source_version = target.version;
  context.result.machine = target.machine;
  context.result.compiler = target.compiler.version_text;
  context.result.compiler_packages = target.compiler.packages;
  if (context.options.replace && !kernel::can_replace(target))
    fail_with_remedy("pass -R: the patch then joins the patches that are loaded instead "
                     "of replacing them",
                     "The kernel doesn't support klp replace");
  if (context.options.check_compiler)
    kernel::check_compiler(target.compiler);
  else
    context.listener.complaint(
        "WARNING: Skipping compiler version matching check (not recommended)");
  return target;
}

BuildResult build_patch(const BuildOptions& options, const TargetFinder& find_target,
                        const Listener& listener) {
  BuildResult result;
  result.replace = options.replace;
  result.module_name = module_name(options, kernel::PatchedBy::kLivepatch);
  for (const fs::path& patch : options.patches)
    result.patches.push_back(patch.string());
  compile::BuildLog log;
  const auto start = fs::file_time_type::clock::now();
  note_failure(result, [&] { // there may be no place to work in
    cache::claim_cache(options.cache);
    Context context{options, listener, result, log,
                    compile::WorkDir(options.cache / "tmp")};
    note_failure(result, [&] { walk(context, find_target); });
    if (options.keep_work) {
      context.work.keep();
      listener.progress("Skipping cleanup: " + context.work.path().string());
    }
  });
  note_failure(result, [&] { save_log(options, log, start, result); });
  return result;
}

} // namespace kpatch::produce
