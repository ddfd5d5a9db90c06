// SPDX-License-Identifier: GPL-2.0-or-later
//
// The selective way from a patch to a module: only the units that the patch touches are
// compiled, each from the pristine source and from the patched view, and the two objects
// are compared. `Build::walk` is the list of steps; everything is written to a private
// directory until the finished module is renamed into place.
#include "produce/driver.h"

#include "base/files.h"
#include "base/interrupt.h"
#include "cache/cache.h"
#include "cache/layout.h"
#include "compile/build_log.h"
#include "compile/launcher.h"
#include "compile/shown_messages.h"
#include "compile/work_dir.h"
#include "kernel/compiler_check.h"
#include "kernel/requirements.h"
#include "klp/module.h"
#include "patch/affected_units.h"
#include "patch/left_out.h"
#include "patch/makefile_changes.h"
#include "patch/needed_option.h"
#include "patch/patch_apply.h"
#include "patch/reach.h"
#include "produce/kernel_patching.h"
#include "produce/module_check.h"
#include "produce/module_naming.h"
#include "produce/safety_review.h"
#include "produce/step_clock.h"
#include "produce/symbol_versions.h"
#include "produce/unit_diffs.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

class Build {
 public:
  Build(const BuildOptions& options, const Listener& listener, BuildResult& result,
        compile::BuildLog& log)
      : options_(options), listener_(listener), result_(result), log_(log),
        work_(options.cache / "tmp") {}

  void walk(const TargetFinder& find_target) {
    read_patches();
    kernel::Target target = find(find_target);
    if (options_.replace && !kernel::can_replace(target))
      fail_with_remedy(
          "pass -R: the patch then joins the patches that are loaded instead "
          "of replacing them",
          "The kernel doesn't support klp replace");
    if (options_.check_compiler)
      kernel::check_compiler(target.compiler);
    else
      listener_.complaint(
          "WARNING: Skipping compiler version matching check (not recommended)");
    // The kernel is there and the compiler is its own.

    patch::PatchedView view(target.source, work_.path() / "source");
    const compile::AddedUnits added = patch_source(view, target);
    // The view holds the patched source, and every change is one that units can carry.

    const compile::Workshop shop{
        .target = target,
        .work = work_.path(),
        .log = log_,
        .jobs = options_.jobs,
        .author_headers = fs::absolute(options_.hook_sources / "include"),
        .source_may_change = options_.source_may_change,
        .launcher = compile::find_launcher(options_.launcher),
        .keep_debug = !options_.debug_file.empty() || options_.explain,
        .progress = listener_.compiled,
        .added = added,
        .originals = options_.cache / cache::kOriginals};
    const std::vector<compile::UnitObjects> objects = compile_both(shop, view);
    compare(shop, view, objects);
    if (has_refused_units())
      review(shop, view, objects);
    end_unless_patchable();
    // Every changed unit's part of the module is in an intermediate object.

    compare_versions(shop, view, objects);
    review(shop, view, objects);
    // What is known to be dangerous about them has been said.

    link(shop);
  }

  void keep_work_dir() {
    work_.keep();
    listener_.progress("Skipping cleanup: " + work_.path().string());
  }

 private:
  /// One line for the user, and for who reads the log later.
  void say(const std::string& line) {
    log_.add(line);
    listener_.progress(line);
  }

  void read_patches() {
    for (const fs::path& file : options_.patches) {
      patches_.push_back(patch::parse_patch(read_text(file), file.string()));
      for (const std::size_t line : patches_.back().quoted)
        say(fmt::format(
            "NOTICE: {}: line {}: the indented diff is taken for a part of the "
            "message, as git am does; patch(1) would apply it",
            file.string(), line));
    }
  }

  kernel::Target find(const TargetFinder& find_target) {
    const StepClock clock(result_.steps, "kernel");
    kernel::Target target = find_target();
    result_.release = target.release;
    result_.source_version = target.version;
    result_.machine = target.machine;
    return target;
  }

  compile::AddedUnits patch_source(patch::PatchedView& view, kernel::Target& target);
  void apply(patch::PatchedView& view, const kernel::Target& target,
             const patch::IncludeIndex& includes);
  void leave_out(std::vector<patch::LeftOut> files);
  compile::AddedUnits add_units(const patch::PatchedView& view, kernel::Target& target);
  std::vector<compile::UnitObjects> compile_both(const compile::Workshop& shop,
                                                 patch::PatchedView& view);
  void set_failures_aside(std::vector<compile::UnitObjects>& objects);
  void leave_out_unreached(const patch::PatchedView& view,
                           std::vector<compile::UnitObjects>& objects);
  void compare(const compile::Workshop& shop, const patch::PatchedView& view,
               const std::vector<compile::UnitObjects>& objects);
  void tell_about(const UnitResult& result);
  bool has_refused_units() const {
    return std::ranges::count(result_.units, UnitOutcome::kRefused,
                              &UnitResult::outcome) > 0;
  }
  void end_unless_patchable();
  [[noreturn]] void end_with_compiler_errors();
  void compare_versions(const compile::Workshop& shop, const patch::PatchedView& view,
                        const std::vector<compile::UnitObjects>& objects);
  void review(const compile::Workshop& shop, const patch::PatchedView& view,
              const std::vector<compile::UnitObjects>& objects);
  void link(const compile::Workshop& shop);
  void make_warnings_of_problems();

  [[noreturn]] void refuse(std::string_view message) {
    result_.outcome = BuildOutcome::kRefused;
    throw Error(std::string(message));
  }
  [[noreturn]] void no_change(std::string_view message) {
    result_.outcome = BuildOutcome::kNoChange;
    throw Error(std::string(message));
  }

  [[noreturn]] void not_affected() {
    result_.outcome = BuildOutcome::kNotAffected;
    throw Error(patch::not_affected_because(result_.left_out));
  }

  const BuildOptions& options_;
  const Listener& listener_;
  BuildResult& result_;
  compile::BuildLog& log_;
  compile::WorkDir work_;
  std::vector<patch::PatchFile> patches_;
  std::vector<patch::TouchedFile> touched_;
  compile::PatchedTexts unfixed_; ///< those whose lines were given their original numbers
  patch::Affected affected_;
  std::string compiler_errors_;
  std::vector<VersionChange> versions_; ///< of exports, as a build of all would change
};

/// Takes the units that the patch adds to the kernel's makefiles for units of the kernel.
compile::AddedUnits Build::add_units(const patch::PatchedView& view,
                                     kernel::Target& target) {
  const patch::MakefileChanges changes = patch::follow_makefiles(touched_, view, target);
  std::erase_if(touched_, [&](const patch::TouchedFile& file) {
    return std::ranges::find(changes.followed, file.path) != changes.followed.end();
  });
  result_.problems = changes.problems;
  for (const auto& [unit, owners] : changes.added.all())
    say(fmt::format("{}: new in {}", unit, fmt::join(owners, ", ")));
  return add_to_kernel(changes.added, view, target, work_.path() / "empty");
}

void Build::leave_out(std::vector<patch::LeftOut> files) {
  for (const std::string& notice : patch::notices_of(files))
    say(notice);
  std::ranges::move(files, std::back_inserter(result_.left_out));
}

void Build::apply(patch::PatchedView& view, const kernel::Target& target,
                  const patch::IncludeIndex& includes) {
  patch::AppliedPatches applied = apply_to_kernel(patches_, view, {target, includes},
                                                  options_.fuzz, affected_.ignored);
  touched_ = std::move(applied.touched);
  for (const patch::DisplacedHunk& hunk : applied.displaced)
    say(patch::notice_of(hunk));
  result_.displaced = std::move(applied.displaced);
}

compile::AddedUnits Build::patch_source(patch::PatchedView& view,
                                        kernel::Target& target) {
  const StepClock clock(result_.steps, "patch");
  say("Testing patch file(s)");
  const patch::IncludeIndex includes =
      patch::includes_of(target, options_.source_may_change);
  apply(view, target, includes);
  std::vector<patch::LeftOut> skipped = std::move(affected_.ignored);
  compile::AddedUnits added = add_units(view, target);
  affected_ =
      patch::affected_units(touched_, target.units, includes, [&](const auto& path) {
        return patch::missing_option(view.root(), target.config, path);
      });
  for (const std::string& unit : added.units)
    if (std::ranges::find(affected_.units, unit) == affected_.units.end())
      affected_.units.push_back(unit); // the file was there, but not in the kernel
  std::ranges::move(affected_.ignored, std::back_inserter(skipped));
  leave_out(std::move(skipped));
  const patch::HeadersLeftOut left_out =
      patch::add_units_of_headers(affected_, includes, target, view, options_.jobs);
  for (const std::string& header : left_out.same) {
    say(fmt::format("{}: only comments and blanks are changed", header));
    std::erase_if(touched_,
                  [&](const patch::TouchedFile& file) { return file.path == header; });
  }
  for (const std::string& header : left_out.unused)
    say(fmt::format("{}: what is changed is not used by any unit", header));
  if (!left_out.beyond.empty())
    listener_.complaint(fmt::format("WARNING: the patch also changes what {} is compiled "
                                    "from: boot code or the vDSO, "
                                    "which a live patch does not change",
                                    fmt::join(left_out.beyond, ", ")));
  if (options_.fix_lines)
    unfixed_ = fix_lines(touched_, view);
  std::ranges::copy(affected_.problems, std::back_inserter(result_.problems));
  if (!result_.problems.empty())
    refuse("Unsupported changes detected");
  return added;
}

std::vector<compile::UnitObjects> Build::compile_both(const compile::Workshop& shop,
                                                      patch::PatchedView& view) {
  std::vector<std::string> units = affected_.units;
  units.insert(units.end(), affected_.candidates.begin(), affected_.candidates.end());
  for (const std::string& unit : units)
    if (const fs::path directory = fs::path(unit).parent_path(); !directory.empty())
      view.own_directory(directory.native());
  if (!units.empty())
    say(fmt::format("{} unit{} to compile", units.size(), units.size() == 1 ? "" : "s"));
  std::vector<compile::UnitFailure> failures;
  std::vector<compile::UnitCommand> commands;
  {
    const StepClock clock(result_.steps, "commands");
    commands = compile::unit_commands(shop, units, failures);
  }
  for (const compile::UnitFailure& failure : failures)
    result_.units.push_back(not_comparable(failure.unit, failure.error));
  const StepClock clock(result_.steps, "compile");
  if (!units.empty()) {
    say("Building original source");
    say("Building patched source");
  }
  std::vector<compile::UnitObjects> objects =
      compile::compile_units(shop, view, commands);
  compile::retell_messages(shop, view, unfixed_, objects);
  set_failures_aside(objects);
  leave_out_unreached(view, objects);
  return objects;
}

/// Takes out the units of which a side could not be made; that is their result.
void Build::set_failures_aside(std::vector<compile::UnitObjects>& objects) {
  for (const compile::UnitObjects& unit : objects) {
    const compile::Compiled& side = unit.patched_side;
    if (unit.failure) {
      result_.units.push_back(not_comparable(unit.unit, *unit.failure));
    } else if (!side.ok) {
      compiler_errors_ += "\n" + side.messages;
      result_.units.push_back({.unit = unit.unit, .outcome = UnitOutcome::kNotCompiled});
    } else if (!side.messages.empty()) {
      listener_.complaint(side.messages);
    }
  }
  std::erase_if(objects,
                [](const compile::UnitObjects& unit) { return !unit.is_complete(); });
}

void Build::end_with_compiler_errors() {
  std::vector<std::string> failed;
  for (const UnitResult& unit : result_.units)
    if (unit.outcome == UnitOutcome::kNotCompiled)
      failed.push_back(unit.unit);
  fail_with_remedy(compile::remedy_for_errors(compiler_errors_),
                   "{}: the patched source does not compile{}", fmt::join(failed, ", "),
                   compiler_errors_);
}

/// Drops the candidates that include no file of the patch after all. Afterwards every
/// file of the patch has been read for one of the units, unless some could not be made.
void Build::leave_out_unreached(const patch::PatchedView& view,
                                std::vector<compile::UnitObjects>& objects) {
  std::set<std::string> included;
  std::erase_if(objects, [&](const compile::UnitObjects& unit) {
    try {
      const std::set<std::string> read =
          compile::touched_files_read(view, touched_, unit.patched_side);
      included.insert(read.begin(), read.end());
      return read.empty();
    } catch (const Error& error) {
      result_.units.push_back(not_comparable(unit.unit, error));
      return true;
    }
  });
  if (!result_.units.empty())
    return; // one of these may include what is missing
  for (const patch::TouchedFile& file : affected_.to_be_included)
    if (included.contains(file.path))
      continue;
    else if (is_for_left_out(file, result_.left_out, view))
      leave_out({
          {file.path, patch::WhyLeftOut::kUnread}
      });
    else
      result_.problems.push_back(patch::not_included(file));
}

void Build::tell_about(const UnitResult& result) {
  const std::string object = fs::path(result.unit).replace_extension(".o");
  for (const std::string& note : result.notes)
    say(fmt::format("{}: {}", object, note));
  if (options_.explain)
    for (const FunctionChange& function : result.functions)
      say(fmt::format("{}: {}: because {}", object, function.name, function.because));
  for (const Inclusion& inclusion : result.inclusions)
    say(fmt::format("{}: with {}: because {}", object, inclusion.name,
                    inclusion.because));
}

void Build::compare(const compile::Workshop& shop, const patch::PatchedView& view,
                    const std::vector<compile::UnitObjects>& objects) {
  if (objects.empty())
    return;
  const StepClock clock(result_.steps, "diff");
  say("Reading special section data");
  say("Extracting new and modified ELF sections");
  const PairOptions options{.init_changes = options_.init_changes,
                            .force = options_.force,
                            .thunks = options_.thunks,
                            .explain = options_.explain,
                            .keep_debug = !options_.debug_file.empty()};
  for (UnitResult& result : diff_units(shop, view, options, objects)) {
    tell_about(result);
    result_.units.push_back(std::move(result));
  }
}

/// Ends the build if anything is wrong with any unit, or nothing is to be done.
void Build::end_unless_patchable() {
  const auto count = [&](UnitOutcome outcome) {
    return std::ranges::count(result_.units, outcome, &UnitResult::outcome);
  };
  if (count(UnitOutcome::kNotCompiled) > 0)
    end_with_compiler_errors();
  if (const auto refused = count(UnitOutcome::kRefused); refused > 0)
    refuse(fmt::format("{} error(s) encountered", refused));
  if (!result_.problems.empty())
    refuse("Unsupported changes detected");
  if (result_.units.empty() &&
      std::ranges::any_of(result_.left_out, patch::is_code_of_others))
    not_affected();
  if (result_.units.empty())
    no_change("no changed objects found");
  if (count(UnitOutcome::kChanged) == 0)
    no_change("no functional changes found");
}

void Build::compare_versions(const compile::Workshop& shop,
                             const patch::PatchedView& view,
                             const std::vector<compile::UnitObjects>& objects) {
  const StepClock clock(result_.steps, "versions");
  versions_ = changed_versions(shop, view, touched_, objects);
  for (const std::string& notice : version_notices(versions_))
    say(notice);
  if (const std::string notice = notice_without_comparison(shop, view, touched_);
      !notice.empty())
    say(notice);
}

void Build::review(const compile::Workshop& shop, const patch::PatchedView& view,
                   const std::vector<compile::UnitObjects>& objects) {
  if (options_.review == Review::kOff)
    return;
  const StepClock clock(result_.steps, "review");
  std::vector<Problem> findings =
      review_units(shop, view, touched_, objects, result_.units);
  if (options_.review == Review::kRefuse && !findings.empty() && !has_refused_units()) {
    result_.problems = std::move(findings);
    refuse("the review has found hazards");
  }
  for (const Problem& finding : findings) {
    log_.add(warning_text(finding));
    listener_.complaint(warning_text(finding));
  }
  result_.warnings = std::move(findings);
}

void Build::link(const compile::Workshop& shop) {
  const StepClock clock(result_.steps, "module");
  const kernel::Target& target = shop.target;
  std::set<std::string> owners;
  std::vector<fs::path> parts;
  for (const UnitResult& unit : result_.units)
    if (unit.outcome == UnitOutcome::kChanged) {
      owners.insert(unit.owner);
      parts.push_back(part_of(shop, unit.owner, unit.unit));
    }
  say(fmt::format("Patched objects: {}", fmt::join(owners, " ")));
  const std::string file = result_.module_name + ".ko";
  say("Building patch module: " + file);
  klp::ModuleRequest request{.objects = parts,
                             .name = result_.module_name,
                             .replace = options_.replace,
                             .source_tree = target.kbuild_tree(),
                             .object_tree = target.objects,
                             .hook_sources = options_.hook_sources,
                             .make_variables = target.make_variables,
                             .symvers = target.symvers,
                             .work_dir = work_.path(),
                             .hook_cache = target.cache / "hooks",
                             .output = work_.path() / file,
                             .jobs = options_.jobs};
  if (!options_.debug_file.empty())
    request.debug_output = work_.path() / (file + ".debug");
  const fs::path module = klp::build_module(request);
  result_.problems = uses_of_changed_versions(versions_, module);
  if (options_.force)
    make_warnings_of_problems();
  if (!result_.problems.empty())
    refuse("The module uses exports that the patch changes");
  result_.problems = module_problems(target, module);
  if (!result_.problems.empty())
    refuse("The finished module breaks rules of the kernel's loader");
  const fs::path finished = options_.output_directory / file;
  if (!options_.debug_file.empty())
    write_file(options_.debug_file, read_bytes(request.debug_output));
  write_file(finished, read_bytes(module));
  result_.module = finished;
  result_.outcome = BuildOutcome::kBuilt;
}

void Build::make_warnings_of_problems() {
  for (Problem& problem : result_.problems) {
    const std::string warning =
        fmt::format("WARNING: {}: {} [{}]; going on as told", problem.symbol,
                    problem.message, problem.code);
    log_.add(warning);
    listener_.complaint(warning);
    result_.warnings.push_back(std::move(problem));
  }
  result_.problems.clear();
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
    Build build(options, listener, result, log);
    note_failure(result, [&] { build.walk(find_target); });
    if (options.keep_work)
      build.keep_work_dir();
  });
  note_failure(result, [&] { save_log(options, log, start, result); });
  return result;
}

} // namespace kpatch::produce
