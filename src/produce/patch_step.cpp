// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/files.h"
#include "patch/build_programs.h"
#include "patch/kconfig_changes.h"
#include "patch/makefile_changes.h"
#include "patch/needed_option.h"
#include "patch/reach.h"
#include "patch/series.h"
#include "patch/tree_difference.h"
#include "patch/without_types.h"
#include "produce/kernel_patching.h"
#include "produce/step_clock.h"
#include "produce/steps.h"

#include <algorithm>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

/// Takes out the Kconfig files that leave the kernel's options as they are.
std::vector<patch::LeftOut> without_effect(std::vector<patch::TouchedFile>& touched,
                                           const patch::PatchedView& view,
                                           const kernel::Target& target) {
  std::vector<patch::LeftOut> files;
  std::erase_if(touched, [&](const patch::TouchedFile& file) {
    if (!fs::path(file.path).filename().native().starts_with("Kconfig") ||
        !file.was_there || !file.is_there ||
        !patch::gives_same_options(read_text(view.pristine() / file.path),
                                   read_text(view.root() / file.path), target.config))
      return false;
    files.push_back({file.path, patch::WhyLeftOut::kSameOptions});
    return true;
  });
  return files;
}

/// Takes the units that the patch adds to the kernel's makefiles for units of the kernel.
compile::AddedUnits add_units(Context& context, std::vector<patch::TouchedFile>& touched,
                              const patch::PatchedView& view, kernel::Target& target) {
  const patch::MakefileChanges changes = patch::follow_makefiles(touched, view, target);
  std::erase_if(touched, [&](const patch::TouchedFile& file) {
    return std::ranges::find(changes.followed, file.path) != changes.followed.end();
  });
  context.result.problems = changes.problems;
  for (const auto& [unit, owners] : changes.added.all())
    context.say(fmt::format("{}: new in {}", unit, fmt::join(owners, ", ")));
  return add_to_kernel(changes.added, view, target, context.work.path() / "empty");
}

/// Makes the types what they are in the pristine source.
void put_back_types(const patch::Selection& selection, const PatchedSource& source,
                    patch::PatchedView& view) {
  for (const auto& [path, types] : selection.types_left_out())
    if (std::ranges::count(source.touched, path, &patch::TouchedFile::path) > 0)
      if (const auto text = patch::without_types(read_text(view.pristine() / path),
                                                 read_text(view.root() / path), types))
        write_file(view.own_file(path), *text);
}

void apply(Context& context, const patch::Selection& selection, PatchedSource& source,
           patch::PatchedView& view, const kernel::Target& target,
           const patch::IncludeIndex& includes) {
  patch::AppliedPatches applied =
      apply_to_kernel(selection.chosen(), view, {target, includes}, context.options.fuzz,
                      source.affected.ignored);
  source.touched = std::move(applied.touched);
  put_back_types(selection, source, view);
  for (const patch::DisplacedHunk& hunk : applied.displaced)
    context.say(patch::notice_of(hunk));
  context.result.displaced = std::move(applied.displaced);
}

/// Adds the units that read the changed headers; says of headers that they reach none.
void follow_headers(Context& context, PatchedSource& source,
                    const patch::IncludeIndex& includes, patch::PatchedView& view,
                    const kernel::Target& target) {
  const patch::HeadersLeftOut left_out = patch::add_units_of_headers(
      source.affected, includes, target, view, context.options.jobs);
  for (const std::string& header : left_out.same) {
    context.say(fmt::format("{}: only comments and blanks are changed", header));
    std::erase_if(source.touched,
                  [&](const patch::TouchedFile& file) { return file.path == header; });
  }
  for (const std::string& header : left_out.unused)
    context.say(fmt::format("{}: what is changed is not used by any unit", header));
  if (!left_out.beyond.empty())
    context.listener.complaint(
        fmt::format("WARNING: the patch also changes what {} is compiled "
                    "from: boot code or the vDSO, "
                    "which a live patch does not change",
                    fmt::join(left_out.beyond, ", ")));
}

SeriesPatch series_patch_of(const patch::PatchFile& patch) {
  SeriesPatch entry{.name = patch.name, .subject = patch.subject, .cves = patch.fixes};
  for (const patch::FileChange& change : patch.changes)
    entry.files.push_back(change.is_removed() ? change.old_path : change.new_path);
  return entry;
}

} // namespace

std::vector<patch::PatchFile> read_patches(Context& context,
                                           const kernel::Target& target) {
  std::vector<patch::PatchFile> patches;
  const auto add = [&](const std::string& text, const std::string& name) {
    patches.push_back(patch::parse_patch(text, name));
    patch::PatchMessage message = patch::read_message(text);
    patches.back().subject = std::move(message.subject);
    patches.back().fixes = std::move(message.fixes);
    patches.back().tags = std::move(message.tags);
    context.result.series.push_back(series_patch_of(patches.back()));
    for (const std::size_t line : patches.back().quoted)
      context.say(
          fmt::format("NOTICE: {}: line {}: the indented diff is taken for a part of the "
                      "message, as git am does; patch(1) would apply it",
                      name, line));
  };
  for (const fs::path& series : context.options.series)
    for (const patch::SeriesEntry& entry : patch::read_series(series))
      add(entry.text, entry.name);
  for (const fs::path& file : context.options.patches)
    add(read_text(file), file.string());
  if (context.options.newer_source) {
    const StepClock clock(context.result.steps, "difference");
    const fs::path newer = context.options.newer_source(target);
    context.say("Comparing the source with " + newer.string());
    patches.push_back(patch::difference_of(target.source, newer));
    context.result.patches.push_back(newer.string());
  }
  if (context.options.wants_changes)
    context.result.changes = patches;
  return patches;
}

PatchedSource patch_source(Context& context, const patch::Selection& selection,
                           const patch::IncludeIndex& includes, patch::PatchedView& view,
                           kernel::Target& target) {
  const StepClock clock(context.result.steps, "patch");
  context.say("Testing patch file(s)");
  PatchedSource source;
  apply(context, selection, source, view, target, includes);
  std::vector<patch::LeftOut> skipped = std::move(source.affected.ignored);
  std::ranges::move(without_effect(source.touched, view, target),
                    std::back_inserter(skipped));
  source.added = add_units(context, source.touched, view, target);
  source.affected = patch::affected_units(
      source.touched, target.units, includes,
      {.missing_option =
           [&](const auto& path) {
             return patch::missing_option(view.root(), target.config, path);
           },
       .serves_the_build =
           [&](const auto& path) { return patch::serves_the_build(view.root(), path); }});
  for (const std::string& unit : source.added.units)
    if (std::ranges::find(source.affected.units, unit) == source.affected.units.end())
      source.affected.units.push_back(unit); // the file was there, but not in the kernel
  std::ranges::move(source.affected.ignored, std::back_inserter(skipped));
  context.leave_out(std::move(skipped));
  follow_headers(context, source, includes, view, target);
  if (context.options.fix_lines)
    source.unfixed = fix_lines(source.touched, view,
                               context.options.leave_out == patch::Grain::kAll
                                   ? fs::path()
                                   : context.work.path() / kFixedLines);
  std::ranges::copy(source.affected.problems,
                    std::back_inserter(context.result.problems));
  return source;
}

void end_if_there_are_problems(Context& context) {
  if (!context.result.problems.empty())
    refuse(context, "Unsupported changes detected");
}

} // namespace kpatch::produce
