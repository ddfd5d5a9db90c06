// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command line of `kpatch verify`.
#include "runtime/verify_options.h"

#include "base/error.h"
#include "base/host_kernel.h"
#include "runtime/given_kernel.h"

namespace kpatch::runtime {

namespace {

using ToVerify = VerifyCall&;
using Text = const std::string&;

/// In the order of --help.
constexpr Option<VerifyCall> kVerifyOptions[] = {
    {"kernel", 'k', "RELEASE",
     "Kernel to judge for, named as by uname -r, or `running` (default: the one that the "
     "module was built for)",
     [](ToVerify to, Text value) {
       to.release = value == "running" ? host_kernel().release : value;
     }},
    {"vmlinuz", 0, "FILE", kVmlinuzHelp,
     [](ToVerify to, Text value) { to.vmlinuz = value; }},
    {"modules", 0, "DIR", kModulesHelp,
     [](ToVerify to, Text value) { to.modules_root = value; }},
    {"with", 'w', "MODULE.ko", "A module outside that directory; repeatable",
     [](ToVerify to, Text value) { to.more_modules.emplace_back(value); }},
    {"cert", 0, "FILE",
     "The module must be signed with the key of this certificate, or of another one that "
     "is given so; repeatable",
     [](ToVerify to, Text value) { to.certificates.emplace_back(value); }},
    {"json", 0, nullptr, "Print the result as JSON",
     [](ToVerify to, Text) { to.json = true; }},
    {"help", 'h', nullptr, "Show this help",
     [](ToVerify to, Text) { to.wants_help = true; }},
};

} // namespace

std::vector<OptionForm> verify_forms() {
  return forms_of(kVerifyOptions);
}

std::string verify_usage() {
  return R"(usage: kpatch verify [--kernel RELEASE|running] [options] MODULE.ko

Compares a finished patch module with the files of the kernel that is to load
it, and lists what that kernel would refuse or what would crash it. Loads
nothing; needs no root.
Exit status: 0 if the list is empty, else 1.

)" + options_help(forms_of(kVerifyOptions));
}

VerifyCall parse_verify_call(const std::vector<std::string>& arguments) {
  VerifyCall call;
  const std::vector<std::string> modules =
      parse_command("verify", kVerifyOptions, arguments, call);
  if (call.wants_help)
    return call;
  if (modules.size() != 1)
    fail_wrong_call("verify", "give one patch module");
  require_both("verify", call.vmlinuz, call.modules_root);
  call.module = modules.front();
  return call;
}

} // namespace kpatch::runtime
