// SPDX-License-Identifier: GPL-2.0-or-later
//
// How C spells a type, and which member of it a byte belongs to. Types form a graph, in
// hostile input one with circles, so every walk is bounded.
#include "dwarf/session.h"

#include <dwarf.h>

namespace kpatch::dwarf {

namespace {

constexpr int kDeepest = 24;

bool get_type(Dwarf_Die& die, Dwarf_Die& type) {
  Dwarf_Attribute attribute;
  return dwarf_attr_integrate(&die, DW_AT_type, &attribute) &&
         dwarf_formref_die(&attribute, &type);
}

std::optional<std::uint64_t> number(Dwarf_Die& die, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (!dwarf_attr_integrate(&die, name, &attribute) ||
      dwarf_formudata(&attribute, &value) != 0)
    return std::nullopt;
  return value;
}

/// "[4]" for each dimension.
std::string dimensions(Dwarf_Die& array) {
  std::string text;
  Dwarf_Die range;
  if (dwarf_child(&array, &range) != 0)
    return "[]";
  do {
    const auto count = number(range, DW_AT_count);
    const auto last = number(range, DW_AT_upper_bound);
    text += count  ? "[" + std::to_string(*count) + "]"
            : last ? "[" + std::to_string(*last + 1) + "]"
                   : "[]";
  } while (dwarf_siblingof(&range, &range) == 0);
  return text;
}

std::string spell(Dwarf_Die& type, int depth) {
  if (depth > kDeepest)
    return "...";
  const int tag = dwarf_tag(&type);
  const char* name = dwarf_diename(&type);
  const std::string own = name ? name : "{...}";
  Dwarf_Die inner;
  const auto of_inner = [&] {
    return get_type(type, inner) ? spell(inner, depth + 1) : std::string("void");
  };
  switch (tag) {
  case DW_TAG_structure_type: return "struct " + own;
  case DW_TAG_union_type: return "union " + own;
  case DW_TAG_enumeration_type: return "enum " + own;
  case DW_TAG_const_type: {
    const std::string text = of_inner(); // arrays of const things say it twice
    return text.starts_with("const ") ? text : "const " + text;
  }
  case DW_TAG_volatile_type: return "volatile " + of_inner();
  case DW_TAG_pointer_type: return of_inner() + " *";
  case DW_TAG_array_type: return of_inner() + dimensions(type);
  case DW_TAG_subroutine_type: return "function";
  default: return own;
  }
}

/// Sees through typedefs and qualifiers.
Dwarf_Die bare(Dwarf_Die type) {
  for (int i = 0; i < kDeepest; ++i) {
    const int tag = dwarf_tag(&type);
    Dwarf_Die inner;
    if ((tag != DW_TAG_typedef && tag != DW_TAG_const_type &&
         tag != DW_TAG_volatile_type) ||
        !get_type(type, inner))
      break;
    type = inner;
  }
  return type;
}

/// The member that covers a byte, and where it starts.
bool find_member(Dwarf_Die& aggregate, std::uint64_t byte, Dwarf_Die& member,
                 std::uint64_t& start) {
  Dwarf_Die die;
  bool found = false;
  if (dwarf_child(&aggregate, &die) != 0)
    return false;
  do {
    if (dwarf_tag(&die) != DW_TAG_member)
      continue;
    const std::uint64_t at = number(die, DW_AT_data_member_location).value_or(0);
    if (at > byte || (found && at <= start))
      continue; // of a union, the first
    found = true;
    start = at;
    member = die;
  } while (dwarf_siblingof(&die, &die) == 0);
  return found;
}

} // namespace

std::string type_name(Dwarf_Die& variable) {
  Dwarf_Die type;
  return get_type(variable, type) ? spell(type, 0) : std::string();
}

std::string field_path(Dwarf_Die& variable, std::uint64_t byte) {
  std::string path;
  Dwarf_Die die = variable;
  Dwarf_Die type;
  for (int i = 0; i < kDeepest && get_type(die, type); ++i) {
    type = bare(type);
    const int tag = dwarf_tag(&type);
    if (tag == DW_TAG_array_type) {
      Dwarf_Die element;
      Dwarf_Word size = 0;
      if (!get_type(type, element) || dwarf_aggregate_size(&element, &size) != 0 ||
          size == 0)
        return path;
      path += "[" + std::to_string(byte / size) + "]";
      byte %= size;
      die = type;
    } else if (tag == DW_TAG_structure_type || tag == DW_TAG_union_type) {
      std::uint64_t start = 0;
      Dwarf_Die member;
      if (!find_member(type, byte, member, start))
        return path;
      if (const char* name = dwarf_diename(&member))
        path += std::string(".") + name;
      byte -= start;
      die = member;
    } else {
      return path;
    }
  }
  return path;
}

} // namespace kpatch::dwarf
