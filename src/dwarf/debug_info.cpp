// SPDX-License-Identifier: GPL-2.0-or-later
//
// Answers from DWARF, by way of libdw. What it cannot answer is left out of a message;
// nothing depends on it.
#include "dwarf/debug_info.h"

#include "dwarf/session.h"

#include <cstdlib>
#include <dwarf.h>

namespace kpatch::dwarf {

namespace {

struct Scopes {
  ~Scopes() { std::free(list); }
  Dwarf_Die* list = nullptr;
  int count = 0;
};

SourcePlace declared(Dwarf_Die& unit, Dwarf_Die& die) {
  SourcePlace place;
  if (const char* file = dwarf_decl_file(&die))
    place.file = shown_file(unit, file);
  dwarf_decl_line(&die, &place.line);
  return place;
}

std::string name_of(Dwarf_Die& die) {
  const char* name = dwarf_diename(&die);
  return name ? name : "";
}

/// The functions around an address, as they are nested after inlining.
void find_functions(Dwarf_Die& unit, std::uint64_t address, CodePlace& place) {
  Scopes at;
  at.count = dwarf_getscopes(&unit, address, &at.list);
  if (at.count <= 0)
    return;
  // Around an inlined function that list follows its source; this one follows the code.
  Scopes around;
  around.count = dwarf_getscopes_die(&at.list[0], &around.list);
  for (int i = around.count; i-- > 0;) {
    Dwarf_Die& die = around.list[i];
    if (dwarf_tag(&die) == DW_TAG_subprogram) {
      place.function = name_of(die);
      place.function_declared = declared(unit, die);
    } else if (dwarf_tag(&die) == DW_TAG_inlined_subroutine) {
      place.inlined.push_back({name_of(die), declared(unit, die), called_at(unit, die)});
    }
  }
}

std::optional<CodePlace> place_in(Dwarf_Die& unit, std::uint64_t address) {
  Dwarf_Line* line =
      dwarf_haspc(&unit, address) == 1 ? dwarf_getsrc_die(&unit, address) : nullptr;
  CodePlace place;
  if (!line || dwarf_lineno(line, &place.at.line) != 0)
    return std::nullopt;
  if (const char* file = dwarf_linesrc(line, nullptr, nullptr))
    place.at.file = shown_file(unit, file);
  find_functions(unit, address, place);
  return place;
}

/// The address of a variable that has one for all of its life.
std::optional<std::uint64_t> static_address(Dwarf_Die& die) {
  Dwarf_Attribute attribute;
  Dwarf_Op* operations = nullptr;
  std::size_t count = 0;
  if (dwarf_attr(&die, DW_AT_location, &attribute) == nullptr ||
      dwarf_getlocation(&attribute, &operations, &count) != 0 || count != 1 ||
      operations[0].atom != DW_OP_addr)
    return std::nullopt;
  return operations[0].number;
}

/// The function whose body an entry stands in.
std::string function_around(Dwarf_Die& die) {
  Scopes around;
  around.count = dwarf_getscopes_die(&die, &around.list);
  for (int i = 1; i < around.count; ++i)
    if (const int tag = dwarf_tag(&around.list[i]);
        tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine)
      return name_of(around.list[i]);
  return {};
}

void note_variables(Dwarf_Die& scope, std::unordered_map<std::uint64_t, Dwarf_Off>& found,
                    int depth) {
  Dwarf_Die die;
  if (depth > kDeepestScope || dwarf_child(&scope, &die) != 0)
    return;
  do {
    const int tag = dwarf_tag(&die);
    if (tag == DW_TAG_variable) {
      if (const auto address = static_address(die))
        found.emplace(*address, dwarf_dieoffset(&die));
    } else if (tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block ||
               tag == DW_TAG_inlined_subroutine) {
      note_variables(die, found, depth + 1);
    }
  } while (dwarf_siblingof(&die, &die) == 0);
}

} // namespace

std::string SourcePlace::text() const {
  return file + ":" + std::to_string(line);
}

std::string shown_file(Dwarf_Die& unit, const char* file) {
  std::string_view shown = file;
  Dwarf_Attribute attribute;
  const char* directory = dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &attribute));
  if (directory && shown.starts_with(directory) &&
      shown.substr(std::string_view(directory).size()).starts_with('/'))
    shown.remove_prefix(std::string_view(directory).size() + 1);
  while (shown.starts_with("./"))
    shown.remove_prefix(2);
  return std::string(shown);
}

SourcePlace called_at(Dwarf_Die& unit, Dwarf_Die& die) {
  SourcePlace place;
  Dwarf_Attribute attribute;
  Dwarf_Word file = 0;
  Dwarf_Word line = 0;
  Dwarf_Files* files = nullptr;
  std::size_t count = 0;
  if (dwarf_attr(&die, DW_AT_call_line, &attribute) &&
      dwarf_formudata(&attribute, &line) == 0)
    place.line = static_cast<int>(line);
  if (dwarf_attr(&die, DW_AT_call_file, &attribute) &&
      dwarf_formudata(&attribute, &file) == 0 &&
      dwarf_getsrcfiles(&unit, &files, &count) == 0 && file < count)
    if (const char* name = dwarf_filesrc(files, file, nullptr, nullptr))
      place.file = shown_file(unit, name);
  return place;
}

const Dwarf_Off* DebugInfo::Session::find_variable(std::uint64_t address) {
  if (!knows_variables)
    for_each_unit(dwarf.get(), [&](Dwarf_Die& top) {
      note_variables(top, variables, 0);
      return true;
    });
  knows_variables = true;
  const auto found = variables.find(address);
  return found == variables.end() ? nullptr : &found->second;
}

DebugInfo::DebugInfo(std::unique_ptr<Session> session) : session_(std::move(session)) {}
DebugInfo::~DebugInfo() = default;

std::unique_ptr<DebugInfo> DebugInfo::read(const elf::Object& object) {
  auto session = std::make_unique<Session>();
  session->image = relocated_image(object);
  if (session->image.empty() || elf_version(EV_CURRENT) == EV_NONE)
    return nullptr;
  session->elf.reset(
      elf_memory(reinterpret_cast<char*>(session->image.data()), session->image.size()));
  if (!session->elf)
    return nullptr;
  session->dwarf.reset(dwarf_begin_elf(session->elf.get(), DWARF_C_READ, nullptr));
  if (!session->dwarf)
    return nullptr;
  return std::unique_ptr<DebugInfo>(new DebugInfo(std::move(session)));
}

std::optional<CodePlace> DebugInfo::find_place(elf::SectionId section,
                                               std::uint64_t offset) const {
  std::optional<CodePlace> place;
  for_each_unit(session_->dwarf.get(), [&](Dwarf_Die& top) {
    place = place_in(top, address_of(section, offset));
    return !place;
  });
  return place;
}

std::vector<SourcePlace> DebugInfo::find_statements(elf::SectionId section,
                                                    std::uint64_t offset) const {
  if (!session_->statements)
    session_->statements = std::make_unique<Statements>(session_->dwarf.get());
  return session_->statements->at(address_of(section, offset));
}

std::optional<Variable> DebugInfo::find_variable(elf::SectionId section,
                                                 std::uint64_t offset) const {
  const Dwarf_Off* found = session_->find_variable(address_of(section, offset));
  Dwarf_Die die;
  Dwarf_Die unit;
  if (!found || !dwarf_offdie(session_->dwarf.get(), *found, &die) ||
      !dwarf_diecu(&die, &unit, nullptr, nullptr))
    return std::nullopt;
  return Variable{name_of(die), type_name(die), declared(unit, die),
                  function_around(die)};
}

std::string DebugInfo::find_field(elf::SectionId section, std::uint64_t offset,
                                  std::uint64_t byte) const {
  const Dwarf_Off* found = session_->find_variable(address_of(section, offset));
  Dwarf_Die die;
  if (!found || !dwarf_offdie(session_->dwarf.get(), *found, &die))
    return {};
  return field_path(die, byte);
}

} // namespace kpatch::dwarf
