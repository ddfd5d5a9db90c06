// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/files.h"
#include "base/module_name.h"
#include "kernel/patched_by.h"
#include "produce/find_ahead.h"
#include "produce/module_check.h"
#include "produce/step_clock.h"
#include "produce/steps.h"
#include "produce/unit_diffs.h"

#include <fmt/ranges.h>

#include <set>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

void make_warnings_of_problems(Context& context) {
  for (Problem& problem : context.result.problems) {
    const std::string warning =
        fmt::format("WARNING: {}: {} [{}]; going on because of --force", problem.symbol,
                    problem.message, problem.code);
    context.warn(warning);
    context.result.warnings.push_back(std::move(problem));
  }
  context.result.problems.clear();
}

void refuse_modules(const kernel::Target& target, const std::set<std::string>& owners) {
  if (kernel::patched_by(target) == kernel::PatchedBy::kLivepatch)
    return;
  for (const std::string& owner : owners)
    if (owner != kVmlinux)
      fail_with_remedy("patch functions of vmlinux only, or run a kernel with "
                       "CONFIG_LIVEPATCH; --leave-out FILE leaves a file out",
                       "the patch changes the module {}: kpatch.ko, which takes patches "
                       "of kernels without CONFIG_LIVEPATCH, does not reach modules yet",
                       owner);
}

/// What the module cannot be loaded without comes beside it.
void copy_companions(const klp::ModuleRequest& request, const fs::path& folder) {
  for (const fs::path& companion : request.backend->companions(request))
    write_file(folder / companion.filename(), read_bytes(companion));
}

} // namespace

void link(Context& context, const compile::Workshop& shop,
          const std::vector<VersionChange>& versions) {
  const StepClock clock(context.result.steps, "module");
  const kernel::Target& target = shop.target;
  std::set<std::string> owners;
  std::vector<fs::path> parts;
  for (const UnitResult& unit : context.result.units)
    if (unit.outcome == UnitOutcome::kChanged) {
      owners.insert(unit.owner);
      parts.push_back(part_of(shop, unit.owner, unit.unit));
    }
  context.say(fmt::format("Patched objects: {}", fmt::join(owners, " ")));
  refuse_modules(target, owners);
  if (const auto cves = elf::info_values(context.result.info, "cve"); !cves.empty())
    context.say(fmt::format("Fixes: {}", fmt::join(cves, " ")));
  const std::string file = context.result.module_name + ".ko";
  context.say("Building patch module: " + file);
  klp::ModuleRequest request = link_request(target, context.options, context.work.path());
  request.objects = parts;
  request.name = context.result.module_name;
  request.info = context.result.info;
  request.output = context.work.path() / file;
  if (!context.options.debug_file.empty())
    request.debug_output = context.work.path() / (file + ".debug");
  const fs::path module = klp::build_module(request);
  copy_companions(request, context.work.path()); // the judge looks for them there
  context.result.problems = uses_of_changed_versions(versions, module);
  if (context.options.force)
    make_warnings_of_problems(context);
  if (!context.result.problems.empty() && context.options.leave_out != patch::Grain::kAll)
    return;
  if (!context.result.problems.empty())
    refuse(context, "The module uses exports that the patch changes");
  context.result.problems = module_problems(target, module);
  if (!context.result.problems.empty())
    refuse(context, "The finished module breaks rules of the kernel's loader");
  const fs::path finished = context.options.output_directory / file;
  copy_companions(request, context.options.output_directory);
  if (!context.options.debug_file.empty())
    write_file(context.options.debug_file, read_bytes(request.debug_output));
  write_file(finished, read_bytes(module));
  context.result.module = finished;
  context.result.outcome = BuildOutcome::kBuilt;
}

} // namespace kpatch::produce
