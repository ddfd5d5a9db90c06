// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/module_difference.h"

#include "report/json_text.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace kpatch::report {

namespace {

using Functions = std::vector<verify::PatchFunction>;
using Words = std::vector<std::string>;

struct ListForm {
  const char* key;
  const char* word;
  Functions verify::PatchDifference::*list;
};
constexpr ListForm kLists[] = {
    {"added", "adds", &verify::PatchDifference::added},
    {"dropped", "drops", &verify::PatchDifference::dropped},
    {"changed", "changes", &verify::PatchDifference::changed},
};

std::string shown_name(const verify::PatchFunction& function) {
  if (function.object.empty())
    return fmt::format("{} (new in the patch)", function.name);
  return function.position > 1 ? fmt::format("{} number {} in {}", function.name,
                                             function.position, function.object)
                               : fmt::format("{} in {}", function.name, function.object);
}

/// Values of a key that only the first module has.
Words only_in(const runtime::ModuleFile& has, const runtime::ModuleFile& lacks,
              std::string_view key) {
  const Words others = elf::info_values(lacks.info, key);
  Words values = elf::info_values(has.info, key);
  std::erase_if(values, [&](const std::string& value) {
    return std::ranges::find(others, value) != others.end();
  });
  return values;
}

Json json_of(const runtime::ModuleFile& module) {
  return {{"name", module.name},
          {"version", module.info_value("version")},
          {"kernel", module.release()}};
}

std::string with_version(const runtime::ModuleFile& module) {
  const std::string version = module.info_value("version");
  return version.empty() ? module.name : module.name + " " + version;
}

} // namespace

std::string difference_text(const ModuleDifference& difference) {
  const auto& [older, newer, functions] = difference;
  std::string text =
      fmt::format("{} beside {}:\n", with_version(newer), with_version(older));
  if (older.release() != newer.release())
    text += fmt::format("  is for {} instead of {}: code can differ for that alone\n",
                        newer.release(), older.release());
  for (const auto& [key, word, list] : kLists)
    for (const verify::PatchFunction& function : functions.*list)
      text += fmt::format("  {} {}\n", word, shown_name(function));
  if (const Words more = only_in(newer, older, "cve"); !more.empty())
    text += fmt::format("  also fixes {}\n", fmt::join(more, ", "));
  if (const Words less = only_in(older, newer, "cve"); !less.empty())
    text += fmt::format("  does not claim to fix {} any more\n", fmt::join(less, ", "));
  return text + fmt::format("  {} function{} the same in both\n", functions.same.size(),
                            functions.same.size() == 1 ? " is" : "s are");
}

std::string difference_json(const ModuleDifference& difference) {
  const auto& [older, newer, functions] = difference;
  Json json = json_head("kpatch-diff");
  json["older"] = json_of(older);
  json["newer"] = json_of(newer);
  for (const auto& [key, word, list] : kLists) {
    json[key] = Json::array();
    for (const verify::PatchFunction& function : functions.*list)
      json[key].push_back(
          {{"function", function.name},
           {"object", function.object.empty() ? Json() : Json(function.object)},
           {"position", function.position}});
  }
  json["same"] = functions.same.size();
  json["cves_added"] = only_in(newer, older, "cve");
  json["cves_dropped"] = only_in(older, newer, "cve");
  return json_file(json);
}

} // namespace kpatch::report
