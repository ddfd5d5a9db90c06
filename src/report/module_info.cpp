// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/module_info.h"

#include "report/json_text.h"

#include <fmt/ranges.h>

namespace kpatch::report {

namespace {

constexpr const char* kSingles[] = {"version", "description", "author", "url"};

} // namespace

Json claims_json(const elf::ModuleInfo& info) {
  if (info.empty())
    return nullptr;
  Json json = Json::object();
  for (const char* key : kSingles) {
    const std::vector<std::string> values = elf::info_values(info, key);
    json[key] = values.empty() ? Json() : Json(values.front());
  }
  json["cves"] = elf::info_values(info, "cve");
  json["fixes"] = elf::info_values(info, "fixes");
  return json;
}

std::string claims_text(const elf::ModuleInfo& info) {
  std::string text;
  for (const char* key : kSingles)
    for (const std::string& value : elf::info_values(info, key))
      text += fmt::format("  {}: {}\n", key, value);
  const std::vector<std::string> cves = elf::info_values(info, "cve");
  if (!cves.empty())
    text += fmt::format("  fixes: {}\n", fmt::join(cves, ", "));
  return text;
}

} // namespace kpatch::report
