// SPDX-License-Identifier: GPL-2.0-or-later
//
// The options of the classic kpatch-build with their names and their error texts, so that
// scripts go on working; getopt_long because those scripts may abbreviate long options.
#include "produce/command_line.h"

#include "base/error.h"
#include "cache/layout.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <getopt.h>
#include <optional>
#include <thread>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

/// Long options without a letter.
enum LongOnly {
  kSkipCompilerCheck = 256,
  kSkipGccCheck,
  kSkipCleanup,
  kIgnoreInitChanges,
  kNoLineFix,
  kFuzz,
  kExplain,
  kForce,
  kNoThunks,
  kVersion,
  kJson,
  kReview,
  kOotModuleSource,
  kFullBuild,
  kLauncher,
  kDebugFile,
  kDebugPackage,
  kOffline,
  kSeries,
  kLeaveOutRefused,
  kIsolate,
  kNoIsolate
};

constexpr option kOptions[] = {
    {"help",                no_argument,       nullptr, 'h'               },
    {"archversion",         required_argument, nullptr, 'a'               },
    {"sourcerpm",           required_argument, nullptr, 'r'               },
    {"sourcedir",           required_argument, nullptr, 's'               },
    {"oot-module",          required_argument, nullptr, 'e'               },
    {"oot-module-src",      required_argument, nullptr, kOotModuleSource  },
    {"full-build",          no_argument,       nullptr, kFullBuild        },
    {"launcher",            required_argument, nullptr, kLauncher         },
    {"debug-file",          required_argument, nullptr, kDebugFile        },
    {"debug-package",       no_argument,       nullptr, kDebugPackage     },
    {"offline",             no_argument,       nullptr, kOffline          },
    {"config",              required_argument, nullptr, 'c'               },
    {"vmlinux",             required_argument, nullptr, 'v'               },
    {"jobs",                required_argument, nullptr, 'j'               },
    {"name",                required_argument, nullptr, 'n'               },
    {"output",              required_argument, nullptr, 'o'               },
    {"debug",               no_argument,       nullptr, 'd'               },
    {"non-replace",         no_argument,       nullptr, 'R'               },
    {"no-replace",          no_argument,       nullptr, 'R'               },
    {"target",              required_argument, nullptr, 't'               },
    {"skip-cleanup",        no_argument,       nullptr, kSkipCleanup      },
    {"skip-compiler-check", no_argument,       nullptr, kSkipCompilerCheck},
    {"skip-gcc-check",      no_argument,       nullptr, kSkipGccCheck     },
    {"ignore-init-changes", no_argument,       nullptr, kIgnoreInitChanges},
    {"no-line-fix",         no_argument,       nullptr, kNoLineFix        },
    {"fuzz",                required_argument, nullptr, kFuzz             },
    {"explain",             no_argument,       nullptr, kExplain          },
    {"force",               no_argument,       nullptr, kForce            },
    {"no-thunks",           no_argument,       nullptr, kNoThunks         },
    {"json",                required_argument, nullptr, kJson             },
    {"review",              required_argument, nullptr, kReview           },
    {"series",              required_argument, nullptr, kSeries           },
    {"leave-out-refused",   no_argument,       nullptr, kLeaveOutRefused  },
    {"isolate",             no_argument,       nullptr, kIsolate          },
    {"no-isolate",          no_argument,       nullptr, kNoIsolate        },
    {"version",             no_argument,       nullptr, kVersion          },
    {nullptr,               0,                 nullptr, 0                 },
};
constexpr const char* kLetters = "ha:r:s:c:v:j:n:o:dRt:e:";

constexpr std::string_view kUsage =
    R"(usage: kpatch-build [options] <patch1 ... patchN>
  -h, --help                 Show this help message
  -a, --archversion RELEASE  Kernel to make the patch for (default: the running one)
  -r, --sourcerpm FILE       Source package of an RPM kernel
  -s, --sourcedir DIR        Kernel source, instead of the distribution's
  -c, --config FILE          Kernel configuration
  -v, --vmlinux FILE         vmlinux with debug information
  -j, --jobs N               Compile N files at a time (default: one per processor)
  -n, --name NAME            Name of the module (default: livepatch-<patch>)
  -o, --output DIR           Where the module goes (default: current directory)
  -d, --debug                Tell which programs are run; twice: show what they print
                             instead; three times: both. Keep build.log
  -R, --non-replace, --no-replace
                             Do not replace patches that are loaded already
  -e, --oot-module FILE      Patch this module from outside the kernel's tree
      --oot-module-src DIR   The source of the module
  -t, --target TARGET        What to make in a full build (default: vmlinux modules)
      --full-build           Build the whole kernel first, in the cache
      --launcher PROGRAM     Put it before the compiler: ccache, distcc, icecc, sccache
      --offline              Do not use the network
      --isolate              Build without network and with nothing to read but what
                             the build needs (as root: if bubblewrap is there)
      --no-isolate           Do not; goes before --isolate
      --debug-package        Fetch the kernel's debug information, though none is needed
      --debug-file FILE      Keep the debug information of the module there
      --skip-cleanup         Leave the private build directory behind
      --skip-compiler-check  Take a compiler of another version if its code is the kernel's
      --force                Go on though the code is not the kernel's, or an
                             export that is used changes (dangerous)
      --no-thunks            Refuse new pointers to functions that are closed to them
      --ignore-init-changes  Leave changes of init and exit code out
      --fuzz N               Lines of context at each end of a hunk that need not match
                             (default: 2, as with patch); where it is needed is said
      --no-line-fix          Let lines below a change have other numbers
      --series FILE|DIR      Patches of a quilt series, a mailbox or a folder, in order
      --leave-out-refused    Leave out what cannot be patched live, and what depends on
                             it: files, or with --series whole patches
      --explain              Say why each function is part of the patch
      --review warn|error|off
                             Hazards that the safety review finds are warnings
                             (default), refused, or not looked for
      --json FILE            Write what was built, and what was wrong, as JSON
      --version              Show the version
   or: kpatch-build cache list|gc|verify
)";

/// The argument as a path; must be what it is called.
fs::path existing_file(const char* argument, std::string_view what) {
  if (!fs::is_regular_file(argument))
    fail("{} '{}' not found", what, argument);
  return fs::absolute(argument);
}

fs::path existing_directory(const char* argument, std::string_view what) {
  if (!fs::is_directory(argument))
    fail("{} '{}' not found", what, argument);
  return fs::absolute(argument);
}

std::optional<unsigned> number(std::string_view text) {
  unsigned count = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return count;
}

unsigned job_count(std::string_view text) {
  const std::optional<unsigned> count = number(text);
  if (!count || *count == 0)
    fail("Invalid number of make jobs '{}'", text);
  return *count;
}

unsigned fuzz_lines(std::string_view text) {
  const std::optional<unsigned> lines = number(text);
  if (!lines)
    fail("--fuzz: '{}' is not a number of lines; give one such as --fuzz 2", text);
  return *lines;
}

Review review_mode(std::string_view text) {
  if (text == "warn")
    return Review::kWarn;
  if (text == "error")
    return Review::kRefuse;
  if (text == "off")
    return Review::kOff;
  fail("--review: '{}' is none of warn, error, off", text);
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

void take_option(int letter, Invocation& invocation) {
  BuildOptions& options = invocation.options;
  kernel::Overrides& overrides = invocation.kernel.overrides;
  switch (letter) {
  case 'h': invocation.action = Invocation::Action::kShowHelp; break;
  case kVersion: invocation.action = Invocation::Action::kShowVersion; break;
  case 'a': invocation.kernel.release = optarg; break;
  case 's':
    overrides.source = existing_directory(optarg, "source dir");
    options.source_may_change = true;
    break;
  case 'c': overrides.config = existing_file(optarg, "config file"); break;
  case 'v': overrides.vmlinux = existing_file(optarg, "vmlinux file"); break;
  case 'j': options.jobs = job_count(optarg); break;
  case 'n': options.name = optarg; break;
  case 'o': options.output_directory = existing_directory(optarg, "output dir"); break;
  case 'd': ++invocation.debug; break;
  case 'R': options.replace = false; break;
  case 't': invocation.kernel.full_build_targets.emplace_back(optarg); break;
  case 'r': invocation.kernel.source_rpm = existing_file(optarg, "source rpm"); break;
  case 'e':
    invocation.kernel.out_of_tree.modules.push_back(
        existing_file(optarg, "out-of-tree module"));
    break;
  case kOotModuleSource:
    invocation.kernel.out_of_tree.sources.push_back(
        existing_directory(optarg, "out-of-tree module source dir").lexically_normal());
    break;
  case kFullBuild: invocation.kernel.full_build = true; break;
  case kLauncher: options.launcher = optarg; break;
  case kDebugFile: options.debug_file = fs::absolute(optarg); break;
  case kDebugPackage: invocation.kernel.debug_package = true; break;
  case kSeries:
    if (!fs::exists(optarg))
      fail("series '{}' not found", optarg);
    options.series.push_back(fs::absolute(optarg));
    break;
  case kLeaveOutRefused: options.leave_out = patch::Grain::kFile; break;
  case kIsolate:
    if (invocation.isolation != Isolation::kNever)
      invocation.isolation = Isolation::kAlways;
    break;
  case kNoIsolate: invocation.isolation = Isolation::kNever; break;
  case kOffline: invocation.kernel.offline = true; break;
  case kSkipCleanup: options.keep_work = true; break;
  case kSkipGccCheck:
    invocation.notices.push_back(
        "WARNING: --skip-gcc-check is deprecated, use --skip-compiler-check instead");
    [[fallthrough]];
  case kSkipCompilerCheck: options.check_compiler = false; break;
  case kIgnoreInitChanges: options.init_changes = InitChanges::kLeaveOut; break;
  case kNoLineFix: options.fix_lines = false; break;
  case kFuzz: options.fuzz = fuzz_lines(optarg); break;
  case kExplain: options.explain = true; break;
  case kReview: options.review = review_mode(optarg); break;
  case kForce: options.force = true; break;
  case kNoThunks: options.thunks = false; break;
  case kJson: invocation.json = fs::absolute(optarg); break;
  default: invocation.action = Invocation::Action::kComplainAboutUsage;
  }
}

/// kpatch-build cache VERB
Invocation cache_invocation(const std::vector<std::string>& words) {
  using Action = Invocation::Action;
  constexpr std::pair<std::string_view, Action> kVerbs[] = {
      {"list",   Action::kListCache     },
      {"gc",     Action::kCollectGarbage},
      {"verify", Action::kVerifyCache   },
  };
  Invocation invocation;
  invocation.action = Action::kComplainAboutUsage;
  invocation.usage_complaint = "cache: one of list, gc, verify is wanted";
  for (const auto& [verb, action] : kVerbs)
    if (words.size() == 1 && words[0] == verb)
      invocation.action = action;
  invocation.kernel.cache = fs::absolute(cache::default_cache());
  return invocation;
}

/// Options that only make sense together, or not together.
void check_combination(Invocation& invocation) {
  const kernel::TargetRequest& kernel = invocation.kernel;
  if (!kernel.source_rpm.empty() && !kernel.release.empty())
    fail("--sourcerpm says by its name which kernel it is; --archversion cannot be used "
         "with it");
  if (!kernel.source_rpm.empty() && !kernel.overrides.source.empty())
    fail("--sourcerpm and --sourcedir cannot be used together");
  if (!kernel.out_of_tree.modules.empty() && kernel.out_of_tree.sources.empty())
    fail("--oot-module requires --oot-module-src");
  if (kernel.out_of_tree.modules.empty() && !kernel.out_of_tree.sources.empty())
    fail("--oot-module-src requires --oot-module");
  BuildOptions& options = invocation.options;
  if (!options.series.empty() && options.leave_out == patch::Grain::kFile)
    options.leave_out = patch::Grain::kPatch;
  if (!kernel.full_build && !kernel.full_build_targets.empty())
    invocation.notices.push_back("NOTICE: --target is ignored without --full-build: only "
                                 "what the patch touches is compiled");
}

} // namespace

std::string_view usage_text() {
  return kUsage;
}

Invocation parse_command_line(int argc, char** argv) {
  using Action = Invocation::Action;
  Invocation invocation;
  if (argc > 1 && std::string_view(argv[1]) == "cache")
    return cache_invocation({argv + 2, argv + argc});
  invocation.options.jobs = std::max(1U, std::thread::hardware_concurrency());
  invocation.options.output_directory = fs::current_path();
  optind = 0; // starts afresh, also if called twice
  while (invocation.action == Action::kBuild) {
    const int letter = getopt_long(argc, argv, kLetters, kOptions, nullptr);
    if (letter < 0)
      break;
    take_option(letter, invocation);
  }
  if (invocation.action != Action::kBuild)
    return invocation;
  for (const char* patch : std::vector<const char*>(argv + optind, argv + argc)) {
    existing_file(patch, "patch file");
    invocation.options.patches.emplace_back(patch);
  }
  if (invocation.options.patches.empty() && invocation.options.series.empty()) {
    invocation.action = Action::kComplainAboutUsage;
    invocation.usage_complaint = "no patch file(s) specified";
  }
  check_combination(invocation);
  invocation.options.keep_log = invocation.debug > 0 || invocation.options.keep_work;
  invocation.options.cache = fs::absolute(cache::default_cache());
  invocation.kernel.cache = invocation.options.cache;
  invocation.kernel.machine = environment("TARGET_ARCH");
  invocation.kernel.cross_compile = environment("CROSS_COMPILE");
  return invocation;
}

} // namespace kpatch::produce
