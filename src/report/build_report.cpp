// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/build_report.h"

#include "base/text.h"
#include "report/json_text.h"
#include "report/module_info.h"
#include "report/update_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace kpatch::report {

namespace {

using produce::BuildOutcome;
using produce::UnitOutcome;

const char* outcome_name(BuildOutcome outcome) {
  switch (outcome) {
  case BuildOutcome::kBuilt: return "built";
  case BuildOutcome::kNoChange: return "no-change";
  case BuildOutcome::kNotAffected: return "not-affected";
  case BuildOutcome::kRefused: return "refused";
  case BuildOutcome::kFailed: return "failed";
  }
  return "";
}

const char* outcome_name(UnitOutcome outcome) {
  switch (outcome) {
  case UnitOutcome::kChanged: return "changed";
  case UnitOutcome::kUnchanged: return "unchanged";
  case UnitOutcome::kRefused: return "refused";
  case UnitOutcome::kNotCompiled: return "not-compiled";
  }
  return "";
}

Json problems_json(const std::vector<Problem>& problems) {
  Json list = Json::array();
  for (const Problem& problem : problems)
    list.push_back({{"code", problem.code},
                    {"object", problem.object},
                    {"symbol", text_or_null(problem.symbol)},
                    {"message", problem.message},
                    {"remedy", problem.remedy}});
  return list;
}

Json notes_json(const std::vector<Note>& notes) {
  Json list = Json::array();
  for (const Note& note : notes)
    list.push_back({{"kind", name_of(note.kind)},
                    {"code", text_or_null(note.code)},
                    {"symbol", text_or_null(note.symbol)},
                    {"text", note.text}});
  return list;
}

Json proof_json(const produce::Proof& proof) {
  return {{"functions", proof.functions},
          {"equal", proof.equal},
          {"absent", proof.absent},
          {"references", proof.references},
          {"overridden", problems_json(proof.overridden)}};
}

Json place_json(const dwarf::SourcePlace& place) {
  return {{"file", place.file}, {"line", place.line}};
}

/// Where a function's first changed instruction comes from.
Json changed_at_json(const std::optional<dwarf::CodePlace>& place) {
  if (!place)
    return nullptr;
  Json json = place_json(place->at);
  json["inlined"] = Json::array();
  for (const dwarf::InlinedCall& call : place->inlined)
    json["inlined"].push_back({{"function", call.function},
                               {"declared", place_json(call.declared)},
                               {"called_at", place_json(call.called_at)}});
  return json;
}

Json inclusions_json(const std::vector<produce::Inclusion>& inclusions) {
  Json list = Json::array();
  for (const produce::Inclusion& inclusion : inclusions)
    list.push_back({{"name", inclusion.name}, {"because", inclusion.because}});
  return list;
}

Json units_json(const std::vector<produce::UnitResult>& units) {
  Json list = Json::array();
  for (const produce::UnitResult& unit : units) {
    Json functions = Json::array();
    for (const produce::FunctionChange& function : unit.functions)
      functions.push_back({{"name", function.name},
                           {"change", function.is_new ? "new" : "changed"},
                           {"because", function.because},
                           {"changed_at", changed_at_json(function.changed_at)}});
    list.push_back({{"unit", unit.unit},
                    {"owner", text_or_null(unit.owner)},
                    {"result", outcome_name(unit.outcome)},
                    {"functions", std::move(functions)},
                    {"included", inclusions_json(unit.inclusions)},
                    {"notes", notes_json(unit.notes)},
                    {"problems", problems_json(unit.problems)},
                    {"proof", proof_json(unit.proof)}});
  }
  return list;
}

Json steps_json(const std::vector<produce::StepTime>& steps) {
  Json list = Json::array();
  for (const produce::StepTime& step : steps)
    list.push_back({{"name", step.name},
                    {"seconds", rounded(step.seconds)},
                    {"cpu_seconds", rounded(step.cpu_seconds)}});
  return list;
}

Json displaced_json(const std::vector<patch::DisplacedHunk>& hunks) {
  Json list = Json::array();
  for (const patch::DisplacedHunk& hunk : hunks)
    list.push_back({{"patch", hunk.patch},
                    {"file", hunk.file},
                    {"hunk", hunk.hunk},
                    {"line", hunk.line},
                    {"fuzz", hunk.fuzz},
                    {"offset", hunk.offset},
                    {"meant", text_or_null(hunk.meant)},
                    {"landed", text_or_null(hunk.landed)}});
  return list;
}

Json left_out_json(const std::vector<patch::LeftOut>& files) {
  Json list = Json::array();
  for (const patch::LeftOut& file : files)
    list.push_back({{"file", file.path},
                    {"why", patch::name_of(file.why)},
                    {"option", text_or_null(file.option)}});
  return list;
}

Json needs_reboot_json(const std::vector<patch::LeftForReboot>& parts) {
  Json list = Json::array();
  for (const patch::LeftForReboot& part : parts)
    list.push_back({{"change", part.change},
                    {"subject", text_or_null(part.subject)},
                    {"files", part.files},
                    {"cves", part.fixes},
                    {"unit", text_or_null(part.unit)},
                    {"code", text_or_null(part.code)},
                    {"reason", part.reason},
                    {"is_consequence", part.is_consequence}});
  return list;
}

Json series_json(const produce::BuildResult& result) {
  Json list = Json::array();
  for (const produce::SeriesPatch& patch : result.series)
    list.push_back({{"patch", patch.name},
                    {"subject", text_or_null(patch.subject)},
                    {"cves", patch.cves},
                    {"files", patch.files},
                    {"state", name_of(state_of(patch, result))}});
  return list;
}

Json totals_json(const Totals& totals) {
  return {{"units_in", totals.units_in},
          {"units_without_effect", totals.units_without_effect},
          {"functions", totals.functions},
          {"objects", totals.objects},
          {"needs_reboot", totals.needs_reboot},
          {"not_in_kernel", totals.not_in_kernel}};
}

std::string problem_text(const Problem& problem) {
  return fmt::format("{}: {}{}{} [{}]\n  {}\n", problem.object, problem.symbol,
                     problem.symbol.empty() ? "" : ": ", problem.message, problem.code,
                     problem.remedy);
}

} // namespace

std::string build_json(const produce::BuildResult& result) {
  const Json kernel = {{"release", text_or_null(result.release)},
                       {"version", text_or_null(result.source_version)},
                       {"machine", text_or_null(result.machine)}};
  const Json compiler = {
      {"version", text_or_null(result.compiler)},
      {"from", result.compiler_packages.empty() ? "installed" : "fetched"},
      {"packages", text_or_null(result.compiler_packages)}};
  const Json module = {{"name", result.module_name},
                       {"path", text_or_null(result.module.string())},
                       {"replace", result.replace},
                       {"says", claims_json(result.info)}};
  Json report = json_head("kpatch-build");
  report.update({{"result", outcome_name(result.outcome)},
                 {"message", text_or_null(result.message)},
                 {"remedy", text_or_null(result.remedy)},
                 {"log", text_or_null(result.log.string())},
                 {"kernel", kernel},
                 {"compiler", compiler},
                 {"module", module},
                 {"patches", result.patches},
                 {"displaced", displaced_json(result.displaced)},
                 {"left_out", left_out_json(result.left_out)},
                 {"needs_reboot", needs_reboot_json(result.needs_reboot)},
                 {"series", series_json(result)},
                 {"totals", totals_json(totals_of(result))},
                 {"units", units_json(result.units)},
                 {"problems", problems_json(result.problems)},
                 {"warnings", problems_json(result.warnings)},
                 {"steps", steps_json(result.steps)}});
  // Compilers quote source lines, which need not be UTF-8.
  return json_file(report);
}

std::string build_failure_text(const produce::BuildResult& result) {
  std::string text;
  for (const Problem& problem : result.problems)
    text += problem_text(problem);
  for (const produce::UnitResult& unit : result.units)
    for (const Problem& problem : unit.problems)
      text += problem_text(problem);
  // Details first: the line that scripts and people look for is the last one.
  const std::string_view first = first_line(result.message);
  if (first.size() < result.message.size())
    text += result.message.substr(first.size() + 1) + "\n";
  text += fmt::format("ERROR: {}.", first);
  if (!result.log.empty())
    text += fmt::format(" Check {} for more details.", result.log.string());
  text += '\n';
  if (!result.remedy.empty())
    text += "  " + result.remedy + "\n";
  return text;
}

} // namespace kpatch::report
