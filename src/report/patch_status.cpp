// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/patch_status.h"

#include "report/module_info.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kpatch::report {

namespace {

using elf::ModuleSignature;
using runtime::ObjectStatus;
using runtime::PatchStatus;

std::string function_name(const runtime::ReplacedFunction& function) {
  return function.occurrence > 1
             ? fmt::format("{},{}", function.name, function.occurrence)
             : function.name;
}

std::string signature_text(const ModuleSignature& signature) {
  if (!signature.is_present)
    return "not signed";
  return signature.signer.empty() ? "signed" : "signed by " + signature.signer;
}

std::string kind_text(const PatchStatus& patch) {
  if (!patch.replaces)
    return "";
  return *patch.replaces ? ", cumulative" : ", not cumulative";
}

std::string functions_text(const PatchStatus& patch, const ObjectStatus& object) {
  std::string text =
      fmt::format("  {}{}\n", object.name,
                  object.patched.value_or(true) ? ""
                                                : " (module not loaded, or not yet "
                                                  "patched)");
  for (const runtime::FunctionStatus& function : object.functions) {
    text += fmt::format("    {}", function_name(function.function));
    if (function.active.empty())
      text += "  not in effect\n";
    else if (function.active != patch.name)
      text += fmt::format("  hidden by {}\n", function.active);
    else
      text += "  active\n";
    if (!function.bypass.empty())
      text += fmt::format("      may be bypassed by {}\n", function.bypass);
  }
  return text;
}

std::string stalled_text(const PatchStatus& patch) {
  if (patch.stalled.empty())
    return "";
  std::string text = fmt::format("  waits for {} task(s):\n", patch.stalled.size());
  for (const runtime::StalledTask& task : patch.stalled) {
    std::vector<std::string> names;
    for (const runtime::ReplacedFunction& function : task.patched_functions)
      names.push_back(function_name(function));
    text += fmt::format(
        "    {} {}{}\n", task.id, task.command,
        names.empty() ? "" : fmt::format(" inside {}", fmt::join(names, ", ")));
  }
  return text;
}

std::string reboot_text(const PatchStatus& patch) {
  if (!patch.after_reboot)
    return "";
  const runtime::AfterReboot& after = *patch.after_reboot;
  std::string text = fmt::format("  after a reboot into {}: ", after.kernel);
  if (!after.is_obsolete)
    return text + fmt::format("not known whether obsolete: {}\n", after.unknown);
  return text + (*after.is_obsolete
                     ? "obsolete, its changelog names all that this fixes\n"
                     : fmt::format("still needed, its changelog does not name {}\n",
                                   fmt::join(after.missing, ", ")));
}

std::string patch_text(const PatchStatus& patch) {
  std::string text = fmt::format("{} [{}]{}\n", patch.name, to_string(patch.condition),
                                 kind_text(patch));
  text += claims_text(patch.info);
  if (!patch.replaced.empty())
    text += fmt::format("  replaced: {}\n", fmt::join(patch.replaced, ", "));
  if (patch.file.empty())
    text += "  not installed\n";
  else
    text += fmt::format("  installed: {} ({})\n", patch.file.string(),
                        signature_text(patch.signature));
  text += reboot_text(patch);
  if (!patch.taint.empty())
    text += fmt::format("  taints the kernel: {}\n", patch.taint);
  for (const ObjectStatus& object : patch.objects)
    text += functions_text(patch, object);
  return text + stalled_text(patch);
}

} // namespace

std::string status_text(const runtime::SystemStatus& status) {
  std::string text = fmt::format("Kernel: {}{}\n", status.release,
                                 status.can_livepatch ? "" : " (no live patching)");
  if (!status.signature_demand.empty())
    text += fmt::format("Modules: signed ones only ({})\n", status.signature_demand);
  if (status.is_tracing_off)
    text += "Function tracing: off (kernel.ftrace_enabled=0); no patched function is in "
            "effect until `sysctl kernel.ftrace_enabled=1`\n";
  std::vector<std::string> taints;
  for (const runtime::Taint& taint : status.taints)
    taints.push_back(fmt::format("{} ({})", taint.letter, taint.meaning));
  text += fmt::format("Taint: {}{}\n", status.taint,
                      taints.empty() ? "" : fmt::format(": {}", fmt::join(taints, ", ")));
  text += status.patches.empty() ? "\nNo live patch is loaded.\n" : "";
  for (const PatchStatus& patch : status.patches)
    text += "\n" + patch_text(patch);
  text.pop_back();
  return text;
}

std::string fix_text(const runtime::FixAnswer& answer) {
  const auto word = [&] {
    switch (answer.fixed) {
    case runtime::Fixed::kYes: return "fixed live";
    case runtime::Fixed::kNo: return "not fixed live";
    case runtime::Fixed::kUnknown: break;
    }
    return "not known";
  };
  return fmt::format("{}: {}: {}", answer.cve, word(), answer.reason);
}

std::string info_text(const runtime::PatchInformation& information) {
  // As modinfo(8) prints it: values begin in column 17.
  constexpr const char* kLine = "{:<16}{}\n";
  std::string text = fmt::format("Patch information for {}:\n", information.argument);
  text += fmt::format(kLine, "filename:", information.file.string());
  for (const auto& [key, value] : information.module.info)
    text += fmt::format(kLine, key + ":", value);
  if (information.module.info_value("name").empty())
    text += fmt::format(kLine, "name:", information.module.name);
  if (information.signature.is_present) {
    text += fmt::format(kLine, "sig_id:", "PKCS#7");
    text += fmt::format(kLine, "signer:", information.signature.signer);
  }
  for (const runtime::ReplacedFunction& function : information.module.functions)
    text += fmt::format(kLine, "patches:",
                        fmt::format("{} ({})", function_name(function), function.object));
  text.pop_back();
  return text;
}

runtime::Forms patch_forms() {
  return {.list_json = list_json,
          .status_text = status_text,
          .status_json = status_json,
          .metrics_text = metrics_text,
          .info_text = info_text,
          .info_json = info_json,
          .operation_json = operation_json,
          .fix_text = fix_text,
          .fix_json = fix_json};
}

} // namespace kpatch::report
