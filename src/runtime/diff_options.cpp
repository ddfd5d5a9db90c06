// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command line of `kpatch diff`.
#include "runtime/diff_options.h"

namespace kpatch::runtime {

namespace {

using ToDiff = DiffCall&;
using Text = const std::string&;

/// In the order of --help.
constexpr Option<DiffCall> kDiffOptions[] = {
    {"json", 0, nullptr, "Print the result as JSON",
     [](ToDiff to, Text) { to.json = true; }},
    {"help", 'h', nullptr, "Show this help",
     [](ToDiff to, Text) { to.wants_help = true; }},
};

} // namespace

std::vector<OptionForm> diff_forms() {
  return forms_of(kDiffOptions);
}

std::string diff_usage() {
  return R"(usage: kpatch diff [options] OLD.ko NEW.ko

Says what one patch module adds to another one for the same kernel, drops from
it, and changes in it: functions and what the modules claim to fix. Loads
nothing; needs no root.
Exit status: 0 whether or not they differ.

)" + options_help(forms_of(kDiffOptions));
}

DiffCall parse_diff_call(const std::vector<std::string>& arguments) {
  DiffCall call;
  const std::vector<std::string> modules =
      parse_command("diff", kDiffOptions, arguments, call);
  if (call.wants_help)
    return call;
  if (modules.size() != 2)
    fail_wrong_call("diff", "give two patch modules, the older one first");
  call.older = modules.front();
  call.newer = modules.back();
  return call;
}

} // namespace kpatch::runtime
