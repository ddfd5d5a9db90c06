// SPDX-License-Identifier: GPL-2.0-or-later
//
// The options of the classic kpatch-build with their names and their error texts, so that
// scripts go on working; getopt_long because those scripts may abbreviate long options.
#include "build/command_line.h"

#include "base/error.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <getopt.h>
#include <thread>

namespace kpatch::build {
namespace fs = std::filesystem;

namespace {

/// Long options without a letter.
enum LongOnly {
  kSkipCompilerCheck = 256,
  kSkipGccCheck,
  kSkipCleanup,
  kIgnoreInitChanges,
  kExplain,
  kForce,
  kVersion,
  kJson,
  kReview
};

constexpr option kOptions[] = {
    {"help",                no_argument,       nullptr, 'h'               },
    {"archversion",         required_argument, nullptr, 'a'               },
    {"sourcedir",           required_argument, nullptr, 's'               },
    {"config",              required_argument, nullptr, 'c'               },
    {"vmlinux",             required_argument, nullptr, 'v'               },
    {"jobs",                required_argument, nullptr, 'j'               },
    {"name",                required_argument, nullptr, 'n'               },
    {"output",              required_argument, nullptr, 'o'               },
    {"debug",               no_argument,       nullptr, 'd'               },
    {"non-replace",         no_argument,       nullptr, 'R'               },
    {"target",              required_argument, nullptr, 't'               },
    {"skip-cleanup",        no_argument,       nullptr, kSkipCleanup      },
    {"skip-compiler-check", no_argument,       nullptr, kSkipCompilerCheck},
    {"skip-gcc-check",      no_argument,       nullptr, kSkipGccCheck     },
    {"ignore-init-changes", no_argument,       nullptr, kIgnoreInitChanges},
    {"explain",             no_argument,       nullptr, kExplain          },
    {"force",               no_argument,       nullptr, kForce            },
    {"json",                required_argument, nullptr, kJson             },
    {"review",              required_argument, nullptr, kReview           },
    {"version",             no_argument,       nullptr, kVersion          },
    {nullptr,               0,                 nullptr, 0                 },
};
constexpr const char* kLetters = "ha:s:c:v:j:n:o:dRt:";

constexpr std::string_view kUsage =
    R"(usage: kpatch-build [options] <patch1 ... patchN>
  -h, --help                 Show this help message
  -a, --archversion RELEASE  Kernel to make the patch for (default: the running one)
  -s, --sourcedir DIR        Kernel source, instead of the distribution's
  -c, --config FILE          Kernel configuration
  -v, --vmlinux FILE         vmlinux with debug information
  -j, --jobs N               Compile N files at a time (default: one per processor)
  -n, --name NAME            Name of the module (default: livepatch-<patch>)
  -o, --output DIR           Where the module goes (default: current directory)
  -d, --debug                Tell more; keep build.log
  -R, --non-replace          Do not replace patches that are loaded already
      --skip-cleanup         Leave the private build directory behind
      --skip-compiler-check  Take a compiler of another version if its code is the kernel's
      --force                Go on though the code is not the kernel's (dangerous)
      --ignore-init-changes  Leave changes of init and exit code out
      --explain              Say why each function is part of the patch
      --review warn|error|off
                             Hazards that the safety review finds are warnings
                             (default), refused, or not looked for
      --json FILE            Write what was built, and what was wrong, as JSON
      --version              Show the version
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

unsigned job_count(std::string_view text) {
  unsigned count = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count == 0)
    fail("Invalid number of make jobs '{}'", text);
  return count;
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
  case 't':
    invocation.notices.push_back(
        "NOTICE: --target is ignored: only what the patch touches is compiled");
    break;
  case kSkipCleanup: options.keep_work = true; break;
  case kSkipGccCheck:
    invocation.notices.push_back(
        "WARNING: --skip-gcc-check is deprecated, use --skip-compiler-check instead");
    [[fallthrough]];
  case kSkipCompilerCheck: options.check_compiler = false; break;
  case kIgnoreInitChanges: options.init_changes = InitChanges::kLeaveOut; break;
  case kExplain: options.explain = true; break;
  case kReview: options.review = review_mode(optarg); break;
  case kForce: options.force = true; break;
  case kJson: invocation.json = fs::absolute(optarg); break;
  default: invocation.action = Invocation::Action::kComplainAboutUsage;
  }
}

} // namespace

std::string_view usage_text() {
  return kUsage;
}

Invocation parse_command_line(int argc, char** argv) {
  using Action = Invocation::Action;
  Invocation invocation;
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
  if (invocation.options.patches.empty()) {
    invocation.action = Action::kComplainAboutUsage;
    invocation.usage_complaint = "no patch file(s) specified";
  }
  invocation.options.keep_log = invocation.debug > 0;
  invocation.options.cache = fs::absolute(kernel::default_cache());
  invocation.kernel.cache = invocation.options.cache;
  return invocation;
}

} // namespace kpatch::build
