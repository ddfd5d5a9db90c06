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
#include "kernel/requirements.h"
#include "produce/module_naming.h"
#include "produce/step_clock.h"
#include "produce/steps.h"

#include <algorithm>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

void walk(Context& context, const TargetFinder& find_target) {
  const std::vector<patch::PatchFile> patches = read_patches(context);
  kernel::Target target = find_kernel(context, find_target);
  // The kernel is there and the compiler is its own.

  patch::PatchedView view(target.source, context.work.path() / "source");
  const PatchedSource source = patch_source(context, patches, view, target);
  // The view holds the patched source, and every change is one that units can carry.

  const compile::Workshop shop = workshop(context, target, source.added);
  const std::vector<compile::UnitObjects> objects =
      compile_both(context, shop, view, source);
  compare(context, shop, view, objects);
  if (has_refused_units(context.result))
    review(context, shop, view, source, objects);
  end_unless_patchable(context);
  // Every changed unit's part of the module is in an intermediate object.

  const std::vector<VersionChange> versions =
      compare_versions(context, shop, view, source, objects);
  review(context, shop, view, source, objects);
  // What is known to be dangerous about them has been said.

  link(context, shop, versions);
}

void save_log(const BuildOptions& options, compile::BuildLog& log,
              fs::file_time_type start, BuildResult& result) {
  const bool wanted = options.keep_log || result.outcome == BuildOutcome::kFailed ||
                      result.outcome == BuildOutcome::kRefused;
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

void Context::leave_out(std::vector<patch::LeftOut> files) {
  for (const std::string& notice : patch::notices_of(files))
    say(notice);
  std::ranges::move(files, std::back_inserter(result.left_out));
}

void refuse(Context& context, std::string_view message) {
  context.result.outcome = BuildOutcome::kRefused;
  throw Error(std::string(message));
}

kernel::Target find_kernel(Context& context, const TargetFinder& find_target) {
  kernel::Target target;
  {
    const StepClock clock(context.result.steps, "kernel");
    target = find_target();
  }
  context.result.release = target.release;
  context.result.source_version = target.version;
  context.result.machine = target.machine;
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
  result.module_name = options.name.empty() ? default_module_name(options.patches)
                                            : module_name_from(options.name);
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
