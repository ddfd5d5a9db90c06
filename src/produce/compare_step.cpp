// SPDX-License-Identifier: GPL-2.0-or-later
#include "compile/shown_messages.h"
#include "patch/left_out.h"
#include "produce/function_digests.h"
#include "produce/own_copies.h"
#include "produce/safety_review.h"
#include "produce/step_clock.h"
#include "produce/steps.h"
#include "produce/touched_types.h"
#include "produce/unit_diffs.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

void tell_about(Context& context, const UnitResult& result) {
  const std::string object = fs::path(result.unit).replace_extension(".o");
  if (context.options.explain) // it is what was asked for
    for (const FunctionChange& function : result.functions)
      context.say(
          fmt::format("{}: {}: because {}", object, function.name, function.because));
  for (const Note& note : result.notes)
    context.say(fmt::format("{}: {}", object, line_of(note)));
  if (context.options.explains_all)
    for (const Inclusion& inclusion : result.inclusions)
      context.say(fmt::format("{}: with {}: because {}", object, inclusion.name,
                              inclusion.because));
}

/// Units that the patch changes and that run as before, apart from what it does change.
void tell_of_init_only(Context& context) {
  constexpr std::string_view kOnlyInit = "KP2021";
  const auto count =
      std::ranges::count_if(context.result.units, [&](const UnitResult& unit) {
        return unit.outcome == UnitOutcome::kUnchanged &&
               std::ranges::count(unit.notes, kOnlyInit, &Note::code) > 0;
      });
  if (count > 0)
    context.say(fmt::format("{} unit{} nothing but init or exit code: nothing that runs",
                            count, count == 1 ? " changes" : "s change"));
}

/// What an earlier round has found of the same objects.
std::span<const UnitResult> compared_before(const Context& context,
                                            const std::string& unit) {
  const auto kept = context.kept.find(unit);
  return kept == context.kept.end() ? std::span<const UnitResult>()
                                    : std::span(kept->second.compared);
}

/// The others are different once the units are that they share something with.
void keep_results(Context& context, const std::string& unit,
                  std::vector<UnitResult> results) {
  const auto kept = context.kept.find(unit);
  if (kept != context.kept.end() && std::ranges::none_of(results, &UnitResult::is_joint))
    kept->second.compared = std::move(results);
}

PairOptions pair_options(const BuildOptions& options,
                         const std::vector<std::string>& unwanted) {
  return {.init_changes = options.init_changes,
          .force = options.force,
          .thunks = options.thunks,
          .set_data = options.set_data,
          .unique_names = options.unique_names,
          .explain = options.explain,
          .left_out = unwanted,
          .keep_debug = !options.debug_file.empty()};
}

/// Adds the results to those of the build, and says what there is to say of fresh ones.
void take_results(Context& context, const std::vector<compile::UnitObjects>& objects,
                  const std::set<std::string>& fresh, ResultsByUnit&& results) {
  for (auto& [unit, of_unit] : results) {
    const bool is_fresh = fresh.contains(unit);
    for (UnitResult& result : of_unit) {
      if (is_fresh)
        tell_about(context, result);
      if (is_fresh && context.options.wants_digests)
        add_function_digests(result, objects);
    }
    std::ranges::copy(of_unit, std::back_inserter(context.result.units));
    if (is_fresh)
      keep_results(context, unit, std::move(of_unit));
  }
}

[[noreturn]] void end_as(Context& context, BuildOutcome outcome,
                         const std::string& message) {
  context.result.outcome = outcome;
  throw Error(message);
}

[[noreturn]] void end_with_compiler_errors(const BuildResult& result) {
  std::vector<std::string> failed;
  std::string errors;
  for (const UnitResult& unit : result.units)
    if (unit.outcome == UnitOutcome::kNotCompiled) {
      failed.push_back(unit.unit);
      errors += "\n" + unit.compiler_errors;
    }
  fail_with_remedy(compile::remedy_for_errors(errors),
                   "{}: the patched source does not compile{}", fmt::join(failed, ", "),
                   errors);
}

} // namespace

void compare(Context& context, const compile::Workshop& shop, patch::PatchedView& view,
             const PatchedSource& source, const patch::IncludeIndex& includes,
             std::vector<compile::UnitObjects>& objects) {
  if (objects.empty())
    return;
  const StepClock clock(context.result.steps, "diff");
  context.say("Reading special section data");
  context.say("Extracting new and modified ELF sections");
  ResultsByUnit results;
  std::vector<compile::UnitObjects> uncompared;
  for (const compile::UnitObjects& unit : objects)
    if (const auto before = compared_before(context, unit.unit); before.empty())
      uncompared.push_back(unit);
    else
      results[unit.unit].assign(before.begin(), before.end());
  PairDiffer differ(shop.target, pair_options(context.options, context.unwanted));
  std::set<std::string> fresh;
  for (UnitResult& result : diff_units(shop, view, differ, uncompared)) {
    fresh.insert(result.unit);
    results[result.unit].push_back(std::move(result));
  }
  fresh.merge(patch_outside_callers(context, {shop, view, source, includes, differ},
                                    objects, results));
  take_results(context, objects, fresh, std::move(results));
  tell_of_init_only(context);
}

bool has_refused_units(const BuildResult& result) {
  return std::ranges::count(result.units, UnitOutcome::kRefused, &UnitResult::outcome) >
         0;
}

void end_unless_patchable(Context& context) {
  const auto count = [&](UnitOutcome outcome) {
    return std::ranges::count(context.result.units, outcome, &UnitResult::outcome);
  };
  if (count(UnitOutcome::kNotCompiled) > 0)
    end_with_compiler_errors(context.result);
  if (const auto refused = count(UnitOutcome::kRefused); refused > 0)
    refuse(context, fmt::format("{} error(s) encountered", refused));
  if (!context.result.problems.empty())
    refuse(context, "Unsupported changes detected");
  if (context.result.units.empty() &&
      std::ranges::any_of(context.result.left_out, patch::is_code_of_others))
    end_as(context, BuildOutcome::kNotAffected,
           patch::not_affected_because(context.result.left_out));
  if (context.result.units.empty())
    end_as(context, BuildOutcome::kNoChange, "no changed objects found");
  if (count(UnitOutcome::kChanged) == 0)
    end_as(context, BuildOutcome::kNoChange, "no functional changes found");
}

std::vector<VersionChange>
compare_versions(Context& context, const compile::Workshop& shop,
                 const patch::PatchedView& view, const PatchedSource& source,
                 const std::vector<compile::UnitObjects>& objects) {
  const StepClock clock(context.result.steps, "versions");
  std::vector<VersionChange> versions =
      changed_versions(shop, view, source.touched, objects);
  for (const std::string& notice : version_notices(versions))
    context.say(notice);
  if (const std::string notice = notice_without_comparison(shop, view, source.touched);
      !notice.empty())
    context.say(notice);
  return versions;
}

namespace {

/// What has to stay as it is: where the type is defined, else the unit.
std::string file_at_fault(const Problem& finding,
                          const std::map<std::string, std::set<std::string>>& types) {
  for (const auto& [file, names] : types)
    if (names.contains(finding.symbol))
      return file;
  return fs::path(finding.object).replace_extension(".c");
}

} // namespace

bool leaves_hazards_out(const BuildOptions& options) {
  return options.leave_out != patch::Grain::kAll && options.review == Review::kRefuse;
}

void review(Context& context, const compile::Workshop& shop,
            const patch::PatchedView& view, const PatchedSource& source,
            const std::vector<compile::UnitObjects>& objects) {
  if (context.options.review == Review::kOff)
    return;
  const StepClock clock(context.result.steps, "review");
  // Where hazards are left out, most types were looked at first.
  std::vector<patch::TouchedFile> with_types = source.touched;
  std::erase_if(with_types, [&](const patch::TouchedFile& file) {
    const auto judged = context.judged_layouts.find(file.path);
    return judged != context.judged_layouts.end() && !judged->second.empty();
  });
  std::vector<Problem> findings =
      review_units(shop, view, with_types, objects, context.result.units);
  if (leaves_hazards_out(context.options) && !has_refused_units(context.result)) {
    for (Problem& finding : findings)
      finding.object = file_at_fault(finding, touched_types(view, with_types));
    context.result.problems = std::move(findings);
    return;
  }
  if (context.options.review == Review::kRefuse && !findings.empty() &&
      !has_refused_units(context.result)) {
    context.result.problems = std::move(findings);
    refuse(context, "the review has found hazards");
  }
  for (const Problem& finding : findings)
    context.warn(warning_text(finding));
  context.result.warnings = std::move(findings);
}

} // namespace kpatch::produce
