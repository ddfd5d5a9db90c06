// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command line of `kpatch rehearse`.
#include "rehearse/rehearsal_options.h"

#include "base/error.h"
#include "runtime/given_kernel.h"

namespace kpatch::rehearse {

namespace {

using To = RehearsalCall&;
using Text = const std::string&;

unsigned positive_number(std::string_view option, Text text) {
  const unsigned value = whole_number(text).value_or(0);
  if (value == 0)
    fail("rehearse: {}: '{}' is not a number above zero", option, text);
  return value;
}

/// In the order of --help.
constexpr Option<RehearsalCall> kOptions[] = {
    {"kernel", 'k', "RELEASE",
     "Boot this kernel, named as by uname -r (default: the one that the first module was "
     "built for)",
     [](To to, Text value) { to.request.release = value; }},
    {"check", 'c', "SCRIPT",
     "Run this shell script, which succeeds only while the patch is in effect; it finds "
     "before, patched or after in $KPATCH_PHASE and the patch modules in "
     "$KPATCH_MODULES",
     [](To to, Text value) { to.request.check = value; }},
    {"program", 'p', "FILE",
     "Put this program and its shared libraries into the PATH of the check; repeatable",
     [](To to, Text value) { to.request.programs.emplace_back(value); }},
    {"guest-programs", 0, "DIR",
     "Take busybox and kpatch for the guest from this directory: static programs for the "
     "processor of the modules, if that is not this machine's",
     [](To to, Text value) { to.request.guest_programs = value; }},
    {"with", 'w', "MODULE",
     "Load this kernel module and its dependencies first: a name or a .ko file; "
     "repeatable. Modules that the patch changes are always loaded",
     [](To to, Text value) { to.request.with.emplace_back(value); }},
    {"without", 0, "MODULE",
     "Do not load this module although the patch changes it, for example because the "
     "machine lacks its hardware; repeatable",
     [](To to, Text value) { to.request.without.emplace_back(value); }},
    {"late", 0, nullptr,
     "Load those modules after the patches in the first cycle; later cycles find them "
     "loaded",
     [](To to, Text) { to.request.late = true; }},
    {"cycles", 'n', "N", "Load and unload N times (default: 1)",
     [](To to, Text value) { to.request.cycles = positive_number("--cycles", value); }},
    {"each", 'e', nullptr,
     "Load and unload one patch after the other instead of all together, and go on after "
     "a failure or a kernel module that the machine cannot load",
     [](To to, Text) { to.request.each = true; }},
    {"upgrade", 0, nullptr,
     "Replace each patch by the next, as kpatch upgrade does, then roll back step by "
     "step and unload the first",
     [](To to, Text) { to.request.upgrade = true; }},
    {"cpus", 0, "N",
     "Give the machine N processors (default: 2). With one, the kernel moves all tasks "
     "at once, so that many patches take less time",
     [](To to, Text value) { to.request.cpus = positive_number("--cpus", value); }},
    {"cpu", 0, "MODEL",
     "Emulate this processor, named as by QEMU, for code that the default one does not "
     "use",
     [](To to, Text value) { to.request.cpu_model = value; }},
    {"append", 0, "WORDS", "Add to the kernel command line; repeatable",
     [](To to, Text value) { to.request.kernel_arguments.emplace_back(value); }},
    {"kvm", 0, nullptr,
     "Use hardware virtualisation, or not (default: where it works and --cpu is not "
     "given)",
     [](To to, Text) { to.request.kvm = true; }},
    {"no-kvm", 0, nullptr, kSame, [](To to, Text) { to.request.kvm = false; }},
    {"timeout", 0, "SECONDS", "Give up after this time (default: 240)",
     [](To to, Text value) {
       to.request.timeout_seconds = positive_number("--timeout", value);
     }},
    {"skip-checks", 0, nullptr, "Boot even if kpatch verify refuses a module",
     [](To to, Text) { to.skips_checks = true; }},
    {"vmlinuz", 0, "FILE", runtime::kVmlinuzHelp,
     [](To to, Text value) { to.request.vmlinuz = value; }},
    {"modules", 0, "DIR", runtime::kModulesHelp,
     [](To to, Text value) { to.request.modules_root = value; }},
    {"json", 0, "FILE", "Write the report to this file as JSON; -: to standard output",
     [](To to, Text value) { to.json = value; }},
    {"report", 0, "FILE",
     "Write the report to this file: as a web page if FILE ends in .html",
     [](To to, Text value) { to.report = value; }},
    {"help", 'h', nullptr, "Show this help", [](To to, Text) { to.wants_help = true; }},
};

} // namespace

std::vector<OptionForm> rehearsal_forms() {
  return forms_of(kOptions);
}

std::string rehearsal_usage() {
  return R"(usage: kpatch rehearse [--kernel RELEASE] [options] MODULE.ko...

Boots the kernel in a virtual machine and takes the patch modules through their
life: the check must fail, `kpatch load`, the check must succeed, `kpatch
unload`, the check must fail. Exit status 0 if all held and the kernel log is
clean. Needs no root.

)" + options_help(forms_of(kOptions));
}

RehearsalCall parse_rehearsal_call(const std::vector<std::string>& arguments) {
  RehearsalCall call;
  for (const std::string& patch : parse_command("rehearse", kOptions, arguments, call))
    call.request.patches.emplace_back(patch);
  if (call.wants_help)
    return call;
  if (call.request.patches.empty())
    fail_wrong_call("rehearse", "no patch module given");
  if (call.request.upgrade && call.request.each)
    fail_wrong_call("rehearse", "--upgrade and --each exclude each other");
  runtime::require_both("rehearse", call.request.vmlinuz, call.request.modules_root);
  return call;
}

} // namespace kpatch::rehearse
