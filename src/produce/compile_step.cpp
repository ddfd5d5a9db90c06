// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/files.h"
#include "base/sha256.h"
#include "cache/layout.h"
#include "compile/launcher.h"
#include "patch/left_out.h"
#include "produce/kernel_patching.h"
#include "produce/step_clock.h"
#include "produce/steps.h"
#include "produce/unit_diffs.h"

#include <algorithm>
#include <set>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

/// Takes out the units of which a side could not be made; that is their result.
void set_failures_aside(Context& context, std::vector<compile::UnitObjects>& objects) {
  for (const compile::UnitObjects& unit : objects) {
    const compile::Compiled& side = unit.patched_side;
    if (unit.failure) {
      context.result.units.push_back(not_comparable(unit.unit, *unit.failure));
    } else if (!side.ok) {
      context.result.units.push_back({.unit = unit.unit,
                                      .outcome = UnitOutcome::kNotCompiled,
                                      .compiler_errors = side.messages});
    } else if (!side.messages.empty()) {
      context.listener.complaint(side.messages);
    }
  }
  std::erase_if(objects,
                [](const compile::UnitObjects& unit) { return !unit.is_complete(); });
}

/// Drops the candidates that include no file of the patch after all. Afterwards every
/// file of the patch has been read for one of the units, unless some could not be made.
void leave_out_unreached(Context& context, const patch::PatchedView& view,
                         const PatchedSource& source,
                         std::vector<compile::UnitObjects>& objects) {
  std::set<std::string_view> touched; // less than when some of the units were compiled
  for (const patch::TouchedFile& file : source.touched)
    touched.insert(file.path);
  std::set<std::string_view> included;
  std::erase_if(objects, [&](const compile::UnitObjects& unit) {
    bool reads_one = false;
    for (const std::string& file : unit.read)
      if (const auto found = touched.find(file); found != touched.end()) {
        included.insert(*found);
        reads_one = true;
      }
    return !reads_one;
  });
  if (!context.result.units.empty())
    return; // one of these may include what is missing
  for (const patch::TouchedFile& file : source.affected.to_be_included)
    if (included.contains(file.path))
      continue;
    else if (context.options.leave_out != patch::Grain::kAll ||
             is_for_left_out(file, context.result.left_out, view))
      context.leave_out({{file.path, patch::WhyLeftOut::kUnread}});
    else
      context.result.problems.push_back(patch::not_included(file));
}

std::string digest_in(const patch::PatchedView& view, const std::string& path) {
  return sha256(read_text_if_exists(view.root() / path).value_or(""));
}

/// Gives the sides that an earlier round has compiled of the same files, and takes their
/// units out. A round has no change that the one before had not, so a unit reads other
/// files only if one of those that it reads has changed.
std::vector<compile::UnitObjects> take_kept(const Context& context,
                                            const patch::PatchedView& view,
                                            std::vector<std::string>& units) {
  std::vector<compile::UnitObjects> objects;
  std::map<std::string, std::string> digests; // of files that many units read
  const auto is_as_it_was = [&](const auto& file) {
    auto now = digests.find(file.first);
    if (now == digests.end())
      now = digests.emplace(file.first, digest_in(view, file.first)).first;
    return now->second == file.second;
  };
  std::erase_if(units, [&](const std::string& unit) {
    const auto kept = context.kept.find(unit);
    if (kept == context.kept.end() ||
        !std::ranges::all_of(kept->second.read, is_as_it_was))
      return false;
    objects.push_back(kept->second.objects);
    return true;
  });
  return objects;
}

void keep(Context& context, const patch::PatchedView& view,
          const std::vector<compile::UnitObjects>& objects) {
  if (context.options.leave_out == patch::Grain::kAll)
    return; // there is one round
  std::map<std::string, std::string> digests;
  for (const compile::UnitObjects& unit : objects) {
    KeptUnit& kept = context.kept[unit.unit];
    kept = {.objects = unit, .read = {}};
    kept.objects.patched_side.messages.clear(); // they have been shown
    for (const std::string& path : unit.read) {
      std::string& digest = digests[path];
      if (digest.empty())
        digest = digest_in(view, path);
      kept.read[path] = digest;
    }
  }
}

/// What there is to do; a later round has most of it from the ones before.
void tell_of_work(Context& context, std::size_t units, std::size_t kept) {
  if (units == 0 && kept == 0)
    return;
  context.say(fmt::format("{} unit{} to compile{}", units, units == 1 ? "" : "s",
                          kept == 0 ? std::string()
                                    : fmt::format(", {} as compiled before", kept)));
  if (units == 0)
    return;
  context.say("Building original source");
  context.say("Building patched source");
}

/// Other machines would compile with what has the compiler's name there; the fetched one
/// runs here only.
std::vector<std::string> usable_launcher(Context& context, const kernel::Target& target) {
  std::vector<std::string> launcher = compile::find_launcher(context.options.launcher);
  if (launcher.empty() || target.compiler.packages.empty() ||
      !compile::is_distributing(launcher[0]))
    return launcher;
  context.say(fmt::format("NOTICE: compiling on this machine only: {} would not use the "
                          "compiler that was fetched",
                          launcher[0]));
  return {};
}

} // namespace

compile::Workshop workshop(Context& context, const kernel::Target& target,
                           const compile::AddedUnits& added) {
  const BuildOptions& options = context.options;
  return {.target = target,
          .work = context.work.path(),
          .log = context.log,
          .jobs = options.jobs,
          .author_headers = fs::absolute(options.hook_sources / "include"),
          .source_may_change = options.source_may_change,
          .launcher = usable_launcher(context, target),
          .keep_debug = !options.debug_file.empty() || options.explain,
          .progress = context.listener.compiled,
          .added = added,
          .originals = options.cache / cache::kOriginals};
}

std::vector<compile::UnitObjects> compile_both(Context& context,
                                               const compile::Workshop& shop,
                                               patch::PatchedView& view,
                                               const PatchedSource& source) {
  std::vector<std::string> units = source.affected.units;
  units.insert(units.end(), source.affected.candidates.begin(),
               source.affected.candidates.end());
  std::vector<compile::UnitObjects> objects =
      compile_these(context, shop, view, source, std::move(units));
  leave_out_unreached(context, view, source, objects);
  return objects;
}

std::vector<compile::UnitObjects>
compile_these(Context& context, const compile::Workshop& shop, patch::PatchedView& view,
              const PatchedSource& source, std::vector<std::string> units) {
  for (const std::string& unit : units)
    if (const fs::path directory = fs::path(unit).parent_path(); !directory.empty())
      view.own_directory(directory.native());
  std::vector<compile::UnitObjects> objects = take_kept(context, view, units);
  tell_of_work(context, units.size(), objects.size());
  std::vector<compile::UnitFailure> failures;
  std::vector<compile::UnitCommand> commands;
  {
    const StepClock clock(context.result.steps, "commands");
    commands = compile::unit_commands(shop, units, failures);
  }
  for (const compile::UnitFailure& failure : failures)
    context.result.units.push_back(not_comparable(failure.unit, failure.error));
  const StepClock clock(context.result.steps, "compile");
  std::vector<compile::UnitObjects> made =
      compile::compile_units(shop, view, commands, source.touched);
  compile::retell_messages(shop, view, source.unfixed, made);
  set_failures_aside(context, made);
  keep(context, view, made);
  std::ranges::move(made, std::back_inserter(objects));
  std::ranges::sort(objects, {}, &compile::UnitObjects::unit);
  return objects;
}

} // namespace kpatch::produce
