// SPDX-License-Identifier: GPL-2.0-or-later
//
// The differ as a table of contents: the passes in order, and what is true after each.
#include "diff/diff.h"

#include "diff/constants_of_unit.h"
#include "diff/effect.h"
#include "diff/explain.h"
#include "diff/extract.h"
#include "diff/shared_text.h"
#include "special/klp_callbacks.h"

#include <algorithm>

namespace kpatch::diff {

namespace {

/// Codes whose classic exit status is 1; all others mean "cannot be patched", 2.
Exit exit_for(const std::vector<Problem>& problems) {
  const bool only_unsupported_code =
      std::ranges::all_of(problems, [](const Problem& problem) {
        return problem.code == code::kJumpLabel || problem.code == code::kStaticCall ||
               problem.code == code::kSiblingCall;
      });
  return only_unsupported_code ? Exit::kError : Exit::kNotPatchable;
}

std::vector<FunctionChange> report_changes(Context& context) {
  std::vector<FunctionChange> functions;
  for (const SymbolId id : functions_of_patch(context)) {
    const std::string& name = context.patched.symbol(id).name;
    const Status status = context.patched.symbols[id].status;
    const SymbolId parent = context.patched.symbols[id].parent;
    if (parent)
      note(context, NoteKind::kNotice, name,
           "{}, a part of {}, is patched for itself: functions that are not part "
           "of the patch call it, too",
           name, context.patched.symbol(parent).name);
    else
      note(context, NoteKind::kFunction, name, "{} function: {}",
           status == Status::kNew ? "new" : "changed", name);
    functions.push_back({name, status, explain(context, id), changed_place(context, id)});
  }
  return functions;
}

/// ppc64: a jump into another function would lose the caller's TOC pointer.
void refuse_sibling_calls(Context& context) {
  const Side& patched = context.patched;
  for (SymbolId id = 1; id < patched.symbols.size(); ++id) {
    const elf::Symbol& symbol = patched.symbol(id);
    if (!symbol.is_function() || !patched.home(id) ||
        patched.symbols[id].status != Status::kChanged)
      continue;
    for (const std::uint64_t at :
         patched.arch.sibling_calls(patched.section(patched.home(id)))) {
      add_problem(
          context, code::kSiblingCall, symbol.name,
          fmt::format(
              "Found an unsupported sibling call at {}()+{:#x}.  Add "
              "__attribute__((optimize(\"-fno-optimize-sibling-calls\"))) to {}() "
              "definition.",
              symbol.name, symbol.value + at, symbol.name),
          "Add the attribute in the patch.");
    }
  }
}

/// What the passes have come to: problems, no change, or the delta.
Result conclude(Context context, std::vector<FunctionChange> functions) {
  Result result{.notes = std::move(context.notes),
                .functions = std::move(functions),
                .problems = std::move(context.problems),
                .delta = {},
                .wants_debug_info = context.wants_debug_info,
                .whole_sections = {},
                .left_out = std::move(context.left_out),
                .needs_callers = std::move(context.needs_callers)};
  if (context.inputs.explain)
    result.inclusions = explain_inclusions(context);
  if (!result.problems.empty()) {
    result.exit = exit_for(result.problems);
    return result;
  }
  context.notes = result.notes;
  if (is_without_effect(context)) {
    result.exit = Exit::kNoChange;
    return result;
  }
  if (context.words.empty() &&
      std::ranges::none_of(result.functions, [&](const FunctionChange& function) {
        return function.status == Status::kChanged ||
               context.inputs.own_copies.contains(function.name);
      }))
    result.notes.push_back(
        {.code = code::kReplacesNothing,
         .text = fmt::format("no function of {} is replaced", context.inputs.label)});
  std::vector<std::string> word_names;
  for (const DataWord& word : context.words)
    word_names.push_back(word.name);
  add_data_words(context);
  add_key_tests(context);
  trim_debug_sections(context);
  result.delta.emplace(extract(std::move(context)));
  result.delta->words = std::move(word_names);
  return result;
}

} // namespace

void add_problem(Context& context, const char* problem_code, std::string symbol,
                 std::string message, std::string remedy) {
  context.problems.push_back({problem_code, context.inputs.label, std::move(symbol),
                              std::move(message), std::move(remedy)});
}

Result compare(elf::Object original, elf::Object patched, const Inputs& inputs) {
  special::name_klp_callbacks(patched);
  std::vector<std::string> whole_sections = split_shared_text(original, patched);
  std::ranges::move(changed_shared_data(original, patched),
                    std::back_inserter(whole_sections));
  Context context{
      inputs, Side(std::move(original)), Side(std::move(patched)), {}, {}, {}, {}, {}, {},
      false};

  check_headers(context);
  tie_files(context);
  mark_groups(context);
  replace_section_symbols(context.original);
  replace_section_symbols(context.patched);
  // References name things, not places.

  correlate(context);
  correlate_renamed_functions(context);
  correlate_renamed_variables(context);
  correlate_static_locals(context);
  // What has a counterpart in the original knows it and carries its name.

  mark_ignored_sections(context);
  compare_sections(context);
  compare_symbols(context);
  take_over_moved_definitions(context);
  compare_entries(context);
  ignore_requested_functions(context);
  reset_ignored_sections(context);
  // Everything is the same, changed or new.

  patch_readers_of_constants(context);
  promote_callers_of_unpatchable(context);
  plan_data_words(context);
  include_changes(context);
  include_alternatives(context);
  carry_what_points_inside(context);
  find_redirected_pieces(context);
  rebuild_special_sections(context);
  rebuild_orc(context);
  trim_toc(context);
  // What travels is included, and special sections describe that and nothing else.

  leave_out_exports(context);
  refuse_references_to_gone(context);
  judge_registrations(context);
  judge_init_changes(context);
  leave_out_removed_data(context);
  std::vector<FunctionChange> functions = report_changes(context);
  verify_inclusion(context);
  refuse_sibling_calls(context);

  Result result = conclude(std::move(context), std::move(functions));
  result.whole_sections = std::move(whole_sections);
  return result;
}

} // namespace kpatch::diff
