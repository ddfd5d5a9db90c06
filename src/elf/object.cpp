// SPDX-License-Identifier: GPL-2.0-or-later
//
// The object model's few mutators. Ids are positions, so things are only ever appended
// here; removal renumbers everything and lives in edit.cpp.
#include "elf/object.h"

namespace kpatch::elf {

Object::Object() : sections(1), symbols(1) {
  sections[0].type = SHT_NULL;
}

SectionId Object::add_section(Section section) {
  sections.push_back(std::move(section));
  return static_cast<SectionId>(sections.size() - 1);
}

SymbolId Object::add_symbol(Symbol symbol) {
  symbols.push_back(std::move(symbol));
  return static_cast<SymbolId>(symbols.size() - 1);
}

SymbolId Object::section_symbol(SectionId section) {
  for (SymbolId id = 1; id < symbols.size(); ++id)
    if (symbols[id].is_section() && symbols[id].section == section)
      return id;
  return add_symbol(
      {.name = sections.at(section).name, .type = STT_SECTION, .section = section});
}

SectionId Object::find_section(std::string_view name) const {
  for (SectionId id = 1; id < sections.size(); ++id)
    if (sections[id].name == name)
      return id;
  return kNoSection;
}

SymbolId Object::find_symbol(std::string_view name) const {
  for (SymbolId id = 1; id < symbols.size(); ++id)
    if (symbols[id].name == name)
      return id;
  return kNoSymbol;
}

} // namespace kpatch::elf
