// SPDX-License-Identifier: GPL-2.0-or-later
//
// The text format of Prometheus (prometheus.io, "Exposition formats"): a HELP and a TYPE
// line for each name, then its samples. Label values escape backslash, quote and newline.
// Names end in no unit where they count things.
#include "report/patch_status.h"
#include "runtime/health.h"

#include <fmt/ranges.h>

#include <set>

namespace kpatch::report {

namespace {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

std::string label_value(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"')
      text += '\\';
    if (c == '\n')
      text += "\\n";
    else
      text += c;
  }
  return text;
}

/// One metric with its samples.
class Gauge {
 public:
  Gauge(std::string_view name, std::string_view help) : name_(name) {
    text_ = fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name, help);
  }
  Gauge& add(std::size_t value, const Labels& labels = {}) {
    std::vector<std::string> parts;
    for (const auto& [key, label] : labels)
      parts.push_back(fmt::format("{}=\"{}\"", key, label_value(label)));
    text_ += parts.empty()
                 ? fmt::format("{} {}\n", name_, value)
                 : fmt::format("{}{{{}}} {}\n", name_, fmt::join(parts, ","), value);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string_view name_;
  std::string text_;
};

std::string first_value(const elf::ModuleInfo& info, std::string_view key) {
  const std::vector<std::string> values = elf::info_values(info, key);
  return values.empty() ? "" : values.front();
}

std::size_t function_count(const runtime::PatchStatus& patch) {
  std::size_t count = 0;
  for (const runtime::ObjectStatus& object : patch.objects)
    count += object.functions.size();
  return count;
}

} // namespace

std::string metrics_text(const runtime::SystemStatus& status) {
  Gauge health("kpatch_health", "0 ok, 1 warning, 2 critical, 3 unknown.");
  health.add(static_cast<std::size_t>(health_of(ailments_of(status))));
  Gauge kernel("kpatch_kernel_info", "The running kernel and up to what it is patched.");
  kernel.add(
      1, {{"release", status.release}, {"effective_version", effective_version(status)}});
  Gauge tracing("kpatch_tracing_off",
                "1 if function tracing is off: no patched function is in effect.");
  tracing.add(status.is_tracing_off);
  Gauge patches("kpatch_patch_info", "A live patch that is in the kernel.");
  Gauge force("kpatch_patch_in_force", "1 if all tasks run the patched functions.");
  Gauge functions("kpatch_patch_functions", "How many functions the patch replaces.");
  Gauge stalled("kpatch_stalled_tasks", "Tasks that keep a transition from ending.");
  Gauge fixed("kpatch_cve_fixed", "1 for each CVE that a patch in force says it fixes.");
  Gauge obsolete("kpatch_obsolete_after_reboot",
                 "1 if the newest installed kernel has what the patch fixes, 0 if not.");
  Gauge installed("kpatch_installed", "A patch that is installed for a kernel.");
  std::set<std::string> cves;
  for (const runtime::PatchStatus& patch : status.patches) {
    const Labels name = {{"patch", patch.name}};
    const bool is_in_force =
        patch.condition == runtime::Condition::kEnabled && !status.is_tracing_off;
    patches.add(1, {{"patch", patch.name},
                    {"version", first_value(patch.info, "version")},
                    {"state", state_word(patch.condition)},
                    {"signer", patch.signature.signer}});
    force.add(is_in_force, name);
    functions.add(function_count(patch), name);
    stalled.add(patch.stalled.size(), name);
    if (patch.after_reboot && patch.after_reboot->is_obsolete)
      obsolete.add(*patch.after_reboot->is_obsolete,
                   {{"patch", patch.name}, {"kernel", patch.after_reboot->kernel}});
    if (is_in_force)
      for (const std::string& cve : elf::info_values(patch.info, "cve"))
        cves.insert(cve);
  }
  for (const std::string& cve : cves)
    fixed.add(1, {{"cve", cve}});
  for (const runtime::InstalledPatch& patch : status.installed)
    installed.add(1, {{"patch", patch.name}, {"release", patch.release}});
  std::string text;
  for (const Gauge* gauge : {&health, &kernel, &tracing, &patches, &force, &functions,
                             &stalled, &fixed, &obsolete, &installed})
    text += gauge->text();
  text.pop_back();
  return text;
}

} // namespace kpatch::report
