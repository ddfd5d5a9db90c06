// SPDX-License-Identifier: GPL-2.0-or-later
//
// The options of the classic kpatch-build with their names and their error texts, so that
// scripts go on working. A new option is one row of kOptions.
#include "produce/command_line.h"

#include "base/cve.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hand_out.h"
#include "base/text.h"
#include "cache/layout.h"
#include "distro/debian_kernels.h"
#include "produce/settle_options.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <thread>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

using Text = const std::string&;

/// The argument as a path; must be what it is called.
fs::path existing_file(const fs::path& argument, std::string_view what) {
  if (!fs::is_regular_file(argument))
    fail("{} '{}' not found", what, argument.string());
  return fs::absolute(argument);
}

fs::path existing_directory(const fs::path& argument, std::string_view what) {
  if (!fs::is_directory(argument))
    fail("{} '{}' not found", what, argument.string());
  return fs::absolute(argument);
}

unsigned job_count(std::string_view text) {
  const std::optional<unsigned> count = whole_number(text);
  if (!count || *count == 0)
    fail("Invalid number of make jobs '{}'", text);
  return *count;
}

unsigned count_of(std::string_view what, std::string_view option, std::string_view text) {
  const std::optional<unsigned> count = whole_number(text);
  if (!count)
    fail("{}: '{}' is not a number of {}; give one such as {} 2", option, text, what,
         option);
  return *count;
}

Review review_mode(std::string_view text) {
  if (text == "warn")
    return Review::kWarn;
  if (text == "error")
    return Review::kRefuse;
  if (text == "off")
    return Review::kOff;
  fail("--review takes warn, error or off, not '{}'", text);
}

kernel::CompilerChoice compiler_choice(std::string_view text) {
  if (text == "fetched")
    return kernel::CompilerChoice::kFetched;
  if (text == "installed")
    return kernel::CompilerChoice::kInstalled;
  fail("--compiler: '{}' is neither fetched nor installed", text);
}

/// It also names a folder.
std::string kernel_name(Text value) {
  if (value.empty() || value.starts_with('.') || value.find('/') != std::string::npos)
    fail("--archversion: '{}' is not the name of a kernel, as uname -r prints it", value);
  return value;
}

/// With the slash at its end that apt wants.
std::string archive_address(Text value) {
  if (value.find(":/") == std::string::npos ||
      value.find_first_of(" \t\n") != std::string::npos)
    fail_with_remedy("give an address such as "
                     "https://snapshot.debian.org/archive/debian/20260901T000000Z/",
                     "--snapshot: '{}' is not the address of a package archive", value);
  return value.ends_with('/') ? value : value + "/";
}

fs::path existing_series(Text value) {
  if (!fs::exists(value))
    fail("series '{}' not found", value);
  return fs::absolute(value);
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

using To = Invocation&;

/// For options that do not decide over the module.
constexpr bool kBesideTheModule = true;

/// In the order of --help.
constexpr Option<Invocation> kOptions[] = {
    {"help", 'h', nullptr, "Show this help",
     [](To to, Text) { to.action = Invocation::Action::kShowHelp; }, kBesideTheModule},
    {"version", 0, nullptr, "Show the version",
     [](To to, Text) { to.action = Invocation::Action::kShowVersion; }, kBesideTheModule},
    {"archversion", 'a', "RELEASE",
     "Build for this kernel, named as by uname -r (default: the running kernel); "
     "repeatable: each has its module in a folder of its name; "
     "all:SUITE[,SUITE][:FLAVOUR] "
     "or newest:... for those that these releases of Debian serve",
     [](To to, Text value) {
       if (distro::is_selection(value)) {
         distro::parse_selection(value);
         to.selections.push_back(value);
       } else {
         to.releases.push_back(kernel_name(value));
       }
     }},
    {"only-kernel", 0, "RELEASE", nullptr,
     [](To to, Text value) { to.only_kernel = value; }},
    {"sourcerpm", 'r', "FILE", "Use this source package of an RPM kernel",
     [](To to, Text value) {
       to.kernel.source_rpm = existing_file(value, "source rpm");
     }},
    {"sourcedir", 's', "DIR",
     "Use this kernel tree, built or clean, instead of the distribution's source",
     [](To to, Text value) {
       to.kernel.overrides.source = existing_directory(value, "source dir");
       to.options.source_may_change = true;
     }},
    {"config", 'c', "FILE", "Use this kernel configuration",
     [](To to, Text value) {
       to.kernel.overrides.config = existing_file(value, "config file");
     }},
    {"vmlinux", 'v', "FILE", "Use this vmlinux, which must have debug information",
     [](To to, Text value) {
       to.kernel.overrides.vmlinux = existing_file(value, "vmlinux file");
     }},
    {"oot-module", 'e', "FILE",
     "Patch this module from outside the kernel tree; needs --oot-module-src",
     [](To to, Text value) {
       to.kernel.out_of_tree.modules.push_back(
           existing_file(value, "out-of-tree module"));
     }},
    {"oot-module-src", 0, "DIR", "Source of that module",
     [](To to, Text value) {
       to.kernel.out_of_tree.sources.push_back(
           existing_directory(value, "out-of-tree module source dir").lexically_normal());
     }},
    {"full-build", 0, nullptr,
     "Build the whole kernel once, in the cache, before comparing",
     [](To to, Text) { to.kernel.full_build = true; }},
    {"target", 't', "TARGET",
     "Make this target in a full build; repeatable (default: vmlinux modules)",
     [](To to, Text value) { to.kernel.full_build_targets.push_back(value); }},
    {"debug-package", 0, nullptr,
     "Also fetch the kernel's debug information, which builds do not need",
     [](To to, Text) { to.kernel.debug_package = true; }},
    {"snapshot", 0, "URL",
     "Also look in the package archive of an earlier time at this address; repeatable",
     [](To to, Text value) { to.kernel.snapshots.push_back(archive_address(value)); },
     kBesideTheModule},
    {"offline", 0, nullptr, "Do not use the network",
     [](To to, Text) { to.kernel.offline = true; }, kBesideTheModule},
    {"isolate", 0, nullptr,
     "Build without network, in a sandbox that shows only what the build reads "
     "(default for root if bubblewrap is installed)",
     [](To to, Text) {
       if (to.isolation != Isolation::kNever)
         to.isolation = Isolation::kAlways;
     },
     kBesideTheModule},
    {"no-isolate", 0, nullptr, "Build without the sandbox; overrides --isolate",
     [](To to, Text) { to.isolation = Isolation::kNever; }, kBesideTheModule},
    {"jobs", 'j', "N", "Compile N files at a time (default: one per processor)",
     [](To to, Text value) { to.options.jobs = job_count(value); }, kBesideTheModule},
    {"launcher", 0, "PROGRAM",
     "Run the compiler through ccache, distcc, icecc or sccache; none: run it directly",
     [](To to, Text value) { to.options.launcher = value; }, kBesideTheModule},
    {"compiler", 0, "FROM",
     "fetched: compile with the compiler from the archive of the kernel's release; "
     "installed: with this machine's (default: the installed one if it is the kernel's)",
     [](To to, Text value) { to.kernel.compiler = compiler_choice(value); }},
    {"to", 0, "VERSION|DIR",
     "Bring the kernel to a later version of its series, to the newest, or to the source "
     "in DIR, and leave out what cannot be patched live",
     [](To to, Text value) { to.to = value; }},
    {"series", 0, "FILE|DIR",
     "Apply the patches of a quilt series, a mailbox or a folder, in order",
     [](To to, Text value) { to.options.series.push_back(existing_series(value)); }},
    {"leave-out-refused", 0, nullptr,
     "Leave out what cannot be patched live, and what depends on it: files, or with "
     "--series whole patches",
     [](To to, Text) { to.options.leave_out = patch::Grain::kFile; }},
    {"leave-out", 0, "NAME",
     "Leave out a file, a patch of a series, a section, or a function (FUNCTION or "
     "FILE:FUNCTION); repeatable",
     [](To to, Text value) { to.options.unwanted.push_back(value); }},
    {"fuzz", 0, "N",
     "Let N lines of context differ at each end of a hunk, and report where they do "
     "(default: 2, like patch)",
     [](To to, Text value) { to.options.fuzz = count_of("lines", "--fuzz", value); }},
    {"skip-compiler-check", 0, nullptr,
     "Accept a compiler of another version if it generates the kernel's code",
     [](To to, Text) { to.options.check_compiler = false; }},
    {"skip-gcc-check", 0, nullptr, nullptr,
     [](To to, Text) {
       to.notices.push_back("WARNING: --skip-gcc-check is deprecated, use "
                            "--skip-compiler-check instead");
       to.options.check_compiler = false;
     }},
    {"force", 0, nullptr,
     "Build although the code differs from the kernel's, or although an export that "
     "modules use changes (dangerous)",
     [](To to, Text) { to.options.force = true; }},
    {"no-thunks", 0, nullptr,
     "Refuse new pointers to functions that the kernel must not call through pointers",
     [](To to, Text) { to.options.thunks = false; }},
    {"no-data-callbacks", 0, nullptr, "Refuse changes of live data, and set none of it",
     [](To to, Text) { to.options.set_data = false; }},
    {"max-callers", 0, "N",
     "Patch at most N functions that call one which no tracer can redirect (default: 64)",
     [](To to, Text value) {
       to.options.most_callers = count_of("functions", "--max-callers", value);
     }},
    {"unique-names", 0, nullptr,
     "Call new code NAME.kpatch, so that others can still set a kprobe on NAME",
     [](To to, Text) { to.options.unique_names = true; }},
    {"no-line-fix", 0, nullptr, "Let the line numbers below a change move",
     [](To to, Text) { to.options.fix_lines = false; }},
    {"ignore-init-changes", 0, nullptr, "Leave out changes of init and exit code",
     [](To to, Text) { to.options.init_changes = InitChanges::kLeaveOut; }},
    {"review", 0, "warn|error|off",
     "Warn of the hazards that the safety review finds (default), refuse them, or skip "
     "the review",
     [](To to, Text value) { to.options.review = review_mode(value); }},
    {"debug", 'd', nullptr,
     "Show each program that runs; twice: show its output instead; three times: both. "
     "Keep build.log",
     [](To to, Text) { ++to.debug; }, kBesideTheModule},
    {"skip-cleanup", 0, nullptr, "Keep the private build directory",
     [](To to, Text) { to.options.keep_work = true; }, kBesideTheModule},
    {"name", 'n', "NAME", "Name the module (default: livepatch-<patch>)",
     [](To to, Text value) { to.options.name = value; }},
    {"output", 'o', "DIR", "Write the module here (default: the current directory)",
     [](To to, Text value) {
       to.options.output_directory = existing_directory(value, "output dir");
     },
     kBesideTheModule},
    {"cve", 0, "ID",
     "The patch fixes this CVE; repeatable, besides those that patch texts name; none: "
     "do not read them",
     [](To to, Text value) {
       if (value == "none")
         to.options.claims.reads_texts = false;
       else
         to.options.claims.cves.push_back(checked_cve(value));
     }},
    {"description", 0, "TEXT", "What the patch is for, for modinfo and kpatch status",
     [](To to, Text value) {
       to.options.claims.description = checked_line("--description", value);
     }},
    {"patch-version", 0, "VERSION", "Version of the patch",
     [](To to, Text value) {
       to.options.claims.version = checked_line("--patch-version", value);
     }},
    {"author", 0, "TEXT", "Who made the patch",
     [](To to, Text value) {
       to.options.claims.author = checked_line("--author", value);
     }},
    {"url", 0, "URL", "Where to read about the patch",
     [](To to, Text value) { to.options.claims.url = checked_line("--url", value); }},
    {"sign-key", 0, "FILE|URI",
     "Sign the module with this private key, a file or a pkcs11: URI; needs --sign-cert",
     [](To to, Text value) { to.signer.key = value; }, kBesideTheModule},
    {"sign-cert", 0, "FILE", "Certificate of that key, PEM or DER",
     [](To to, Text value) { to.signer.certificate = value; }, kBesideTheModule},
    {"package", 0, "deb|rpm",
     "Also make a package of the module for each kernel; needs --patch-version, by which "
     "the next one takes the place of this one",
     [](To to, Text value) { to.package = value; }, kBesideTheModule},
    {"non-replace", 'R', nullptr,
     "Keep the patches that are loaded already; by default the module replaces them",
     [](To to, Text) { to.options.replace = false; }},
    {"no-replace", 'R', nullptr, kSame, [](To to, Text) { to.options.replace = false; }},
    {"explain", 0, nullptr,
     "Say why each function is part of the patch; twice: and what comes with them",
     [](To to, Text) {
       to.options.explains_all = to.options.explain;
       to.options.explain = true;
     },
     kBesideTheModule},
    {"json", 0, "FILE",
     "Write the result as JSON; -: to standard output, and all else to standard error",
     [](To to, Text value) {
       to.json = is_standard_output(value) ? fs::path(value) : fs::absolute(value);
       // The isolated part of such a build is told the file of its own after that.
       to.output_is_json = to.output_is_json || is_standard_output(value);
     },
     kBesideTheModule},
    {"provenance", 0, "FILE", "Write what the module is made of, with digests, as JSON",
     [](To to, Text value) { to.provenance = fs::absolute(value); }, kBesideTheModule},
    {"sbom", 0, "FILE", "Write the same as a bill of materials (SPDX 2.3)",
     [](To to, Text value) { to.sbom = fs::absolute(value); }, kBesideTheModule},
    {"vex", 0, "FILE", "Write which CVEs it fixes, for scanners (OpenVEX)",
     [](To to, Text value) { to.vex = fs::absolute(value); }, kBesideTheModule},
    {"reproduce", 0, "FILE",
     "Build as this provenance says and compare: 0 if the module is the same, else 1 and "
     "what differs",
     [](To to, Text value) {
       to.reproduce = value.empty() ? fs::path() : existing_file(value, "provenance");
     },
     kBesideTheModule},
    {"report", 0, "FILE",
     "Write what is live and what needs a reboot: as a web page if FILE ends in .html",
     [](To to, Text value) { to.report = fs::absolute(value); }, kBesideTheModule},
    {"debug-file", 0, "FILE", "Write the module's debug information to this file",
     [](To to, Text value) { to.options.debug_file = fs::absolute(value); },
     kBesideTheModule},
};

/// The headings of the manual page, and the first option below each.
constexpr std::pair<std::string_view, std::string_view> kGroups[] = {
    {"archversion", "The kernel"}, {"jobs", "The build"}, {"name", "The result"}};

std::string grouped_options() {
  const std::vector<OptionForm> forms = forms_of(kOptions);
  std::string text;
  auto from = forms.begin();
  for (const auto& [first, heading] : kGroups) {
    const auto to = std::ranges::find(forms, first, &OptionForm::name);
    text += options_help({from, to}) + fmt::format("\n{}:\n", heading);
    from = to;
  }
  return text + options_help({from, forms.end()});
}

/// Relative paths mean something else in another folder.
void note_asked(Invocation& invocation, const Option<Invocation>& option, Text value) {
  if (option.is_beside_the_result)
    return;
  const std::string_view argument = option.argument ? option.argument : "";
  const bool is_path =
      (argument.find("FILE") != argument.npos || argument.find("DIR") != argument.npos) &&
      fs::exists(value);
  invocation.asked.emplace_back(option.name,
                                is_path ? fs::absolute(value).string() : value);
}

/// "5GB" as bytes, with the units that the list of the cache has.
std::uintmax_t size_of(std::string_view text) {
  constexpr std::pair<std::string_view, std::uintmax_t> kUnits[] = {
      {"MB", 1'000'000}, {"GB", 1'000'000'000}, {"TB", 1'000'000'000'000}};
  for (const auto& [unit, bytes] : kUnits)
    if (text.ends_with(unit))
      if (const auto count = whole_number(text.substr(0, text.size() - unit.size())))
        return *count * bytes;
  fail("cache gc --keep: '{}' is not a size such as 5GB or 500MB", text);
}

/// kpatch-build cache VERB
Invocation cache_invocation(const std::vector<std::string>& words) {
  using Action = Invocation::Action;
  constexpr std::pair<std::string_view, Action> kVerbs[] = {
      {"list", Action::kListCache},
      {"gc", Action::kCollectGarbage},
      {"verify", Action::kVerifyCache},
  };
  Invocation invocation;
  invocation.action = Action::kComplainAboutUsage;
  invocation.usage_complaint = "cache: give one of list, gc, remove, verify, path";
  for (const auto& [verb, action] : kVerbs)
    if (words.size() == 1 && words[0] == verb)
      invocation.action = action;
  constexpr std::string_view kKeep = "--keep=";
  if (words.size() == 3 && words[0] == "gc" && words[1] == "--keep")
    return cache_invocation({"gc", std::string(kKeep) + words[2]});
  if (words.size() == 2 && words[0] == "gc" && words[1].starts_with(kKeep)) {
    invocation.action = Action::kCollectGarbage;
    invocation.keep = size_of(std::string_view(words[1]).substr(kKeep.size()));
  }
  if (words.size() == 2 && words[0] == "remove") {
    invocation.action = Action::kRemoveKernel;
    invocation.kernel.release = words[1];
  }
  if (!words.empty() && words.size() <= 3 && words[0] == "path") {
    invocation.action = Action::kShowPlaces;
    invocation.places.assign(words.begin() + 1, words.end());
  }
  invocation.kernel.cache = fs::absolute(cache::default_cache());
  return invocation;
}

} // namespace

std::string usage_text() {
  return "usage: kpatch-build [options] <patch1 ... patchN>\n" + grouped_options() +
         "\n"
         "   or: kpatch-build cache list|verify\n"
         "   or: kpatch-build cache gc [--keep SIZE]\n"
         "   or: kpatch-build cache remove RELEASE\n"
         "   or: kpatch-build cache path [WHAT [RELEASE]]\n";
}

CompletedProgram completed_program() {
  return {
      "kpatch-build",
      {{"cache", "Look after the cache", {}, operand_of("list|gc|remove|verify|path")},
       {"", "", forms_of(kOptions), operand_of("FILE")}}};
}

Invocation parse_command_line(int argc, char** argv) {
  using Action = Invocation::Action;
  Invocation invocation;
  if (argc > 1 && std::string_view(argv[1]) == "cache")
    return cache_invocation({argv + 2, argv + argc});
  if (argc == 3 && std::string_view(argv[1]) == "completion") {
    invocation.action = Action::kShowCompletions;
    invocation.shell = argv[2];
    return invocation;
  }
  invocation.options.jobs = std::max(1U, std::thread::hardware_concurrency());
  invocation.options.output_directory = working_directory();
  const auto take = [&](std::optional<std::size_t> row, Text value) {
    if (row) {
      kOptions[*row].set(invocation, value);
      note_asked(invocation, kOptions[*row], value);
    } else {
      invocation.action = Action::kComplainAboutUsage;
      invocation.usage_complaint = complaint_about(value);
    }
    return invocation.action == Action::kBuild;
  };
  const std::vector<std::string> patches =
      parse_options({argv, argv + argc}, forms_of(kOptions), take);
  if (invocation.action != Action::kBuild)
    return invocation;
  for (const std::string& patch : patches) {
    existing_file(patch, "patch file");
    invocation.options.patches.emplace_back(patch);
  }
  if (invocation.options.patches.empty() && invocation.options.series.empty() &&
      invocation.to.empty() && invocation.reproduce.empty()) {
    invocation.action = Action::kComplainAboutUsage;
    invocation.usage_complaint = "no patch file(s) specified";
  }
  settle(invocation);
  invocation.options.keep_log = invocation.debug > 0 || invocation.options.keep_work;
  invocation.options.cache = fs::absolute(cache::default_cache());
  invocation.kernel.cache = invocation.options.cache;
  invocation.kernel.machine = environment("TARGET_ARCH");
  invocation.kernel.cross_compile = environment("CROSS_COMPILE");
  return invocation;
}

} // namespace kpatch::produce
