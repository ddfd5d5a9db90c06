// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command line of `kpatch verify`.
#include "runtime/verify_options.h"

#include "base/error.h"
#include "runtime/options.h"

#include <sys/utsname.h>

namespace kpatch::runtime {

namespace {

enum Option : int {
  kKernel = 'k',
  kHelp = 'h',
  kWith = 'w',
  kVmlinuz = 256,
  kModules,
  kJson
};

constexpr option kLongOptions[] = {
    {"kernel",  required_argument, nullptr, kKernel },
    {"vmlinuz", required_argument, nullptr, kVmlinuz},
    {"with",    required_argument, nullptr, kWith   },
    {"modules", required_argument, nullptr, kModules},
    {"json",    no_argument,       nullptr, kJson   },
    {"help",    no_argument,       nullptr, kHelp   },
    {nullptr,   0,                 nullptr, 0       },
};

constexpr const char* kTryHelp = "see kpatch verify --help";

std::string running_release() {
  utsname name{};
  uname(&name);
  return name.release;
}

void take_option(VerifyCall& call, int option) {
  const std::string_view value = optarg ? optarg : "";
  switch (option) {
  case kKernel: call.release = value == "running" ? running_release() : value; break;
  case kVmlinuz: call.vmlinuz = value; break;
  case kModules: call.modules_root = value; break;
  case kWith: call.more_modules.emplace_back(value); break;
  case kJson: call.json = true; break;
  case kHelp: call.wants_help = true; break;
  default: fail_with_remedy(kTryHelp, "verify: wrong call");
  }
}

} // namespace

std::string verify_usage() {
  return R"(usage: kpatch verify [--kernel RELEASE|running] [options] MODULE.ko

Holds a finished patch module against the files of the kernel that is to load it and says
what that kernel would refuse, or what would crash it. Nothing is loaded; needs no root.
Exit status 0 if there is nothing, 1 otherwise.

  -k, --kernel RELEASE   the kernel, as uname -r calls it, or `running` (default: the one
                         that the module was built for)
      --vmlinuz FILE     the kernel image, and
      --modules DIR      the directory with lib/modules/RELEASE, if they are neither
                         in the cache nor installed
  -w, --with MODULE.ko   a module that is not below that directory; repeatable
      --json             print the result as JSON
  -h, --help             print this)";
}

VerifyCall parse_verify_call(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"kpatch"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  VerifyCall call;
  const std::vector<std::string> modules =
      take_options(std::move(words), {"k:w:h", kLongOptions},
                   [&](int option) { take_option(call, option); });
  if (call.wants_help)
    return call;
  if (modules.size() != 1)
    fail_with_remedy(kTryHelp, "verify: give one patch module");
  if (call.vmlinuz.empty() != call.modules_root.empty())
    fail("verify: --vmlinuz and --modules go together");
  call.module = modules.front();
  return call;
}

} // namespace kpatch::runtime
