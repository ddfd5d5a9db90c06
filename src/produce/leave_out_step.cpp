// SPDX-License-Identifier: GPL-2.0-or-later
//
// What cannot be patched live runs as it is until the next reboot, so nothing that stays
// in may assume that it has changed. This is ensured by building the rest as a change of
// its own, from its source: a caller of a prototype that is the old one again does not
// compile, a user of a function that is not made is refused, and then both are left out
// as well. Since each round has less in it than the one before, this ends.
//
// A unit that the change touches goes alone; if the same is wrong with it then, it is in
// again, and headers are at fault. One that fails because of headers takes with it every
// changed header whose change it uses: a header's change is in for all of its users or
// for none. Of a header with a type that must stay as it is the type goes, with what in
// the header needs it; if the compiler finds that the rest does not fit, all of it.
//
// Whether a unit can be patched through the callers of its functions depends on these: it
// is asked again when what is wrong with other units has been left out.
#include "base/files.h"
#include "patch/c_lexer.h"
#include "patch/reach.h"
#include "patch/without_types.h"
#include "produce/steps.h"
#include "produce/touched_types.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>

namespace kpatch::produce {

namespace {

/// A unit or file that keeps the change from being made.
struct Obstacle {
  std::string file;
  std::string code;
  std::string reason;
  std::string symbol{};
  std::string message{}; ///< the reason without the symbol
  std::string type{};
  bool hangs_on_callers = false;
};

std::string text_of(const Problem& problem) {
  return problem.symbol.empty() ? problem.message
                                : fmt::format("{}: {}", problem.symbol, problem.message);
}

/// The line that says what is wrong, of all that a compiler says.
std::string first_error(const std::string& messages) {
  const std::size_t mark = messages.find("error: ");
  if (mark == std::string::npos)
    return "it does not compile";
  const std::size_t begin = messages.rfind('\n', mark) + 1;
  return messages.substr(begin, messages.find('\n', mark) - begin);
}

std::vector<Obstacle> obstacles(const BuildResult& result) {
  std::vector<Obstacle> obstacles;
  for (const Problem& problem : result.problems)
    obstacles.push_back({.file = problem.object,
                         .code = problem.code,
                         .reason = text_of(problem),
                         .symbol = problem.symbol,
                         .message = problem.message,
                         .type = problem.type});
  for (const UnitResult& unit : result.units)
    if (unit.outcome == UnitOutcome::kNotCompiled)
      obstacles.push_back({unit.unit, "", first_error(unit.compiler_errors)});
    else if (unit.outcome == UnitOutcome::kRefused && !unit.problems.empty())
      obstacles.push_back({.file = unit.unit,
                           .code = unit.problems.front().code,
                           .reason = text_of(unit.problems.front()),
                           .symbol = unit.problems.front().symbol,
                           .hangs_on_callers = !unit.needs_callers.empty()});
  return obstacles;
}

/// What is the same of an obstacle that is still there in the next round.
std::string what_it_is(const Obstacle& obstacle) {
  constexpr std::string_view kMark = "error: ";
  const std::size_t mark = obstacle.reason.find(kMark);
  return fmt::format("{} {} {} {}", obstacle.file, obstacle.code, obstacle.symbol,
                     obstacle.code.empty() && mark != std::string::npos
                         ? obstacle.reason.substr(mark + kMark.size())
                         : "");
}

constexpr const char* kNamed = "it is named by --leave-out";

/// Whether it is there because of what an earlier round has left out. What does not
/// compile or link without that depends on it; what cannot be patched must have passed.
/// Hazards are looked for last, so being found late says nothing of them.
bool is_consequence(const Context& context, const Obstacle& obstacle) {
  if (context.failed_before.contains(obstacle.file) || obstacle.code.starts_with("KP4"))
    return false;
  if (obstacle.code.empty() || obstacle.code == "KP3004")
    return context.rounds > 1;
  return context.passed_before.contains(obstacle.file);
}

/// Whether the first error is in the header: "./include/linux/x.h:7:3: error: ...".
bool is_in_header(const std::string& header, const Obstacle& obstacle) {
  const std::string place = obstacle.reason.substr(0, obstacle.reason.find(':'));
  return header.ends_with(".h") && (place == header || place.ends_with("/" + header));
}

/// Takes out the changed header that does not compile, for whatever unit.
bool leave_out_broken_header(const Obstacle& obstacle, const patch::LeftForReboot& why,
                             patch::Selection& selection, const PatchedSource& source) {
  return obstacle.code.empty() &&
         std::ranges::any_of(source.touched, [&](const patch::TouchedFile& file) {
           return is_in_header(file.path, obstacle) &&
                  selection.leave_out_file(file.path, why);
         });
}

/// Takes out one type of a header, if that can be told from the rest of the header's
/// change, and if there is a rest.
bool leave_out_type(const Obstacle& obstacle, const patch::LeftForReboot& why,
                    patch::Selection& selection, const PatchedSource& source,
                    const patch::PatchedView& view) {
  const std::string& header = obstacle.file;
  if (!selection.is_by_file() || !header.ends_with(".h") ||
      std::ranges::count(source.touched, header, &patch::TouchedFile::path) == 0)
    return false;
  const std::string original = read_text_if_exists(view.pristine() / header).value_or("");
  const std::string patched = read_text_if_exists(view.root() / header).value_or("");
  if (!types_defined_differently(original, patched).contains(obstacle.type))
    return false;
  std::set<std::string> types{obstacle.type};
  if (const auto known = selection.types_left_out().find(header);
      known != selection.types_left_out().end())
    types.insert(known->second.begin(), known->second.end());
  const auto rest = patch::without_types(original, patched, types);
  if (!rest || patch::same_tokens(original, *rest))
    return false;
  patch::LeftForReboot part = why;
  if (obstacle.symbol == obstacle.type)
    part.reason = obstacle.message;
  selection.leave_out_type(header, obstacle.type, part);
  return true;
}

/// Takes out what a type that stays as it is would give another member than it expects;
/// the compiler need not object to that.
void leave_out_readers_of_members(const Obstacle& obstacle, patch::Selection& selection,
                                  const PatchedSource& source,
                                  const patch::IncludeIndex& includes,
                                  const patch::PatchedView& view) {
  const auto texts = [&](const std::string& file) {
    return std::pair(read_text_if_exists(view.pristine() / file).value_or(""),
                     read_text_if_exists(view.root() / file).value_or(""));
  };
  const auto header = includes.find(obstacle.file);
  if (!selection.is_by_file() || !header || obstacle.type.empty())
    return;
  const auto [original, patched] = texts(obstacle.file);
  const std::set<std::string> members =
      patch::members_of_another_type(original, patched, obstacle.type);
  if (members.empty())
    return;
  for (const patch::TouchedFile& file : source.touched) {
    if (file.path == obstacle.file)
      continue;
    if (const auto id = includes.find(file.path)) {
      const std::vector<bool> read = includes.closure(*id);
      if (*header >= read.size() || !read[*header])
        continue;
    }
    const auto [before, after] = texts(file.path);
    if (patch::changes_what_mentions(before, after, members))
      selection.leave_out_file(
          file.path,
          {.unit = obstacle.file,
           .code = obstacle.code,
           .reason = fmt::format("it uses members of {} that keep their types: {}",
                                 obstacle.type, fmt::join(members, ", ")),
           .is_consequence = true});
  }
}

/// Takes out headers for a unit without a change of its own. If that was left out before
/// and nothing is better for it, it is in again.
void leave_out_headers(Context& context, const std::string& unit,
                       const Obstacle& obstacle, const patch::LeftForReboot& why,
                       patch::Selection& selection,
                       const std::vector<std::string>& headers) {
  bool any = false;
  for (const std::string& header : headers)
    any |= selection.leave_out_file(header, why);
  const auto blamed = context.blamed.find(unit);
  if (!any || !selection.is_by_file() || blamed == context.blamed.end() ||
      blamed->second != what_it_is(obstacle))
    return;
  context.blamed.erase(blamed);
  selection.take_back_file(unit);
  context.say(
      fmt::format("{}: its change is in again: the unit fails without it, too", unit));
}

std::vector<std::string> all_at_fault(const BuildResult& result,
                                      std::span<const Obstacle> found) {
  std::set<std::string> files;
  for (const Obstacle& obstacle : found)
    for (std::string& file : units_at_fault(result, obstacle.file))
      files.insert(std::move(file));
  return {files.begin(), files.end()};
}

bool is_file_or_patch(const std::string& name) {
  return name.find('/') != std::string::npos && name.find(':') == std::string::npos;
}

[[noreturn]] void fail_for_unknown(const std::string& name) {
  fail_with_remedy(
      "name a file as in the kernel's source (fs/exec.c), a patch as in its series, a "
      "function that changes (f, or fs/exec.c:f) or a section",
      "--leave-out: the change has nothing that is called '{}'", name);
}

} // namespace

void leave_out_unwanted(Context& context, patch::Selection& selection) {
  for (const std::string& name : context.options.unwanted) {
    const patch::LeftForReboot why{.unit = {}, .code = {}, .reason = kNamed};
    bool is_known = selection.leave_out_patch(name, why);
    while (selection.leave_out_file(name, why))
      is_known = true;
    if (!is_known && is_file_or_patch(name))
      fail_for_unknown(name);
    if (!is_known)
      context.unwanted.push_back(name);
  }
  for (const patch::LeftForReboot& part : selection.left_out())
    context.say(patch::notice_of(part));
}

void note_unwanted(Context& context) {
  for (const UnitResult& unit : context.result.units)
    for (const std::string& name : unit.left_out) {
      context.met.insert({name, fmt::format("{}:{}", unit.unit, name)});
      context.result.needs_reboot.push_back({.change = name,
                                             .files = {unit.unit},
                                             .fixes = {},
                                             .unit = unit.unit,
                                             .code = {},
                                             .reason = kNamed});
    }
  if (has_refused_units(context.result))
    return; // it may be in one of these
  for (const std::string& name : context.unwanted)
    if (!context.met.contains(name))
      fail_for_unknown(name);
}

std::vector<patch::PatchFile> wholly_selected(const BuildResult& result,
                                              const patch::Selection& selection) {
  std::vector<patch::PatchFile> patches = selection.whole();
  std::erase_if(patches, [&](const patch::PatchFile& patch) {
    return std::ranges::any_of(patch.changes, [&](const patch::FileChange& change) {
      return std::ranges::any_of(result.units, [&](const UnitResult& unit) {
        return unit.unit == change.new_path && !unit.left_out.empty();
      });
    });
  });
  return patches;
}

bool leave_out_refused(Context& context, patch::Selection& selection,
                       const PatchedSource& source, const patch::IncludeIndex& includes,
                       const kernel::Target& target, const patch::PatchedView& view) {
  if (context.options.leave_out == patch::Grain::kAll)
    return false;
  std::set<std::string> before;
  for (const patch::LeftForReboot& part : selection.left_out())
    before.insert(part.change);
  std::set<std::string> failed;
  const std::vector<Obstacle> found = obstacles(context.result);
  const bool waits = !std::ranges::all_of(found, &Obstacle::hangs_on_callers);
  std::optional<std::map<std::string, std::vector<std::string>>> headers; // by unit
  for (const Obstacle& obstacle : found) {
    failed.insert(obstacle.file);
    if (waits && obstacle.hangs_on_callers)
      continue;
    patch::LeftForReboot why{.unit = obstacle.file,
                             .code = obstacle.code,
                             .reason = obstacle.reason,
                             .is_consequence = is_consequence(context, obstacle)};
    leave_out_readers_of_members(obstacle, selection, source, includes, view);
    if (leave_out_type(obstacle, why, selection, source, view) ||
        leave_out_broken_header(obstacle, why, selection, source))
      continue;
    for (const std::string& file : units_at_fault(context.result, obstacle.file))
      if (selection.leave_out_file(file, why)) {
        context.blamed[file] = what_it_is(obstacle);
      } else { // it has no change of its own
        if (!headers)
          headers = patch::headers_used(includes, target, view, source.touched,
                                        all_at_fault(context.result, found),
                                        context.options.jobs);
        leave_out_headers(context, file, obstacle, why, selection, (*headers)[file]);
      }
  }
  context.failed_before.merge(failed);
  for (const UnitResult& unit : context.result.units)
    if (!context.failed_before.contains(unit.unit))
      context.passed_before.insert(unit.unit);
  bool is_smaller = false;
  for (const patch::LeftForReboot& part : selection.left_out())
    if (!before.contains(part.change)) {
      context.say(patch::notice_of(part));
      is_smaller = true;
    }
  return is_smaller;
}

} // namespace kpatch::produce
