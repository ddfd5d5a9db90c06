// SPDX-License-Identifier: GPL-2.0-or-later
//
// A unit can be comparable and still not be linkable: it calls a function that a header
// declares and that another unit would have defined, but that unit has no part in the
// module. Linking would say so of the module as a whole; here it is a problem of the unit
// that needs it, which can be left out.
#include "arch/arch.h"
#include "base/files.h"
#include "base/module_name.h"
#include "image/image.h"
#include "klp/exports.h"
#include "produce/steps.h"
#include "produce/unit_diffs.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpatch::produce {

namespace {

bool is_in_question(const UnitResult& unit) {
  return unit.outcome == UnitOutcome::kRefused ||
         unit.outcome == UnitOutcome::kNotCompiled;
}

klp::PartNames names_of_part(const compile::Workshop& shop, const UnitResult& unit) {
  elf::Object part = elf::read_object(part_of(shop, unit.owner, unit.unit));
  klp::strip_debug(part);
  return klp::names_of(part);
}

/// The modules whose exports the owner uses, which are there whenever it is.
std::set<std::string> depended_on(const kernel::Target& target, const std::string& owner,
                                  const image::Symvers& symvers) {
  std::set<std::string> modules;
  if (owner == kVmlinux)
    return modules;
  const image::Image module = image::read_module_image(target.shipped_file(owner));
  for (const auto& symbol : module.symbols())
    if (!symbol.is_defined)
      modules.insert(symvers.exporter(symbol.name));
  return modules;
}

/// What a unit of the patch brings for a module is complete once that is loaded
/// (kernel/livepatch/core.c, klp_init_object_loaded): code of others must not run into it
/// before.
void refuse_borrowed(const std::vector<UnitResult*>& units,
                     std::span<const klp::PartNames> parts, const kernel::Target& target,
                     const image::Symvers& symvers) {
  std::vector<std::string> owners;
  for (const UnitResult* unit : units)
    owners.push_back(unit->owner);
  const auto borrowed = klp::borrowed(parts.first(units.size()), owners);
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (borrowed[i].empty())
      continue;
    const std::set<std::string> there = depended_on(target, owners[i], symvers);
    for (const auto& [name, home] : borrowed[i])
      if (!there.contains(home)) {
        units[i]->outcome = UnitOutcome::kRefused;
        units[i]->problems.push_back(
            {.code = "KP3002",
             .object = units[i]->unit,
             .symbol = name,
             .message =
                 fmt::format("the patch adds it to module {}, which {} does not "
                             "depend on: it is not complete while {} is not loaded",
                             home, owners[i], home),
             .remedy = owners[i] == kVmlinux
                           ? "Define it in a unit of vmlinux."
                           : fmt::format("Define it in a unit of {} or of vmlinux.",
                                         owners[i])});
      }
  }
}

} // namespace

void refuse_unprovided(Context& context, const compile::Workshop& shop) {
  // What such a unit would define is missing only once it is out.
  if (std::ranges::any_of(context.result.units, is_in_question))
    return;
  std::vector<UnitResult*> units;
  std::vector<klp::PartNames> parts;
  for (UnitResult& unit : context.result.units)
    if (unit.outcome == UnitOutcome::kChanged) {
      units.push_back(&unit);
      parts.push_back(names_of_part(shop, unit));
    }
  if (const arch::Arch* machine = arch::find_arch(shop.target.machine))
    parts.push_back(klp::names_of_build(shop.target.objects, *machine));
  const auto symvers =
      image::Symvers::parse(read_text(shop.target.symvers), shop.target.symvers.string());
  refuse_borrowed(units, parts, shop.target, symvers);
  const std::vector<std::vector<std::string>> missing = klp::unprovided(parts, symvers);
  for (std::size_t i = 0; i < units.size(); ++i)
    for (const std::string& name : missing[i]) {
      units[i]->outcome = UnitOutcome::kRefused;
      units[i]->problems.push_back(
          {.code = "KP3004",
           .object = units[i]->unit,
           .symbol = name,
           .message = "the patch uses it, and neither a unit of the patch nor the kernel "
                      "provides it",
           .remedy = "Add the file that defines it to the patch, or look for the "
                     "configuration option that is off."});
    }
}

} // namespace kpatch::produce
