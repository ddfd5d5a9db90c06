// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/json_text.h"
#include "report/module_info.h"
#include "report/patch_status.h"
#include "runtime/outcomes.h"

namespace kpatch::report {

namespace {

template <typename Value>
Json value_or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json();
}

/// Names come from files and tasks and may be any bytes.
Json function_json(const runtime::ReplacedFunction& function) {
  return {{"object", function.object},
          {"name", function.name},
          {"occurrence", function.occurrence}};
}

Json installed_json(const std::vector<runtime::InstalledPatch>& installed) {
  Json list = Json::array();
  for (const runtime::InstalledPatch& patch : installed)
    list.push_back({{"name", patch.name},
                    {"release", patch.release},
                    {"path", patch.file.string()}});
  return list;
}

Json signature_json(const elf::ModuleSignature& signature) {
  return {{"signed", signature.is_present}, {"signer", text_or_null(signature.signer)}};
}

Json objects_json(const std::vector<runtime::ObjectStatus>& objects) {
  Json list = Json::array();
  for (const runtime::ObjectStatus& object : objects) {
    Json functions = Json::array();
    for (const runtime::FunctionStatus& function : object.functions)
      functions.push_back({{"name", function.function.name},
                           {"occurrence", function.function.occurrence},
                           {"active", text_or_null(function.active)},
                           {"bypass", text_or_null(function.bypass)}});
    list.push_back({{"name", object.name},
                    {"patched", value_or_null(object.patched)},
                    {"functions", std::move(functions)}});
  }
  return list;
}

Json stalled_json(const std::vector<runtime::StalledTask>& tasks) {
  Json list = Json::array();
  for (const runtime::StalledTask& task : tasks) {
    Json functions = Json::array();
    for (const runtime::ReplacedFunction& function : task.patched_functions)
      functions.push_back(function_json(function));
    list.push_back({{"task", std::stol(task.id)},
                    {"command", task.command},
                    {"patched_functions", std::move(functions)},
                    {"stack", task.stack}});
  }
  return list;
}

Json reboot_json(const std::optional<runtime::AfterReboot>& after) {
  if (!after)
    return {};
  return {{"kernel", after->kernel},
          {"obsolete", value_or_null(after->is_obsolete)},
          {"missing", after->missing}};
}

Json patch_json(const runtime::PatchStatus& patch) {
  return {{"name", patch.name},
          {"state", state_word(patch.condition)},
          {"stack_order", value_or_null(patch.stack_order)},
          {"replace", value_or_null(patch.replaces)},
          {"replaced", patch.replaced},
          {"users", value_or_null(patch.users)},
          {"taint", patch.taint},
          {"installed", text_or_null(patch.file.string())},
          {"signature", patch.file.empty() ? Json() : signature_json(patch.signature)},
          {"says", claims_json(patch.info)},
          {"objects", objects_json(patch.objects)},
          {"stalled", stalled_json(patch.stalled)},
          {"after_reboot", reboot_json(patch.after_reboot)}};
}

} // namespace

std::string state_word(runtime::Condition condition) {
  std::string word(to_string(condition));
  while (word.ends_with('.'))
    word.pop_back();
  return word;
}

std::string operation_json(const runtime::OperationReport& report) {
  Json json = json_head("kpatch-operation");
  json["operation"] = report.operation;
  json["module"] = text_or_null(report.module);
  json["result"] = runtime::result_word(report.status);
  json["status"] = static_cast<int>(report.status);
  json["error"] = text_or_null(report.error);
  json["remedy"] = text_or_null(report.remedy);
  json["messages"] = report.said;
  json["warnings"] = report.warned;
  json["loaded"] = Json::array();
  for (const runtime::PatchState& patch : report.patches)
    json["loaded"].push_back(
        {{"name", patch.name}, {"state", state_word(condition_of(patch))}});
  return json_text(json);
}

std::string list_json(const runtime::SystemStatus& status) {
  Json json = json_head("kpatch-list");
  json["release"] = status.release;
  json["loaded"] = Json::array();
  for (const runtime::PatchStatus& patch : status.patches)
    json["loaded"].push_back({{"name", patch.name},
                              {"state", state_word(patch.condition)},
                              {"says", claims_json(patch.info)}});
  json["installed"] = installed_json(status.installed);
  return json_text(json);
}

std::string status_json(const runtime::SystemStatus& status) {
  Json json = json_head("kpatch-status");
  json["release"] = status.release;
  json["effective_version"] = effective_version(status);
  json["livepatch"] = status.can_livepatch;
  json["signatures_needed"] = text_or_null(status.signature_demand);
  json["tracing"] = !status.is_tracing_off;
  json["taint"] = {{"mask", status.taint}, {"reasons", Json::array()}};
  for (const runtime::Taint& taint : status.taints)
    json["taint"]["reasons"].push_back(
        {{"letter", std::string(1, taint.letter)}, {"meaning", taint.meaning}});
  json["patches"] = Json::array();
  for (const runtime::PatchStatus& patch : status.patches)
    json["patches"].push_back(patch_json(patch));
  json["installed"] = installed_json(status.installed);
  return json_text(json);
}

std::string fix_json(const runtime::FixAnswer& answer) {
  using runtime::Fixed;
  Json json = json_head("kpatch-fixes");
  json["cve"] = answer.cve;
  json["fixed"] =
      answer.fixed == Fixed::kUnknown ? Json() : Json(answer.fixed == Fixed::kYes);
  json["patch"] = text_or_null(answer.patch);
  json["reason"] = answer.reason;
  return json_text(json);
}

std::string info_json(const runtime::PatchInformation& information) {
  const runtime::ModuleFile& module = information.module;
  Json json = json_head("kpatch-info");
  json["name"] = module.name;
  json["path"] = information.file.string();
  json["release"] = text_or_null(module.release());
  json["livepatch"] = module.is_livepatch();
  json["replace"] = value_or_null(module.replaces());
  json["needs"] = module.needed();
  json["signature"] = signature_json(information.signature);
  json["loaded"] = information.loaded ? Json(state_word(*information.loaded)) : Json();
  json["cves"] = elf::info_values(module.info, "cve");
  json["functions"] = Json::array();
  for (const runtime::ReplacedFunction& function : module.functions)
    json["functions"].push_back(function_json(function));
  json["modinfo"] = Json::array();
  for (const auto& [key, value] : module.info)
    json["modinfo"].push_back({{"key", key}, {"value", value}});
  return json_text(json);
}

} // namespace kpatch::report
