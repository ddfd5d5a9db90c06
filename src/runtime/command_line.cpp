// SPDX-License-Identifier: GPL-2.0-or-later
//
// The subcommands that work on this machine, as a table. Words and exit statuses are
// those that scripts written for the classic tool expect; help alone goes to standard
// output and is a success.
#include "runtime/command_line.h"

#include "base/error.h"
#include "base/option_table.h"
#include "base/output.h"
#include "runtime/health.h"
#include "runtime/journal.h"
#include "runtime/operation_call.h"
#include "runtime/operation_lock.h"
#include "runtime/operations.h"
#include "runtime/prune.h"
#include "runtime/upgrade.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace kpatch::runtime {

namespace {

struct Context {
  Host& host;
  const Forms& forms;
  const Call& call;

  const std::string& module() const { return call.arguments.front(); }
};

Exit load(const Context& context) {
  Host& host = context.host;
  const LoadOptions& options = context.call.load;
  if (context.call.has("boot"))
    return load_at_boot(host, options);
  if (context.call.has("all"))
    return load_all_patches(host, options);
  if (context.call.guard.is_set())
    return load_guarded(host, context.module(), options, context.call.guard);
  return load_patch(host, context.module(), options);
}

Exit unload(const Context& context) {
  const Waiting& waiting = context.call.load.waiting;
  return context.call.has("all") ? unload_all_patches(context.host, waiting)
                                 : unload_patch(context.host, context.module(), waiting);
}

Exit rollback(const Context& context) {
  return roll_back(context.host, context.call.load);
}

Exit install(const Context& context) {
  const std::string& release = context.call.release;
  if (context.host.judge && !context.call.has("skip-checks"))
    context.host.judge(context.module(),
                       release.empty() ? context.host.places.release : release);
  // The status of enabling the boot service is passed on as it is.
  return static_cast<Exit>(install_patch_beside(
      context.host, context.module(), context.call.release,
      context.call.has("keep") ? Others::kKept : Others::kSuperseded));
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
Exit printed() {
  require_output();
  return Exit::kSuccess;
}

Exit list(const Context& context) {
  if (context.call.has("json"))
    context.host.say(context.forms.list_json(read_status(context.host.places)));
  else
    list_patches(context.host);
  return printed();
}

Exit status(const Context& context) {
  const SystemStatus known = read_status(context.host.places);
  if (context.call.has("effective-version"))
    context.host.say(effective_version(known));
  else
    context.host.say(context.call.has("json") ? context.forms.status_json(known)
                                              : context.forms.status_text(known));
  return printed();
}

/// For monitoring, which counts a check that cannot say anything as unknown.
Exit check(const Context& context) {
  Health health = Health::kUnknown;
  try {
    const SystemStatus known = read_status(context.host.places);
    health = health_of(ailments_of(known));
    context.host.say(health_line(known));
  } catch (const std::exception& error) {
    context.host.say(fmt::format("KPATCH {} - {}", to_string(health), error.what()));
  }
  printed();
  return static_cast<Exit>(health);
}

Exit metrics(const Context& context) {
  context.host.say(context.forms.metrics_text(read_status(context.host.places)));
  return printed();
}

Exit fixes(const Context& context) {
  const FixAnswer answer =
      find_fix(read_status(context.host.places), context.call.arguments.front());
  context.host.say(context.call.has("json") ? context.forms.fix_json(answer)
                                            : context.forms.fix_text(answer));
  printed();
  return exit_of(answer.fixed);
}

Exit info(const Context& context) {
  const PatchInformation known = read_information(context.host, context.module());
  context.host.say(context.call.has("json") ? context.forms.info_json(known)
                                            : context.forms.info_text(known));
  return printed();
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
  return printed();
}

struct Subcommand {
  std::string_view name;
  const char* operand; ///< what --help calls it; nullptr: takes none
  std::initializer_list<std::string_view> options;
  const char* help; ///< nullptr: not shown
  bool is_change;   ///< one at a time
  Exit (*run)(const Context& context);
};

const Subcommand kSubcommands[] = {
    {"load",
     "MODULE",
     {"all", "boot", "timeout", "on-stall", "skip-checks", "check", "watch", "metric",
      "metric-min", "metric-max", "wait", "json"},
     "Load a patch module (a .ko file or an installed one)",
     true,
     load},
    {"unload",
     "MODULE",
     {"all", "timeout", "on-stall", "wait", "json"},
     "Disable a patch and unload its module",
     true,
     unload},
    {"rollback",
     nullptr,
     {"timeout", "on-stall", "skip-checks", "wait", "json"},
     "Return to the installed patch that the newest one replaced",
     true,
     rollback},
    {"install",
     "FILE.ko",
     {"kernel-version", "keep", "skip-checks", "wait", "json"},
     "Install a patch module so that it is loaded at boot; one that replaces all others "
     "supersedes the installed ones",
     true,
     install},
    {"upgrade",
     "FILE.ko",
     {"timeout", "on-stall", "skip-checks", "wait", "json"},
     "Load the module in place of all others, then install it in place of all others",
     true,
     upgrade},
    {"uninstall",
     "MODULE",
     {"kernel-version", "wait"},
     "Remove an installed patch module",
     true,
     uninstall},
    {"prune",
     nullptr,
     {"wait"},
     "Remove the patches installed for kernels that are no longer installed",
     true,
     prune},
    {"list", nullptr, {"json"}, "List loaded and installed patch modules", false, list},
    {"status",
     nullptr,
     {"json", "effective-version"},
     "Show the loaded patches function by function",
     false,
     status},
    {"check",
     nullptr,
     {},
     "Say in one line whether all is well, for monitoring (also: status --check): exit "
     "status 0 ok, 1 warning, 2 critical, 3 unknown",
     false,
     check},
    {"metrics", nullptr, {}, "Print the status for Prometheus", false, metrics},
    {"fixes",
     "CVE-ID",
     {"json"},
     "Tell whether a loaded patch fixes this CVE: exit status 0 yes, 1 no, 2 not known",
     false,
     fixes},
    {"info", "MODULE", {"json"}, "Show what a patch module contains", false, info},
    {"signal",
     nullptr,
     {},
     "Signal the processes that stall a transition",
     false,
     signal},
    {"confirm-boot", nullptr, {}, nullptr, false, confirm},
    {"version", nullptr, {}, "Show the version", false, version},
};

/// Commands that other parts of the program run.
constexpr std::pair<std::string_view, std::string_view> kOtherCommands[] = {
    {"rehearse [options] FILE.ko...",
     "Load and unload the modules on their kernel in a virtual machine and report; see "
     "kpatch rehearse --help"},
    {"verify [options] FILE.ko",
     "List what the kernel would refuse in a module, or what would crash it, without "
     "loading it; see kpatch verify --help"},
    {"diff OLD.ko NEW.ko", "Say what one patch module adds to another, drops and "
                           "changes; see kpatch diff --help"},
    {"sign --key FILE|URI --cert FILE MODULE.ko...",
     "Sign modules for kernels that load signed ones only; see kpatch sign --help"},
    {"help", "Show this help"},
};

constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
    {"-v", "version"},
    {"--version", "version"},
};

/// The other way to call `check`: as an option it would have to be one without a value,
/// and `load --check SCRIPT` has one.
constexpr std::string_view kCheckOfStatus[] = {"status", "--check"};

std::string wrapped(std::string_view text) {
  constexpr std::size_t kWidth = 80;
  std::string lines;
  while (text.size() > kWidth) {
    const std::size_t end = text.rfind(' ', kWidth);
    if (end == text.npos)
      break;
    lines.append(text.substr(0, end)).append("\n");
    text.remove_prefix(end + 1);
  }
  return lines.append(text);
}

/// What `kpatch load --help` prints.
std::string usage_of(const Subcommand& command) {
  std::vector<OptionForm> forms;
  for (const OptionForm& form : call_forms())
    if (std::ranges::find(command.options, form.name) != command.options.end())
      forms.push_back(form);
  std::string text =
      fmt::format("usage: kpatch {}{}", command.name, forms.empty() ? "" : " [options]");
  if (command.operand)
    text += fmt::format(" {}", command.operand);
  text += fmt::format("\n{}\n", wrapped(fmt::format("{}.", command.help)));
  if (!forms.empty())
    text += "\n" + options_help(forms);
  text.pop_back();
  return text;
}

int refuse_call(Host& host, std::string_view what) {
  host.guide(fmt::format("kpatch: {}; run kpatch help for the commands", what));
  return static_cast<int>(Exit::kError);
}

bool fits(const Subcommand& subcommand, const Call& call) {
  const bool takes_all = call.has("all") || call.has("boot");
  return std::ranges::all_of(call.given,
                             [&](std::string_view option) {
                               return std::ranges::find(subcommand.options, option) !=
                                      subcommand.options.end();
                             }) &&
         call.arguments.size() + (takes_all ? 1 : 0) == (subcommand.operand ? 1 : 0);
}

Exit run_alone(const Subcommand& subcommand, const Context& context) {
  if (!subcommand.is_change)
    return subcommand.run(context);
  const std::string command =
      fmt::format("kpatch {}", fmt::join(context.call.words, " "));
  const OperationLock lock(context.host, command, context.call.patience);
  const Change change(context.host, subcommand.name,
                      context.call.arguments.empty() ? "" : context.module(),
                      context.call.words);
  const auto note = [&](Exit status, const std::string& error) {
    if (context.forms.journal)
      context.forms.journal(change.entry(status, error));
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

/// "load, unload, rollback": who takes the option.
std::string takers_of(std::string_view option) {
  std::vector<std::string_view> names;
  for (const Subcommand& command : kSubcommands)
    if (std::ranges::find(command.options, option) != command.options.end())
      names.push_back(command.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

} // namespace

std::string usage() {
  std::string text = "usage: kpatch <command> [<args>]\n\nCommands:\n";
  for (const Subcommand& command : kSubcommands)
    if (command.help)
      text += help_entry(
          fmt::format("  {} {}", command.name, command.operand ? command.operand : ""),
          command.help);
  for (const auto& [name, help] : kOtherCommands)
    text += help_entry(fmt::format("  {}", name), help);
  text += "\nOptions, and the commands that take them:\n";
  for (const OptionForm& form : call_forms()) {
    const std::string help = fmt::format("{} ({})", form.help, takers_of(form.name));
    const OptionForm row[] = {{form.name, form.letter, form.argument, help.c_str()}};
    text += options_help(row);
  }
  text.pop_back();
  return text;
}

CompletedProgram
completed_program(const std::map<std::string_view, std::vector<OptionForm>>& others) {
  CompletedProgram program{"kpatch", {}};
  for (const Subcommand& command : kSubcommands) {
    if (!command.help)
      continue;
    CompletedCommand completed{
        std::string(command.name), command.help, {}, operand_of(command.operand)};
    for (const OptionForm& form : call_forms())
      if (std::ranges::find(command.options, form.name) != command.options.end())
        completed.forms.push_back(form);
    program.commands.push_back(std::move(completed));
  }
  for (const auto& [call, help] : kOtherCommands) {
    const std::string_view name = call.substr(0, call.find(' '));
    const auto forms = others.find(name);
    if (forms == others.end())
      program.commands.push_back({std::string(name), std::string(help), {}, {}});
    else
      program.commands.push_back(
          {std::string(name), std::string(help), forms->second, operand_of("FILE")});
  }
  return program;
}

int run_subcommand(Host& host, const Forms& forms, const Arguments& arguments) {
  if (std::ranges::equal(arguments, kCheckOfStatus))
    return run_subcommand(host, forms, {"check"});
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
  const auto asks = [](std::string_view word) {
    return word == "--help" || word == "-h";
  };
  if (found->help && std::ranges::any_of(arguments.begin() + 1, arguments.end(), asks)) {
    host.say(usage_of(*found));
    return static_cast<int>(Exit::kSuccess);
  }
  const std::optional<Call> call = parse_call(arguments);
  if (!call || !fits(*found, *call))
    return refuse_call(
        host, fmt::format("{} does not take these arguments: '{}'", name,
                          fmt::join(arguments.begin() + 1, arguments.end(), " ")));
  const Context context{host, forms, *call};
  return static_cast<int>(found->is_change && call->has("json")
                              ? run_with_report(*found, context)
                              : run_alone(*found, context));
}

} // namespace kpatch::runtime
