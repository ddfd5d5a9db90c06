// SPDX-License-Identifier: GPL-2.0-or-later
//
// The selective way from a patch to a module: only the units that the patch touches are
// compiled, each from the pristine source and from the patched view, and the two objects
// are compared. `Build::walk` is the list of steps; everything is written to a private
// directory until the finished module is renamed into place.
#include "build/driver.h"

#include "base/files.h"
#include "base/interrupt.h"
#include "build/affected_units.h"
#include "build/build_log.h"
#include "build/compiler_check.h"
#include "build/launcher.h"
#include "build/line_fix.h"
#include "build/module_check.h"
#include "build/module_naming.h"
#include "build/object_pair.h"
#include "build/patch_apply.h"
#include "build/reach.h"
#include "build/runtime_constants.h"
#include "build/safety_review.h"
#include "build/step_clock.h"
#include "build/unit_objects.h"
#include "build/work_dir.h"
#include "kernel/requirements.h"
#include "klp/module.h"

#include <algorithm>
#include <set>

namespace kpatch::build {
namespace fs = std::filesystem;

namespace {

class Build {
 public:
  Build(const BuildOptions& options, const Listener& listener, BuildResult& result,
        BuildLog& log)
      : options_(options), listener_(listener), result_(result), log_(log),
        work_(options.cache / "tmp") {}

  void walk(const TargetFinder& find_target) {
    read_patches();
    const kernel::Target target = find(find_target);
    if (options_.replace && !kernel::can_replace(target))
      fail_with_remedy("with -R the patch leaves patches loaded earlier in force",
                       "The kernel doesn't support klp replace");
    if (options_.check_compiler)
      check_compiler(target.compiler);
    else
      listener_.complaint(
          "WARNING: Skipping compiler version matching check (not recommended)");
    // The kernel is there and the compiler is its own.

    PatchedView view(target.source, work_.path() / "source");
    patch_source(view, target);
    // The view holds the patched source, and every change is one that units can carry.

    const Workshop shop{target,
                        work_.path(),
                        log_,
                        options_.jobs,
                        fs::absolute(options_.hook_sources / "include"),
                        options_.source_may_change,
                        find_launcher(options_.launcher),
                        !options_.debug_file.empty() || options_.explain};
    const std::vector<UnitObjects> objects = compile_both(shop, view);
    const std::vector<fs::path> parts = extract(shop, view, objects);
    // Every unit's changes are in an intermediate object.

    review(shop, view, objects);
    // What is known to be dangerous about them has been said.

    link(target, parts);
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
    for (const fs::path& file : options_.patches)
      patches_.push_back(parse_patch(read_text(file), file.string()));
  }

  kernel::Target find(const TargetFinder& find_target) {
    const StepClock clock(result_.steps, "kernel");
    kernel::Target target = find_target();
    result_.release = target.release;
    result_.source_version = target.version;
    result_.machine = target.machine;
    return target;
  }

  void patch_source(PatchedView& view, const kernel::Target& target);
  void fix_lines(PatchedView& view);
  std::vector<UnitObjects> compile_both(const Workshop& shop, PatchedView& view);
  void end_if_not_compiled(const std::vector<UnitObjects>& objects);
  void leave_out_unreached(const PatchedView& view, std::vector<UnitObjects>& objects);
  std::vector<fs::path> extract(const Workshop& shop, const PatchedView& view,
                                const std::vector<UnitObjects>& objects);
  void review(const Workshop& shop, const PatchedView& view,
              const std::vector<UnitObjects>& objects);
  void link(const kernel::Target& target, const std::vector<fs::path>& parts);

  [[noreturn]] void refuse(std::string_view message) {
    result_.outcome = BuildOutcome::kRefused;
    throw Error(std::string(message));
  }
  [[noreturn]] void no_change(std::string_view message) {
    result_.outcome = BuildOutcome::kNoChange;
    throw Error(std::string(message));
  }

  const BuildOptions& options_;
  const Listener& listener_;
  BuildResult& result_;
  BuildLog& log_;
  WorkDir work_;
  std::vector<PatchFile> patches_;
  std::vector<TouchedFile> touched_;
  Affected affected_;
};

fs::path object_name(const fs::path& directory, const std::string& unit) {
  return (directory / unit).replace_extension(".o");
}

void Build::patch_source(PatchedView& view, const kernel::Target& target) {
  const StepClock clock(result_.steps, "patch");
  say("Testing patch file(s)");
  touched_ = apply_patches(patches_, view);
  const IncludeIndex includes = includes_of(target, options_.source_may_change);
  affected_ = affected_units(touched_, target.units, includes);
  for (const std::string& file : affected_.ignored)
    say(fmt::format("{}: not part of the running kernel, ignored", file));
  const HeadersLeftOut left_out =
      add_units_of_headers(affected_, includes, target, view, options_.jobs);
  for (const std::string& header : left_out.same) {
    say(fmt::format("{}: only comments and blanks are changed", header));
    std::erase_if(touched_, [&](const TouchedFile& file) { return file.path == header; });
  }
  for (const std::string& header : left_out.unused)
    say(fmt::format("{}: what is changed is not used by any unit", header));
  if (options_.fix_lines)
    fix_lines(view);
  result_.problems = affected_.problems;
  if (!result_.problems.empty())
    refuse("Unsupported changes detected");
}

void Build::fix_lines(PatchedView& view) {
  for (const TouchedFile& file : touched_) {
    const std::string extension = fs::path(file.path).extension();
    if (!file.was_there || !file.is_there || (extension != ".c" && extension != ".h"))
      continue;
    const fs::path patched = view.own_file(file.path);
    write_file(patched, with_original_lines(read_text(view.pristine() / file.path),
                                            read_text(patched)));
  }
}

std::vector<UnitObjects> Build::compile_both(const Workshop& shop, PatchedView& view) {
  std::vector<std::string> units = affected_.units;
  units.insert(units.end(), affected_.candidates.begin(), affected_.candidates.end());
  for (const std::string& unit : units)
    if (const fs::path directory = fs::path(unit).parent_path(); !directory.empty())
      view.own_directory(directory.native());
  std::vector<UnitCommand> commands;
  {
    const StepClock clock(result_.steps, "commands");
    commands = unit_commands(shop, units);
  }
  const StepClock clock(result_.steps, "compile");
  if (!units.empty()) {
    if (!affected_.candidates.empty())
      say(fmt::format("{} unit{} to compile", units.size(),
                      units.size() == 1 ? "" : "s"));
    say("Building original source");
    say("Building patched source");
  }
  std::vector<UnitObjects> objects = compile_units(shop, view, commands);
  end_if_not_compiled(objects);
  leave_out_unreached(view, objects);
  if (objects.empty())
    no_change("no changed objects found");
  return objects;
}

/// What to do about code that the patch leaves without a user, an error in kernels that
/// are built with -Werror.
std::string remedy_for(std::string_view errors) {
  for (const std::string_view orphaned :
       {"[-Werror=unused-", "[-Werror=unneeded-internal-declaration]"})
    if (errors.find(orphaned) != std::string_view::npos)
      return "the patch takes the last user of something away: remove its definition in "
             "the "
             "patch as well, or mark it __maybe_unused there";
  return {};
}

/// Shows what the compiler said.
void Build::end_if_not_compiled(const std::vector<UnitObjects>& objects) {
  std::string failed;
  std::string errors;
  for (const UnitObjects& unit : objects) {
    const Compiled& side = unit.patched_side;
    if (!side.ok) {
      failed += (failed.empty() ? "" : ", ") + unit.unit;
      errors += "\n" + side.messages;
      result_.units.push_back({.unit = unit.unit, .outcome = UnitOutcome::kNotCompiled});
    } else if (!side.messages.empty()) {
      listener_.complaint(side.messages);
    }
  }
  if (!failed.empty())
    fail_with_remedy(remedy_for(errors), "{}: the patched source does not compile{}",
                     failed, errors);
}

/// Drops the candidates that include no file of the patch after all. Afterwards every
/// file of the patch has been read for one of the units.
void Build::leave_out_unreached(const PatchedView& view,
                                std::vector<UnitObjects>& objects) {
  std::set<std::string> included;
  std::erase_if(objects, [&](const UnitObjects& unit) {
    const std::set<std::string> read =
        touched_files_read(view, touched_, unit.patched_side);
    included.insert(read.begin(), read.end());
    return read.empty();
  });
  for (const TouchedFile& file : affected_.to_be_included)
    if (!included.contains(file.path))
      result_.problems.push_back(not_included(file));
  if (!result_.problems.empty())
    refuse("Unsupported changes detected");
}

/// Compares one unit; what cannot be compared at all is a problem of this unit only.
UnitResult compare_unit(PairDiffer& differ, const ObjectPair& pair,
                        const fs::path& output) {
  try {
    return differ.compare(pair, output);
  } catch (const Error& error) {
    return {.unit = pair.unit,
            .owner = pair.owner,
            .outcome = UnitOutcome::kRefused,
            .problems = {{.code = "KP1008",
                          .object = pair.unit,
                          .message = error.what(),
                          .remedy = error.remedy()}}};
  }
}

/// Compares one unit of one owner, if need be in a form that can leave the kernel's
/// image.
UnitResult compare_as_module_code(const Workshop& shop, const PatchedView& view,
                                  PairDiffer& differ, const ObjectPair& pair,
                                  const fs::path& output) {
  UnitResult result = compare_unit(differ, pair, output);
  const std::string user = runtime_constant_user(result, pair.patched);
  if (user.empty())
    return result;
  const UnitObjects plain = compile_with_plain_constants(shop, view, pair.unit);
  result = compare_unit(
      differ, {pair.unit, pair.owner, plain.original, plain.patched, pair.original},
      output);
  result.notes.push_back(fmt::format(
      "NOTICE: {} has constants that only a booting kernel fills in; its copy in the "
      "patch reads their variables",
      user));
  return result;
}

std::vector<fs::path> Build::extract(const Workshop& shop, const PatchedView& view,
                                     const std::vector<UnitObjects>& objects) {
  const StepClock clock(result_.steps, "diff");
  say("Reading special section data");
  PairDiffer differ(shop.target, {.init_changes = options_.init_changes,
                                  .force = options_.force,
                                   .thunks = options_.thunks,
                                  .explain = options_.explain,
                                  .keep_debug = !options_.debug_file.empty()});
  say("Extracting new and modified ELF sections");
  std::vector<fs::path> parts;
  std::size_t refused = 0;
  for (const UnitObjects& unit : objects)
    for (const std::string& owner : shop.target.units.owners(unit.unit)) {
      throw_if_interrupted();
      const fs::path part = object_name(work_.path() / "output" / owner, unit.unit);
      fs::create_directories(part.parent_path());
      result_.units.push_back(compare_as_module_code(
          shop, view, differ, {unit.unit, owner, unit.original, unit.patched}, part));
      for (const std::string& note : result_.units.back().notes)
        say(fmt::format("{}: {}", object_name({}, unit.unit).native(), note));
      if (options_.explain)
        for (const FunctionChange& function : result_.units.back().functions)
          say(fmt::format("{}: {}: because {}", object_name({}, unit.unit).native(),
                          function.name, function.because));
      for (const Inclusion& inclusion : result_.units.back().inclusions)
        say(fmt::format("{}: with {}: because {}", object_name({}, unit.unit).native(),
                        inclusion.name, inclusion.because));
      if (result_.units.back().outcome == UnitOutcome::kChanged)
        parts.push_back(part);
      refused += result_.units.back().outcome == UnitOutcome::kRefused;
    }
  if (refused > 0)
    refuse(fmt::format("{} error(s) encountered", refused));
  if (parts.empty())
    no_change("no functional changes found");
  return parts;
}

void Build::review(const Workshop& shop, const PatchedView& view,
                   const std::vector<UnitObjects>& objects) {
  if (options_.review == Review::kOff)
    return;
  const StepClock clock(result_.steps, "review");
  std::vector<Problem> findings =
      review_units(shop, view, touched_, objects, result_.units);
  if (options_.review == Review::kRefuse && !findings.empty()) {
    result_.problems = std::move(findings);
    refuse("the review has found hazards");
  }
  for (const Problem& finding : findings) {
    log_.add(warning_text(finding));
    listener_.complaint(warning_text(finding));
  }
  result_.warnings = std::move(findings);
}

void Build::link(const kernel::Target& target, const std::vector<fs::path>& parts) {
  const StepClock clock(result_.steps, "module");
  std::set<std::string> owners;
  for (const UnitResult& unit : result_.units)
    if (unit.outcome == UnitOutcome::kChanged)
      owners.insert(unit.owner);
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

/// What goes wrong is a result too.
void note_failure(BuildResult& result, const std::function<void()>& step) {
  try {
    step();
  } catch (const Error& error) {
    result.message = error.what();
    result.remedy = error.remedy();
  } catch (const std::exception& error) {
    result.message = error.what();
  }
}

void save_log(const BuildOptions& options, BuildLog& log, BuildResult& result) {
  const bool wanted = options.keep_log || result.outcome == BuildOutcome::kFailed ||
                      result.outcome == BuildOutcome::kRefused;
  std::error_code ignored;
  if (!wanted || !fs::is_directory(options.cache, ignored))
    return;
  log.add(result.message);
  result.log = options.cache / "build.log";
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
  BuildLog log;
  note_failure(result, [&] { // there may be no place to work in
    Build build(options, listener, result, log);
    note_failure(result, [&] { build.walk(find_target); });
    if (options.keep_work)
      build.keep_work_dir();
  });
  note_failure(result, [&] { save_log(options, log, result); });
  return result;
}

} // namespace kpatch::build
