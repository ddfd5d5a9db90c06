// SPDX-License-Identifier: GPL-2.0-or-later
//
// A unit can be comparable and still not be linkable: it calls a function that a header
// declares and that another unit would have defined, but that unit has no part in the
// module. Linking would say so of the module as a whole; here it is a problem of the unit
// that needs it, which can be left out.
#include "base/files.h"
#include "klp/exports.h"
#include "produce/steps.h"
#include "produce/unit_diffs.h"

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
  const auto symvers =
      image::Symvers::parse(read_text(shop.target.symvers), shop.target.symvers.string());
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
