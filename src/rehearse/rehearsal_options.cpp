// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command line of `kpatch rehearse`.
#include "rehearse/rehearsal_options.h"

#include "base/error.h"
#include "runtime/options.h"

namespace kpatch::rehearse {

namespace {

enum Option : int {
  kKernel = 'k',
  kCheck = 'c',
  kProgram = 'p',
  kWith = 'w',
  kCycles = 'n',
  kHelp = 'h',
  kEach = 'e',
  kKvm = 256,
  kCpus,
  kJson,
  kTimeout,
  kVmlinuz,
  kModules,
  kAppend,
  kLate,
  kCpu,
  kUpgrade,
  kWithout,
  kNoKvm,
  kSkipChecks,
};

constexpr option kLongOptions[] = {
    {"kernel",      required_argument, nullptr, kKernel    },
    {"check",       required_argument, nullptr, kCheck     },
    {"program",     required_argument, nullptr, kProgram   },
    {"with",        required_argument, nullptr, kWith      },
    {"cycles",      required_argument, nullptr, kCycles    },
    {"each",        no_argument,       nullptr, kEach      },
    {"help",        no_argument,       nullptr, kHelp      },
    {"cpus",        required_argument, nullptr, kCpus      },
    {"kvm",         no_argument,       nullptr, kKvm       },
    {"json",        required_argument, nullptr, kJson      },
    {"timeout",     required_argument, nullptr, kTimeout   },
    {"vmlinuz",     required_argument, nullptr, kVmlinuz   },
    {"modules",     required_argument, nullptr, kModules   },
    {"append",      required_argument, nullptr, kAppend    },
    {"late",        no_argument,       nullptr, kLate      },
    {"cpu",         required_argument, nullptr, kCpu       },
    {"upgrade",     no_argument,       nullptr, kUpgrade   },
    {"without",     required_argument, nullptr, kWithout   },
    {"skip-checks", no_argument,       nullptr, kSkipChecks},
    {"no-kvm",      no_argument,       nullptr, kNoKvm     },
    {nullptr,       0,                 nullptr, 0          },
};

constexpr const char* kTryHelp = "see kpatch rehearse --help";

unsigned positive_number(const std::string& option, std::string_view text) {
  const unsigned value = runtime::whole_number(text).value_or(0);
  if (value == 0)
    fail("rehearse: {}: '{}' is not a number above zero", option, text);
  return value;
}

void take_option(RehearsalCall& call, int option) {
  RehearsalRequest& request = call.request;
  switch (option) {
  case kKernel: request.release = optarg; break;
  case kCheck: request.check = optarg; break;
  case kProgram: request.programs.emplace_back(optarg); break;
  case kWith: request.with.emplace_back(optarg); break;
  case kCycles: request.cycles = positive_number("--cycles", optarg); break;
  case kEach: request.each = true; break;
  case kHelp: call.wants_help = true; break;
  case kSkipChecks: call.skips_checks = true; break;
  case kCpus: request.cpus = positive_number("--cpus", optarg); break;
  case kKvm: request.kvm = true; break;
  case kNoKvm: request.kvm = false; break;
  case kUpgrade: request.upgrade = true; break;
  case kWithout: request.without.emplace_back(optarg); break;
  case kJson: call.json = optarg; break;
  case kTimeout: request.timeout_seconds = positive_number("--timeout", optarg); break;
  case kVmlinuz: request.vmlinuz = optarg; break;
  case kModules: request.modules_root = optarg; break;
  case kAppend: request.kernel_arguments.emplace_back(optarg); break;
  case kLate: request.late = true; break;
  case kCpu: request.cpu_model = optarg; break;
  default: fail_with_remedy(kTryHelp, "rehearse: wrong call");
  }
}

} // namespace

std::string rehearsal_usage() {
  return R"(usage: kpatch rehearse [--kernel RELEASE] [options] MODULE.ko...

Boots the kernel in a virtual machine and takes the patch modules through their life:
the check must fail, `kpatch load`, the check must succeed, `kpatch unload`, the check
must fail. Exit status 0 if all held and the kernel log is clean. Needs no root.

  -k, --kernel RELEASE   the kernel to boot, as uname -r calls it (default: the
                         one that the first module was built for)
  -c, --check SCRIPT     shell script that succeeds if the patch is in effect; it finds
                         before, patched or after in $KPATCH_PHASE, and the patch
                         modules that are meant in $KPATCH_MODULES
  -p, --program FILE     program that the check calls, put into its PATH together with
                         its shared libraries; repeatable
  -w, --with MODULE      kernel module to load before, with all it needs: a name or a
                         .ko file; repeatable. Modules that the patch changes are
                         loaded anyway
      --late             load those modules in the first cycle only after the patches;
                         further cycles find them loaded
  -n, --cycles N         go through it N times (default 1)
  -e, --each             load and unload one patch after the other instead of all
                         together; what fails with one does not end the rehearsal, nor
                         does a kernel module that the machine cannot load
      --upgrade          put each patch in the place of the one before, as `kpatch
                         upgrade` does, roll back step by step, and unload the first
      --without MODULE   do not load this module of those that the patch changes, for
                         instance because the machine lacks its hardware; repeatable
      --cpus N           processors of the machine (default 2); with one, no task runs
                         while the kernel moves tasks over, so that many patches are
                         through sooner
      --append WORDS     add to the command line of the kernel; repeatable
      --cpu MODEL        processor to imitate, as QEMU calls it: workarounds for others are
                         not at work on the default one
      --kvm, --no-kvm    use hardware virtualisation, or not (default: where it works and
                         no --cpu is given)
      --json FILE        write the report to FILE as well
      --timeout SECONDS  give up after that (default 240)
      --skip-checks      boot although `kpatch verify` finds something against a module
      --vmlinuz FILE     the kernel image, and
      --modules DIR      the directory with lib/modules/RELEASE, if they are neither
                         in the cache nor installed
  -h, --help             print this)";
}

RehearsalCall parse_rehearsal_call(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"kpatch"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  RehearsalCall call;
  for (const std::string& patch :
       runtime::take_options(std::move(words), {"k:c:p:w:n:eh", kLongOptions},
                             [&](int option) { take_option(call, option); }))
    call.request.patches.emplace_back(patch);
  if (call.wants_help)
    return call;
  if (call.request.patches.empty())
    fail_with_remedy(kTryHelp, "rehearse: no patch module given");
  if (call.request.upgrade && call.request.each)
    fail_with_remedy(kTryHelp, "rehearse: --upgrade and --each exclude each other");
  if (call.request.vmlinuz.empty() != call.request.modules_root.empty())
    fail("rehearse: --vmlinuz and --modules go together");
  return call;
}

} // namespace kpatch::rehearse
