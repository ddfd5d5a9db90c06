// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whether objects of a type outlive the functions that make them cannot be seen from its
// definition, but from what the unit declares: allocated ones are held by a pointer in
// some variable or member, and static ones are variables themselves. A type of which
// there is neither, only variables of functions, ends with them:
//
//   struct walk { int found; };                            the type
//   int f(void) { struct walk w = {}; return look(&w); }   an object of it
//   int look(struct walk *w) { ... }                       who is handed it
#include "kernel/short_lived_types.h"

#include <dwarf.h>
#include <filesystem>

namespace kpatch::kernel {
namespace fs = std::filesystem;

namespace {

/// What something is made of in the end: elements of an array, the target of a pointer.
struct Innermost {
  Dwarf_Die type{};
  bool is_known = false;
  bool by_pointer = false;
};

Innermost innermost_type(Dwarf_Die of) {
  Innermost result;
  Dwarf_Attribute attribute;
  Dwarf_Die direct;
  while (dwarf_attr_integrate(&of, DW_AT_type, &attribute) &&
         dwarf_formref_die(&attribute, &direct) &&
         dwarf_peel_type(&direct, &result.type) == 0) {
    const int tag = dwarf_tag(&result.type);
    result.is_known = tag != DW_TAG_array_type && tag != DW_TAG_pointer_type;
    if (result.is_known)
      return result;
    result.by_pointer = result.by_pointer || tag == DW_TAG_pointer_type;
    of = result.type;
  }
  return result;
}

/// It has an address of its own rather than a place on the stack.
bool is_static(Dwarf_Die& variable) {
  Dwarf_Attribute location;
  Dwarf_Op* code = nullptr;
  std::size_t length = 0;
  return dwarf_attr_integrate(&variable, DW_AT_location, &location) &&
         dwarf_getlocation(&location, &code, &length) == 0 && length == 1 &&
         code[0].atom == DW_OP_addr;
}

/// Looks for the objects of some types in all that a unit declares.
struct Search {
  std::map<Dwarf_Off, ObjectsSeen>& seen;

  void visit_children(Dwarf_Die& parent, bool in_function) {
    Dwarf_Die child;
    for (int state = dwarf_child(&parent, &child); state == 0;
         state = dwarf_siblingof(&child, &child)) {
      note(child, in_function);
      visit_children(child, in_function || dwarf_tag(&child) == DW_TAG_subprogram);
    }
  }

  void note(Dwarf_Die& entry, bool in_function) {
    const int tag = dwarf_tag(&entry);
    if (tag != DW_TAG_member && tag != DW_TAG_variable && tag != DW_TAG_subprogram)
      return;
    Innermost innermost = innermost_type(entry);
    const auto found =
        innermost.is_known ? seen.find(dwarf_dieoffset(&innermost.type)) : seen.end();
    if (found == seen.end())
      return;
    if (tag == DW_TAG_variable && in_function && !innermost.by_pointer &&
        !is_static(entry))
      found->second.on_stacks = true;
    else
      found->second.elsewhere = true;
  }
};

} // namespace

bool is_of_unit(Dwarf_Die& type, Dwarf_Die& unit) {
  const char* file = dwarf_decl_file(&type);
  const char* name = dwarf_diename(&unit);
  return file && name && fs::path(file).filename() == fs::path(name).filename();
}

void look_for_objects(Dwarf_Die& unit, std::map<Dwarf_Off, ObjectsSeen>& seen) {
  if (!seen.empty())
    Search{seen}.visit_children(unit, /*in_function=*/false);
}

} // namespace kpatch::kernel
