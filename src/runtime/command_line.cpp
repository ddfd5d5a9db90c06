// SPDX-License-Identifier: GPL-2.0-or-later
//
// The subcommands that work on this machine, as a table. Words and exit statuses are
// those that scripts written for the classic tool expect; help alone goes to standard
// output and is a success.
#include "runtime/command_line.h"

#include "base/error.h"
#include "base/output.h"
#include "runtime/guarded_load.h"
#include "runtime/journal.h"
#include "runtime/operation_lock.h"
#include "runtime/operations.h"
#include "runtime/options.h"
#include "runtime/prune.h"
#include "runtime/upgrade.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace kpatch::runtime {

namespace {

using Arguments = std::vector<std::string>;

enum Option : int {
  kAll = 'a',
  kKernel = 'k',
  kTimeout = 256,
  kOnStall,
  kSkipChecks,
  kJson,
  kBoot,
  kWait,
  kKeep,
  kCheck,
  kWatch,
  kMetric,
};

constexpr option kLongOptions[] = {
    {"all",            no_argument,       nullptr, kAll       },
    {"kernel-version", required_argument, nullptr, kKernel    },
    {"timeout",        required_argument, nullptr, kTimeout   },
    {"on-stall",       required_argument, nullptr, kOnStall   },
    {"skip-checks",    no_argument,       nullptr, kSkipChecks},
    {"json",           no_argument,       nullptr, kJson      },
    {"boot",           no_argument,       nullptr, kBoot      },
    {"wait",           required_argument, nullptr, kWait      },
    {"keep",           no_argument,       nullptr, kKeep      },
    {"check",          required_argument, nullptr, kCheck     },
    {"watch",          required_argument, nullptr, kWatch     },
    {"metric",         required_argument, nullptr, kMetric    },
    {nullptr,          0,                 nullptr, 0          },
};

constexpr std::pair<std::string_view, OnStall> kPolicies[] = {
    {"revert", OnStall::kRevert},
    {"keep",   OnStall::kKeep  },
    {"force",  OnStall::kForce },
};

/// A call taken apart.
struct Call {
  Arguments words;     ///< the subcommand and all that followed
  Arguments arguments; ///< without options
  std::set<int> given; ///< options
  std::string release;
  LoadOptions load;
  Guard guard;
  std::chrono::seconds patience = kLockPatience; ///< with other operations

  bool has(Option option) const { return given.contains(option); }
};

struct Context {
  Host& host;
  const Forms& forms;
  const Call& call;

  const std::string& module() const { return call.arguments.front(); }
};

Exit load(const Context& context) {
  Host& host = context.host;
  const LoadOptions& options = context.call.load;
  if (context.call.has(kBoot))
    return load_at_boot(host, options);
  if (context.call.has(kAll))
    return load_all_patches(host, options);
  if (context.call.guard.is_set())
    return load_guarded(host, context.module(), options, context.call.guard);
  return load_patch(host, context.module(), options);
}

Exit unload(const Context& context) {
  const Waiting& waiting = context.call.load.waiting;
  return context.call.has(kAll) ? unload_all_patches(context.host, waiting)
                                : unload_patch(context.host, context.module(), waiting);
}

Exit rollback(const Context& context) {
  return roll_back(context.host, context.call.load);
}

Exit install(const Context& context) {
  const std::string& release = context.call.release;
  if (context.host.judge && !context.call.has(kSkipChecks))
    context.host.judge(context.module(),
                       release.empty() ? context.host.places.release : release);
  // The status of enabling the boot service is passed on as it is.
  return static_cast<Exit>(install_patch_beside(
      context.host, context.module(), context.call.release,
      context.call.has(kKeep) ? Others::kKept : Others::kSuperseded));
}

Exit upgrade(const Context& context) {
  return upgrade_patch(context.host, context.module(), context.call.load);
}

Exit uninstall(const Context& context) {
  uninstall_patch(context.host, context.module(), context.call.release);
  return Exit::kSuccess;
}

Exit prune(const Context& context) {
  prune_installed(context.host);
  return Exit::kSuccess;
}

/// The end of a command that is run for what it prints.
Exit told() {
  require_output();
  return Exit::kSuccess;
}

Exit list(const Context& context) {
  if (context.call.has(kJson))
    context.host.say(context.forms.list_json(read_status(context.host.places)));
  else
    list_patches(context.host);
  return told();
}

Exit status(const Context& context) {
  const SystemStatus known = read_status(context.host.places);
  context.host.say(context.call.has(kJson) ? context.forms.status_json(known)
                                           : context.forms.status_text(known));
  return told();
}

Exit info(const Context& context) {
  const PatchInformation known = read_information(context.host, context.module());
  context.host.say(context.call.has(kJson) ? context.forms.info_json(known)
                                           : context.forms.info_text(known));
  return told();
}

Exit signal(const Context& context) {
  signal_patch(context.host);
  return Exit::kSuccess;
}

Exit confirm(const Context& context) {
  return confirm_boot(context.host);
}

Exit version(const Context& context) {
  context.host.say(KPATCH_VERSION);
  return told();
}

struct Subcommand {
  std::string_view name;
  std::size_t arguments; ///< one less with --all
  bool is_change;        ///< one at a time
  std::initializer_list<int> options;
  Exit (*run)(const Context& context);
};

const Subcommand kSubcommands[] = {
    {"load",
     1,                 true,
     {kAll, kBoot, kTimeout, kOnStall, kSkipChecks, kWait, kJson, kCheck, kWatch,
      kMetric},
     load                                                                                },
    {"unload",       1, true,  {kAll, kTimeout, kOnStall, kWait, kJson},        unload   },
    {"rollback",     0, true,  {kTimeout, kOnStall, kSkipChecks, kWait, kJson}, rollback },
    {"install",      1, true,  {kKernel, kKeep, kSkipChecks, kWait, kJson},     install  },
    {"upgrade",      1, true,  {kTimeout, kOnStall, kSkipChecks, kWait, kJson}, upgrade  },
    {"uninstall",    1, true,  {kKernel, kWait},                                uninstall},
    {"prune",        0, true,  {kWait},                                         prune    },
    {"list",         0, false, {kJson},                                         list     },
    {"status",       0, false, {kJson},                                         status   },
    {"info",         1, false, {kJson},                                         info     },
    {"signal",       0, false, {},                                              signal   },
    {"confirm-boot", 0, false, {},                                              confirm  },
    {"version",      0, false, {},                                              version  },
};

constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
    {"-v",        "version"},
    {"--version", "version"},
};

int refuse_call(Host& host, std::string_view what) {
  host.guide(fmt::format("kpatch: {}; run kpatch help for the commands", what));
  return static_cast<int>(Exit::kError);
}

std::chrono::seconds parse_seconds(std::string_view option, std::string_view text) {
  const std::optional<unsigned> seconds = whole_number(text);
  if (!seconds)
    fail("{}: '{}' is not a number of seconds", option, text);
  return std::chrono::seconds(*seconds);
}

OnStall parse_policy(std::string_view text) {
  const auto found =
      std::ranges::find(kPolicies, text, &std::pair<std::string_view, OnStall>::first);
  if (found == std::end(kPolicies))
    fail("--on-stall: '{}' is none of revert, keep and force", text);
  return found->second;
}

/// False for an unknown option.
bool take_option(Call& call, int option) {
  call.given.insert(option);
  switch (option) {
  case kKernel: call.release = optarg; return true;
  case kTimeout:
    call.load.waiting.timeout = parse_seconds("--timeout", optarg);
    return true;
  case kWait: call.patience = parse_seconds("--wait", optarg); return true;
  case kOnStall: call.load.waiting.on_stall = parse_policy(optarg); return true;
  case kCheck: call.guard.check = optarg; return true;
  case kWatch: call.guard.watch = parse_seconds("--watch", optarg); return true;
  case kMetric: call.guard.metric = optarg; return true;
  case kSkipChecks: call.load.skips_checks = true; return true;
  default: return option != '?';
  }
}

/// Nothing if the options are wrong.
std::optional<Call> parse_call(const Arguments& arguments) {
  Call call{.words = arguments};
  bool is_right = true;
  opterr = 0;
  call.arguments = take_options(arguments, {"ak:", kLongOptions}, [&](int option) {
    is_right = take_option(call, option) && is_right;
  });
  if (!is_right)
    return std::nullopt;
  return call;
}

bool fits(const Subcommand& subcommand, const Call& call) {
  const bool takes_all = call.has(kAll) || call.has(kBoot);
  return std::ranges::all_of(call.given,
                             [&](int option) {
                               return std::ranges::find(subcommand.options, option) !=
                                      subcommand.options.end();
                             }) &&
         call.arguments.size() + (takes_all ? 1 : 0) == subcommand.arguments;
}

Exit run_alone(const Subcommand& subcommand, const Context& context) {
  if (!subcommand.is_change)
    return subcommand.run(context);
  const std::string command =
      fmt::format("kpatch {}", fmt::join(context.call.words, " "));
  const OperationLock lock(context.host, command, context.call.patience);
  const auto note = [&](Exit status, const std::string& error) {
    if (context.forms.journal)
      context.forms.journal(journal_line(context.host.places, command, status, error));
  };
  try {
    const Exit status = subcommand.run(context);
    note(status, "");
    return status;
  } catch (const std::exception& error) {
    const auto* ours = dynamic_cast<const Error*>(&error);
    note(ours ? ours->exit() : Exit::kError, error.what());
    throw;
  }
}

/// With --json standard output has the report and nothing else; what is not as
/// it should be goes to standard error all the same.
Exit run_with_report(const Subcommand& subcommand, const Context& context) {
  OperationReport report{.operation = std::string(subcommand.name)};
  if (!context.call.arguments.empty())
    report.module = context.module();
  Host host = context.host;
  host.say = [&](std::string_view line) { report.said.emplace_back(line); };
  host.warn = [&](std::string_view line) {
    report.warned.emplace_back(line);
    context.host.warn(line);
  };
  try {
    report.status = run_alone(subcommand, {host, context.forms, context.call});
  } catch (const std::exception& error) {
    const auto* ours = dynamic_cast<const Error*>(&error);
    report.status = ours ? ours->exit() : Exit::kError;
    report.error = error.what();
    report.remedy = remedy_of(error);
    context.host.warn(error.what());
  }
  report.patches = read_patches(host.places);
  context.host.say(context.forms.operation_json(report));
  return report.status;
}

} // namespace

std::string usage() {
  return R"(usage: kpatch <command> [<args>]

   load <module>       load a patch module (a .ko file or an installed one)
   load --all          load all modules installed for the running kernel
   unload <module>     disable a patch and unload its module
   unload --all        disable and unload all patches
   rollback            return to the installed patch that the newest one replaced
     --timeout SECONDS      how long to wait for a transition (default 75)
     --on-stall=revert|keep|force
                            what to do when it has not ended then; exit status 4, 5, 6
     --skip-checks          load without looking for reasons against it first
     --check SCRIPT         (load) run it afterwards: if it fails, the patch is taken
                            back; exit status 11
     --watch SECONDS        the same if the kernel complains so soon afterwards
     --metric COMMAND       the same if this fails, run every second meanwhile
     --wait SECONDS         how long to wait for another kpatch (default 10)
     --json                 report as JSON; for install and upgrade, too
   install [-k <release>] [--keep] [--skip-checks] <module.ko>
                       install a patch module to be loaded at boot; one that
                       replaces all others supersedes what is installed (--keep:
                       leaves it)
   upgrade <module.ko> load the module in the place of all others, then install it
                       in their place; options as for load
   uninstall [-k <release>] <module>
                       remove an installed patch module
   prune               remove what is installed for kernels that are gone
   list [--json]       list loaded and installed patch modules
   status [--json]     all about the loaded patches, function by function
   info [--json] <module>
                       what a patch module says about itself
   signal              signal the processes that stall a transition
   rehearse [options] <module.ko>...
                       load and unload the modules on their kernel in a virtual
                       machine and report; see kpatch rehearse --help
   verify [options] <module.ko>
                       look for what the kernel would refuse in a module, or what
                       would crash it, without loading; see kpatch verify --help
   version             print the version
   help                print this)";
}

int run_subcommand(Host& host, const Forms& forms, const Arguments& arguments) {
  if (arguments.empty())
    return refuse_call(host, "no command given");
  std::string_view name = arguments[0];
  for (const auto& [other, meant] : kOtherNames)
    if (name == other)
      name = meant;
  if (name == "help" || name == "-h" || name == "--help") {
    host.say(usage());
    return static_cast<int>(Exit::kSuccess);
  }

  const auto found = std::ranges::find(kSubcommands, name, &Subcommand::name);
  if (found == std::end(kSubcommands))
    return refuse_call(host, fmt::format("subcommand {} not recognized", name));
  const std::optional<Call> call = parse_call(arguments);
  if (!call || !fits(*found, *call))
    return refuse_call(
        host, fmt::format("{} does not take these arguments: '{}'", name,
                          fmt::join(arguments.begin() + 1, arguments.end(), " ")));
  const Context context{host, forms, *call};
  return static_cast<int>(found->is_change && call->has(kJson)
                              ? run_with_report(*found, context)
                              : run_alone(*found, context));
}

} // namespace kpatch::runtime
