// SPDX-License-Identifier: GPL-2.0-or-later
//
// Objects that exist when the patch comes in have the layout that they were made with,
// and code that is not patched goes on making and reading them so. A field that is new,
// gone or elsewhere is memory that belongs to somebody else; a second name for a field
// that both sides have, in a union, is not. Objects on the stacks of
// functions are no matter: those that make and read them are patched, and a task takes to
// the new ones when it is inside none of them.
#include "base/error.h"
#include "review/review_rules.h"

#include <algorithm>
#include <set>

namespace kpatch::review {

namespace {

using kernel::Field;
using kernel::TypeLayout;

/// Further differences follow from these mostly.
constexpr std::size_t kTold = 3;

const Field* find_field(const TypeLayout& layout, const std::string& name) {
  const auto found = std::ranges::find(layout.fields, name, &Field::name);
  return found == layout.fields.end() ? nullptr : &*found;
}

bool is_at_place_of(const Field& one, const Field& other) {
  return one.bits != 0 && one.bits == other.bits && one.bit_offset == other.bit_offset;
}

/// Whether both sides have a field of one name where this one is, as in a union: then it
/// is only another name for what is there.
bool is_second_name(const Field& field, const TypeLayout& original,
                    const TypeLayout& patched) {
  return std::ranges::any_of(original.fields, [&](const Field& before) {
    const Field* now = find_field(patched, before.name);
    return now && before.name != field.name && is_at_place_of(before, field) &&
           is_at_place_of(*now, field);
  });
}

std::string place(const Field& field) {
  return field.bit_offset % 8 ? fmt::format("bit {}", field.bit_offset)
                              : fmt::format("byte {}", field.bit_offset / 8);
}

std::vector<std::string> differences(const TypeLayout& original,
                                     const TypeLayout& patched) {
  std::vector<std::string> found;
  for (const Field& field : patched.fields)
    if (!find_field(original, field.name) && !is_second_name(field, original, patched))
      found.push_back(fmt::format("field '{}' is new at {}", field.name, place(field)));
  for (const Field& field : original.fields) {
    const Field* twin = find_field(patched, field.name);
    if (!twin && is_second_name(field, original, patched))
      continue;
    if (!twin)
      found.push_back(fmt::format("field '{}' is gone", field.name));
    else if (twin->bits != field.bits)
      found.push_back(fmt::format("field '{}' has {} bits instead of {}", field.name,
                                  twin->bits, field.bits));
    else if (twin->bit_offset != field.bit_offset)
      found.push_back(fmt::format("field '{}' moves from {} to {}", field.name,
                                  place(field), place(*twin)));
  }
  if (found.size() > kTold)
    found.resize(kTold);
  if (original.size != patched.size)
    found.push_back(
        fmt::format("its size is {} instead of {}", patched.size, original.size));
  return found;
}

} // namespace

std::vector<Problem> layout_findings(const std::string& type, const TypeLayout& original,
                                     const TypeLayout& patched) {
  const std::vector<std::string> found = differences(original, patched);
  if (found.empty() || original.is_short_lived)
    return {};
  return {{.code = "KP4002",
           .object = {},
           .symbol = type,
           .message = fmt::format("{}: objects that exist already are not made so",
                                  fmt::join(found, ", ")),
           .remedy = "keep the layout, and keep what is new about an object in a "
                     "shadow variable",
           .type = type}};
}

std::vector<Problem> find_changed_layouts(const PatchView& patch) {
  std::vector<Problem> findings;
  std::set<std::string> told; // a type of a header is the same in all units
  for (const UnitView& unit : patch)
    for (const auto& [name, original] : unit.unit.original_types) {
      const auto patched = unit.unit.patched_types.find(name);
      if (patched == unit.unit.patched_types.end() || told.contains(name))
        continue;
      for (Problem& finding : layout_findings(name, original, patched->second)) {
        told.insert(name);
        finding.object = unit.label();
        findings.push_back(std::move(finding));
      }
    }
  return findings;
}

} // namespace kpatch::review
