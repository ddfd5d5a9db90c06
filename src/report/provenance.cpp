// SPDX-License-Identifier: GPL-2.0-or-later
//
// Builds give the same bytes for the same inputs, so a provenance can be put to the test:
// whoever has the inputs makes the module again. What does not decide over its bytes
// (where it goes, how many jobs, who signs it) is not in it.
#include "report/provenance.h"

#include "base/error.h"
#include "base/sha256.h"
#include "elf/signed_file.h"
#include "report/json_text.h"
#include "report/module_info.h"

#include <filesystem>
#include <map>

namespace kpatch::report {
namespace fs = std::filesystem;

namespace {

constexpr const char* kSchema = "kpatch-provenance";

/// Of the module without its signature, which is not part of the build.
std::string module_digest(const fs::path& module) {
  const Bytes bytes = read_bytes(module);
  const auto parts = elf::split_signature(bytes);
  Sha256 hash;
  hash.add(parts ? parts->content : std::span<const std::uint8_t>(bytes));
  return hash.finish();
}

Json functions_json(const produce::BuildResult& result) {
  Json list = Json::array();
  for (const produce::UnitResult& unit : result.units)
    for (const produce::FunctionChange& function : unit.functions)
      list.push_back({{"name", function.name},
                      {"unit", unit.unit},
                      {"owner", unit.owner},
                      {"change", function.is_new ? "new" : "changed"},
                      {"before", text_or_null(function.before)},
                      {"after", text_or_null(function.after)}});
  return list;
}

Json proofs_json(const produce::BuildResult& result) {
  Json list = Json::array();
  for (const produce::UnitResult& unit : result.units)
    if (unit.outcome == produce::UnitOutcome::kChanged)
      list.push_back({{"unit", unit.unit},
                      {"owner", unit.owner},
                      {"functions", unit.proof.functions},
                      {"equal", unit.proof.equal},
                      {"absent", unit.proof.absent},
                      {"references", unit.proof.references},
                      {"overridden", unit.proof.overridden.size()}});
  return list;
}

Json inputs_json(const produce::BuildResult& result) {
  Json list = Json::array();
  for (const produce::InputFile& input : result.inputs)
    list.push_back(
        {{"role", input.role}, {"name", input.name}, {"sha256", input.sha256}});
  return list;
}

Json options_json(const produce::Invocation& invocation) {
  Json list = Json::array();
  for (const auto& [option, value] : invocation.asked)
    list.push_back({option, value});
  return list;
}

Json parse_provenance(std::string_view text, std::string_view name) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("schema", "") != kSchema)
    fail_with_remedy("give the file that kpatch-build --provenance wrote",
                     "{} is not the provenance of a module", name);
  return json;
}

/// Lists are compared by what their members are called.
std::string key_of(const Json& member) {
  std::string key;
  if (member.is_object())
    for (const char* part : {"role", "owner", "unit", "name"})
      if (member.contains(part) && member[part].is_string())
        key += (key.empty() ? "" : " ") + member[part].get<std::string>();
  return key;
}

void add_differences(const std::string& place, const Json& then, const Json& now,
                     std::vector<std::string>& lines);

void add_list_differences(const std::string& place, const Json& then, const Json& now,
                          std::vector<std::string>& lines) {
  std::map<std::string, std::pair<Json, Json>> pairs;
  std::size_t number = 0;
  const auto name = [&](const Json& member) {
    const std::string key = key_of(member);
    return key.empty() ? fmt::format("{}", number) : key;
  };
  for (const Json& member : then) {
    ++number;
    pairs[name(member)].first = member;
  }
  number = 0;
  for (const Json& member : now) {
    ++number;
    pairs[name(member)].second = member;
  }
  for (const auto& [key, pair] : pairs)
    add_differences(fmt::format("{} {}", place, key), pair.first, pair.second, lines);
}

void add_differences(const std::string& place, const Json& then, const Json& now,
                     std::vector<std::string>& lines) {
  if (then == now)
    return;
  if (then.is_object() && now.is_object()) {
    for (const auto& [key, value] : then.items())
      add_differences(place.empty() ? key : place + " " + key, value,
                      now.value(key, Json()), lines);
  } else if (then.is_array() && now.is_array()) {
    add_list_differences(place, then, now, lines);
  } else {
    lines.push_back(fmt::format("{}: {}, now {}", place, then.dump(), now.dump()));
  }
}

} // namespace

std::string provenance_json(const produce::BuildResult& result,
                            const produce::Invocation& invocation) {
  Json json = json_head(kSchema);
  json["module"] = {{"name", result.module_name},
                    {"sha256", module_digest(result.module)},
                    {"says", claims_json(result.info)}};
  json["builder"] = {{"program", "kpatch-build"}, {"version", KPATCH_VERSION}};
  json["kernel"] = {{"release", result.release},
                    {"version", text_or_null(result.source_version)},
                    {"machine", result.machine}};
  json["compiler"] = {{"version", result.compiler},
                      {"packages", text_or_null(result.compiler_packages)}};
  json["options"] = options_json(invocation);
  json["inputs"] = inputs_json(result);
  json["functions"] = functions_json(result);
  json["proof"] = proofs_json(result);
  return json_file(json);
}

RecordedCall recorded_call(std::string_view provenance, std::string_view name) {
  const Json json = parse_provenance(provenance, name);
  RecordedCall call;
  bool names_kernel = false;
  try {
    for (const Json& option : json.at("options")) {
      const std::string word = option.at(0), value = option.at(1);
      names_kernel |= word == "archversion" || word == "sourcerpm" || word == "sourcedir";
      call.options.push_back("--" + word + (value.empty() ? "" : "=" + value));
    }
    if (!names_kernel)
      call.options.push_back("--archversion=" +
                             json.at("kernel").at("release").get<std::string>());
    call.options.push_back("--name=" + json.at("module").at("name").get<std::string>());
    for (const Json& input : json.at("inputs"))
      if (const std::string file = input.at("name");
          input.at("role") == "patch" && fs::path(file).is_absolute())
        call.patches.push_back(file);
  } catch (const nlohmann::json::exception&) {
    fail_with_remedy("give the file that kpatch-build --provenance wrote",
                     "{}: a member of the provenance is missing or is of another kind",
                     name);
  }
  return call;
}

std::vector<std::string> provenance_differences(std::string_view recorded,
                                                std::string_view made) {
  const Json then = parse_provenance(recorded, "the provenance given");
  const Json now = parse_provenance(made, "the provenance made");
  std::vector<std::string> lines;
  if (then.value("module", Json()).value("sha256", "") ==
      now.value("module", Json()).value("sha256", ""))
    return lines;
  add_differences("", then, now, lines);
  return lines;
}

} // namespace kpatch::report
