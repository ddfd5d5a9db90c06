// SPDX-License-Identifier: GPL-2.0-or-later
//
// The classic way. It takes an hour where the selective one takes seconds, but leaves
// nothing to be guessed: every generated file is there and the command of every unit is
// recorded. Options that would stop it for reasons that do not matter here are overruled
// on the command line, where they reach no generated header.
#include "distro/full_build.h"

#include "base/error.h"
#include "base/process.h"
#include "cache/cache.h"
#include "kernel/kbuild.h"

#include <algorithm>
#include <thread>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

void build_kernel(const kernel::Target& target, const kernel::TargetRequest& request,
                  const fs::path& fresh) {
  kernel::prepare_from_config(target.source, fresh, target.config_file,
                              target.make_variables);
  std::vector<std::string> argv = {
      "make",
      "-s",
      "-C",
      fresh.string(),
      "-f",
      (target.source / "Makefile").string(),
      "CONFIG_WERROR=",
      "CONFIG_LD_ORPHAN_WARN_LEVEL=\"warn\"",
      fmt::format("-j{}", std::max(1U, std::thread::hardware_concurrency()))};
  argv.insert(argv.end(), target.make_variables.begin(), target.make_variables.end());
  argv.emplace_back(kernel::kSectionsByMake);
  std::vector<std::string> goals = request.full_build_targets;
  if (goals.empty())
    goals = {"vmlinux", "modules"};
  argv.insert(argv.end(), goals.begin(), goals.end());
  const Outcome outcome =
      run({.argv = argv, .environment = kernel::kbuild_environment()});
  if (!outcome.ok())
    fail_with_remedy("install what building a kernel needs: apt-get install make gcc "
                     "flex bison bc libelf-dev libssl-dev dwarves",
                     "the kernel cannot be built\n{}", outcome.errors);
}

} // namespace

kernel::Target fully_built(kernel::Target target, const kernel::TargetRequest& request) {
  if (!target.records.empty())
    return target;
  const fs::path objects = target.cache / "full-build";
  cache::make_once(objects, [&](const fs::path& fresh) {
    if (request.progress)
      request.progress("Building the whole kernel");
    build_kernel(target, request, fresh);
    // The distribution's table has the exports of all modules, whatever was built here.
    fs::copy_file(target.symvers, fresh / "Module.symvers",
                  fs::copy_options::overwrite_existing);
  });
  target.objects = objects;
  target.records = objects;
  target.config_file = objects / ".config";
  target.symvers = objects / "Module.symvers";
  return target;
}

} // namespace kpatch::distro
