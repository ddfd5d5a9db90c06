// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the debug information tells: names of translation units and sizes of structures.
//
// A module is a relocatable object: the offsets of strings in its .debug_info are zero
// until its relocations are applied, so every name read from the bare file is the first
// string of the section. libdwfl applies them; a plain dwarf_begin() does not. vmlinux is
// linked and needs no such care.
#include "kernel/dwarf_facts.h"

#include "base/error.h"
#include "kernel/short_lived_types.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

#include <algorithm>
#include <dwarf.h>
#include <memory>

namespace kpatch::kernel {
namespace fs = std::filesystem;

namespace {

/// A file's debug information, relocated.
class DebugFile {
 public:
  explicit DebugFile(const fs::path& path) : session_(dwfl_begin(&callbacks())) {
    if (!session_)
      fail("{}: libdwfl: {}", path.string(), dwfl_errmsg(-1));
    dwfl_report_begin(session_.get());
    Dwfl_Module* module = dwfl_report_offline(session_.get(), "file", path.c_str(), -1);
    dwfl_report_end(session_.get(), nullptr, nullptr);
    if (!module)
      fail("{}: not an ELF file with debug information: {}", path.string(),
           dwfl_errmsg(-1));
    Dwarf_Addr bias = 0;
    dwarf_ = dwfl_module_getdwarf(module, &bias);
    if (!dwarf_)
      fail("{}: no debug information: {}", path.string(), dwfl_errmsg(-1));
  }

  Dwarf* dwarf() const { return dwarf_; }

 private:
  static const Dwfl_Callbacks& callbacks() {
    static const Dwfl_Callbacks offline = [] {
      Dwfl_Callbacks these{};
      these.section_address = dwfl_offline_section_address;
      these.find_debuginfo = [](auto...) { return -1; };
      return these;
    }();
    return offline;
  }

  struct End {
    void operator()(Dwfl* session) const { dwfl_end(session); }
  };
  std::unique_ptr<Dwfl, End> session_;
  Dwarf* dwarf_ = nullptr;
};

/// Calls `visit` with the top entry of each compile unit until it returns false.
template <typename Visit>
void for_each_unit(Dwarf* dwarf, const fs::path& file, Visit visit) {
  Dwarf_CU* unit = nullptr;
  Dwarf_Die top;
  std::uint8_t kind = 0;
  for (;;) {
    const int state = dwarf_get_units(dwarf, unit, &unit, nullptr, &kind, &top, nullptr);
    if (state > 0)
      return;
    if (state < 0)
      fail("{}: damaged debug information: {}", file.string(), dwarf_errmsg(-1));
    if (kind == DW_UT_compile && !visit(top))
      return;
  }
}

/// Notes the size if the entry defines one of the wanted structures.
void note_size(Dwarf_Die& entry, special::StructSizes& sizes) {
  if (dwarf_tag(&entry) != DW_TAG_structure_type)
    return;
  const char* name = dwarf_diename(&entry);
  if (!name)
    return;
  const std::string_view wanted = name;
  if (sizes.contains(wanted) ||
      std::ranges::find(special::wanted_structures(), wanted,
                        &special::Structure::name) == special::wanted_structures().end())
    return;
  const int size = dwarf_bytesize(&entry); // -1 for a mere declaration
  if (size > 0)
    sizes.emplace(wanted, size);
}

/// The number that an attribute holds, if it has it.
std::optional<std::uint64_t> number(Dwarf_Die& entry, unsigned attribute) {
  Dwarf_Attribute found;
  Dwarf_Word value = 0;
  if (!dwarf_attr_integrate(&entry, attribute, &found) ||
      dwarf_formudata(&found, &value) != 0)
    return std::nullopt;
  return value;
}

/// The type of a member, freed of names and qualifiers.
bool peeled_type(Dwarf_Die& member, Dwarf_Die& type) {
  Dwarf_Attribute attribute;
  Dwarf_Die direct;
  return dwarf_attr_integrate(&member, DW_AT_type, &attribute) &&
         dwarf_formref_die(&attribute, &direct) && dwarf_peel_type(&direct, &type) == 0;
}

/// The structure or union without any name that a member is of, or is an array of: it is
/// part of the type that has the member.
bool nameless_type(Dwarf_Die& member, Dwarf_Die& type) {
  Dwarf_Attribute attribute;
  Dwarf_Die at = member;
  do {
    if (!dwarf_attr_integrate(&at, DW_AT_type, &attribute) ||
        !dwarf_formref_die(&attribute, &type))
      return false;
    at = type;
  } while (dwarf_tag(&type) == DW_TAG_array_type);
  const int tag = dwarf_tag(&type);
  return (tag == DW_TAG_structure_type || tag == DW_TAG_union_type) &&
         !dwarf_diename(&type);
}

/// Adds the members of a structure that lies `base` bits into another, as `prefix`.
void add_fields(Dwarf_Die& structure, std::uint64_t base, const std::string& prefix,
                TypeLayout& layout) {
  Dwarf_Die member;
  for (int state = dwarf_child(&structure, &member); state == 0;
       state = dwarf_siblingof(&member, &member)) {
    if (dwarf_tag(&member) != DW_TAG_member)
      continue;
    const std::uint64_t offset =
        base + number(member, DW_AT_data_bit_offset)
                   .value_or(8 * number(member, DW_AT_data_member_location).value_or(0));
    Dwarf_Die type;
    const bool has_type = peeled_type(member, type);
    const char* name = dwarf_diename(&member);
    if (!name && has_type) {
      add_fields(type, offset, prefix, layout);
      continue;
    }
    Dwarf_Word bytes = 0;
    if (has_type && dwarf_aggregate_size(&type, &bytes) != 0)
      bytes = 0;
    const std::string whole = prefix + (name ? name : "");
    layout.fields.push_back(
        {whole, offset, number(member, DW_AT_bit_size).value_or(8 * bytes)});
    if (Dwarf_Die inner; nameless_type(member, inner))
      add_fields(inner, offset, whole + ".", layout);
  }
}

/// "struct name" or "union name" if the entry defines one.
std::string defined_type(Dwarf_Die& entry) {
  const int tag = dwarf_tag(&entry);
  const char* name = dwarf_diename(&entry);
  if ((tag != DW_TAG_structure_type && tag != DW_TAG_union_type) || !name ||
      dwarf_bytesize(&entry) < 0)
    return {};
  return fmt::format("{} {}", tag == DW_TAG_union_type ? "union" : "struct", name);
}

TypeLayout layout_of(Dwarf_Die& type, Dwarf_Die& unit, const ObjectsSeen& seen) {
  TypeLayout layout{.size = static_cast<std::uint64_t>(dwarf_bytesize(&type)),
                    .is_short_lived =
                        is_of_unit(type, unit) && seen.on_stacks && !seen.elsewhere,
                    .is_on_stacks = seen.on_stacks,
                    .is_elsewhere = seen.elsewhere};
  add_fields(type, 0, "", layout);
  return layout;
}

} // namespace

std::vector<std::string> compile_units(const fs::path& file) {
  const DebugFile debug(file);
  std::vector<std::string> names;
  for_each_unit(debug.dwarf(), file, [&](Dwarf_Die& top) {
    if (const char* name = dwarf_diename(&top))
      names.emplace_back(name);
    return true;
  });
  return names;
}

special::StructSizes read_struct_sizes(const fs::path& vmlinux) {
  const DebugFile debug(vmlinux);
  special::StructSizes sizes;
  for_each_unit(debug.dwarf(), vmlinux, [&](Dwarf_Die& top) {
    Dwarf_Die entry;
    for (int state = dwarf_child(&top, &entry); state == 0;
         state = dwarf_siblingof(&entry, &entry))
      note_size(entry, sizes);
    return sizes.size() < special::wanted_structures().size();
  });
  return sizes;
}

TypeLayouts read_type_layouts(const fs::path& file, const std::set<std::string>& names) {
  const DebugFile debug(file);
  TypeLayouts layouts;
  for_each_unit(debug.dwarf(), file, [&](Dwarf_Die& top) {
    std::map<std::string, Dwarf_Die> found;
    std::map<Dwarf_Off, ObjectsSeen> seen;
    Dwarf_Die entry;
    for (int state = dwarf_child(&top, &entry); state == 0;
         state = dwarf_siblingof(&entry, &entry))
      if (const std::string name = defined_type(entry);
          names.contains(name) && !layouts.contains(name) && !found.contains(name)) {
        found[name] = entry;
        seen[dwarf_dieoffset(&entry)] = {};
      }
    look_for_objects(top, seen);
    for (auto& [name, type] : found)
      layouts[name] = layout_of(type, top, seen.at(dwarf_dieoffset(&type)));
    return true;
  });
  return layouts;
}

} // namespace kpatch::kernel
