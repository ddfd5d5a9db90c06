// SPDX-License-Identifier: GPL-2.0-or-later
//
// Options without which a kernel takes no live patch, and options under which what is
// compiled here would not be the code that runs: a randomised structure layout or latent
// entropy differ in every build, and split debug information leaves nothing to read in
// vmlinux.
#include "kernel/requirements.h"

#include "arch/arch.h"
#include "base/error.h"
#include "base/files.h"
#include "kernel/patched_by.h"

#include <span>

namespace kpatch::kernel {

namespace {

struct Option {
  std::string_view name;
  std::string_view reason;
};

constexpr Option kNeeded[] = {
    {"CONFIG_DEBUG_INFO", "it is not known which sources the kernel is made of"},
};

/// What kpatch.ko works with where there is no livepatch code in the kernel.
constexpr Option kNeededByCore[] = {
    {"CONFIG_DYNAMIC_FTRACE_WITH_ARGS", "calls cannot be redirected"},
    {"CONFIG_KALLSYMS_ALL", "it is not known where the kernel has its data"},
    {"CONFIG_STACKTRACE", "stacks cannot be looked at"},
    {"CONFIG_MODULE_UNLOAD", "a patch could never be taken back"},
};

constexpr Option kRefused[] = {
    {"CONFIG_DEBUG_INFO_SPLIT", "the debug information is not in vmlinux"},
    {"CONFIG_GCC_PLUGIN_LATENT_ENTROPY", "each build of it makes other code"},
    {"CONFIG_GCC_PLUGIN_RANDSTRUCT", "each build of it lays out structures differently"},
    {"CONFIG_RANDSTRUCT", "each build of it lays out structures differently"},
};

/// openEuler's kernels have it. Without it they take patches only while all tasks stand
/// still, as no other kernel does.
constexpr std::string_view kPerTask = "LIVEPATCH_PER_TASK_CONSISTENCY";

bool lacks_per_task_consistency(const Target& target) {
  const auto choices = read_text_if_exists(target.source / "kernel/livepatch/Kconfig");
  return choices && choices->find(kPerTask) != std::string::npos &&
         !target.config.is_set(fmt::format("CONFIG_{}", kPerTask));
}

void list(std::string& complaints, std::string_view text) {
  complaints += complaints.empty() ? "" : "; ";
  complaints += text;
}

void list_missing(std::string& complaints, const Target& target,
                  std::span<const Option> options) {
  for (const Option& option : options)
    if (!target.config.is_set(option.name))
      list(complaints,
           fmt::format("kernel option '{}' is not set: {}", option.name, option.reason));
}

bool has_core(const Target& target) {
  const arch::Arch* machine = arch::find_arch(target.machine);
  return machine && machine->has_core();
}

} // namespace

void check_configuration(const Target& target) {
  std::string complaints;
  if (patched_by(target) == PatchedBy::kCore && !has_core(target))
    list(complaints, "kernel option 'CONFIG_LIVEPATCH' is not set: the kernel takes no "
                     "live patches");
  else if (patched_by(target) == PatchedBy::kCore)
    list_missing(complaints, target, kNeededByCore);
  list_missing(complaints, target, kNeeded);
  for (const Option& option : kRefused)
    if (target.config.is_set(option.name))
      list(complaints, fmt::format("kernel option '{}' not supported: {}", option.name,
                                   option.reason));
  if (target.config.is_set("CONFIG_EXPOLINE") &&
      !target.config.is_set("CONFIG_EXPOLINE_EXTERN"))
    list(complaints, "kernel option 'CONFIG_EXPOLINE' needs 'CONFIG_EXPOLINE_EXTERN'");
  if (lacks_per_task_consistency(target))
    list(complaints, fmt::format("kernel option 'CONFIG_{}' is not set: the kernel "
                                 "changes over while all tasks stand still",
                                 kPerTask));
  if (!complaints.empty())
    fail_with_remedy("build a kernel with another configuration, run that one, and give "
                     "its build tree with -s",
                     "{}: {}", target.config_file.string(), complaints);
}

PatchedBy patched_by(const Target& target) {
  return target.config.is_set("CONFIG_LIVEPATCH") ? PatchedBy::kLivepatch
                                                  : PatchedBy::kCore;
}

bool can_replace(const Target& target) {
  if (patched_by(target) == PatchedBy::kCore)
    return true;
  const std::optional<std::string> header =
      read_text_if_exists(target.source / "include/linux/livepatch.h");
  return !header || header->find("bool replace;") != std::string::npos;
}

} // namespace kpatch::kernel
