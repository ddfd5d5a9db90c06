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

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

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

/// Notes the size if the entry defines one of the wanted types. Returns whether it did.
bool note_size(Dwarf_Die& entry, StructSizes& sizes) {
  if (dwarf_tag(&entry) != DW_TAG_structure_type)
    return false;
  const char* name = dwarf_diename(&entry);
  if (!name)
    return false;
  for (const EntryType& wanted : kEntryTypes) {
    if (wanted.name != name || sizes.*wanted.size)
      continue;
    const int size = dwarf_bytesize(&entry); // -1 for a mere declaration
    if (size > 0)
      sizes.*wanted.size = static_cast<std::uint32_t>(size);
    return size > 0;
  }
  return false;
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

StructSizes read_struct_sizes(const fs::path& vmlinux) {
  const DebugFile debug(vmlinux);
  StructSizes sizes;
  std::size_t found = 0;
  for_each_unit(debug.dwarf(), vmlinux, [&](Dwarf_Die& top) {
    Dwarf_Die entry;
    for (int state = dwarf_child(&top, &entry); state == 0;
         state = dwarf_siblingof(&entry, &entry))
      found += note_size(entry, sizes);
    return found < kEntryTypes.size();
  });
  return sizes;
}

} // namespace kpatch::kernel
