// SPDX-License-Identifier: GPL-2.0-or-later
//
// The subcommands that work on this machine, as a table. Words, streams and exit statuses
// are those that scripts written for the classic tool expect: asking for help is answered
// on standard error with status 1, as a wrong call is.
#include "runtime/command_line.h"

#include "base/error.h"
#include "runtime/operations.h"

#include <algorithm>

namespace kpatch::runtime {

namespace {

using Arguments = std::vector<std::string>;

struct Subcommand {
  std::string_view name;
  std::size_t arguments;
  void (*run)(Host& host, const Arguments& arguments);
};

bool means_all(const std::string& argument) {
  return argument == "--all" || argument == "-a";
}

void load(Host& host, const Arguments& arguments) {
  means_all(arguments[0]) ? load_all_patches(host) : load_patch(host, arguments[0]);
}

void unload(Host& host, const Arguments& arguments) {
  means_all(arguments[0]) ? unload_all_patches(host) : unload_patch(host, arguments[0]);
}

void list(Host& host, const Arguments&) {
  list_patches(host);
}

void signal(Host& host, const Arguments&) {
  signal_patch(host);
}

void version(Host& host, const Arguments&) {
  host.say(KPATCH_VERSION);
}

constexpr Subcommand kSubcommands[] = {
    {"load",    1, load   },
    {"unload",  1, unload },
    {"list",    0, list   },
    {"signal",  0, signal },
    {"version", 0, version},
};

constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
    {"-v",        "version"},
    {"--version", "version"},
};

int show_usage(Host& host) {
  host.warn(usage());
  return static_cast<int>(Exit::kError);
}

} // namespace

std::string usage() {
  return R"(usage: kpatch <command> [<args>]

   load <module>       load a patch module (a .ko file or an installed one)
   load --all          load all modules installed for the running kernel
   unload <module>     disable a patch and unload its module
   unload --all        disable and unload all patches
   list                list loaded and installed patch modules
   signal              signal the processes that stall a transition
   rehearse [options] <module.ko>...
                       load and unload the modules on their kernel in a virtual
                       machine and report; see kpatch rehearse --help
   version             print the version
   help                print this)";
}

int run_subcommand(Host& host, const Arguments& arguments) {
  if (arguments.empty())
    return show_usage(host);
  std::string_view name = arguments[0];
  for (const auto& [other, meant] : kOtherNames)
    if (name == other)
      name = meant;
  if (name == "help" || name == "-h" || name == "--help")
    return show_usage(host);

  const auto found = std::ranges::find(kSubcommands, name, &Subcommand::name);
  if (found == std::end(kSubcommands)) {
    host.say(fmt::format("subcommand {} not recognized", name));
    return show_usage(host);
  }
  const Arguments rest(arguments.begin() + 1, arguments.end());
  if (rest.size() != found->arguments)
    return show_usage(host);
  found->run(host, rest);
  return static_cast<int>(Exit::kSuccess);
}

} // namespace kpatch::runtime
