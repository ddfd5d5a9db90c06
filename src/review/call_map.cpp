// SPDX-License-Identifier: GPL-2.0-or-later
//
// Relocations name all that a function calls outside its section, and with
// -ffunction-sections that is all it calls. Whether one calls or takes an address, the
// processor says. Tables that describe code (exception tables,
// __mcount_loc, ORC, debug information) mention functions too without handing them to
// anybody, so of data only what the author can have written counts.
#include "review/call_map.h"

#include "arch/arch.h"
#include "elf/kernel_sections.h"
#include "review/review.h"
#include "special/names.h"

#include <algorithm>
#include <array>

namespace kpatch::review {

namespace {

/// Sections of variables and constants.
bool holds_data(std::string_view name) {
  constexpr std::array<std::string_view, 4> kPrefixes = {".data", ".rodata", ".bss",
                                                         ".init.data"};
  return std::ranges::any_of(
      kPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

bool hands_out(std::string_view section) {
  return holds_data(section) || section.starts_with(elf::kCallbacks);
}

/// The function at the start of the section that a section symbol stands for.
std::string_view function_in(const elf::Object& object, elf::SectionId section) {
  for (const elf::Symbol& symbol : object.symbols)
    if (symbol.is_function() && symbol.section == section)
      return symbol.name;
  return {};
}

std::string_view target_of(const elf::Object& object, const elf::Relocation& relocation) {
  const elf::Symbol& symbol = object.symbols[relocation.symbol];
  return plain_name(symbol.is_section() ? function_in(object, symbol.section)
                                        : std::string_view(symbol.name));
}

const Names kNone;

} // namespace

std::string_view plain_name(std::string_view symbol) {
  const std::size_t dot = symbol.find('.');
  return dot == 0 ? symbol : symbol.substr(0, dot);
}

void keep_what_is_reviewed(elf::Object& object) {
  for (elf::Section& section : object.sections) {
    if (section.is_text())
      continue;
    if (!special::is_string_literal_section(section.name)) // which findings quote
      section.data = {};
    if (!hands_out(section.name) && section.name != arch::kTocSection)
      section.relocations = {};
  }
}

CallMap::CallMap(const elf::Object& object) {
  std::map<elf::SectionId, std::string_view> functions;
  for (const elf::Symbol& symbol : object.symbols)
    if (symbol.is_function() && symbol.is_defined()) {
      const std::string name(plain_name(symbol.name));
      direct_[name];
      functions.emplace(symbol.section, plain_name(symbol.name));
      if (symbol.is_local())
        local_.insert(name);
    }
  const arch::TocFillers toc(object);
  for (const auto& [section, function] : functions)
    add_code(object, toc, object.sections[section], function);
  for (const elf::Section& section : object.sections)
    if (hands_out(section.name))
      add_data(object, section);
}

void CallMap::add_code(const elf::Object& object, const arch::TocFillers& toc,
                       const elf::Section& section, std::string_view function) {
  const arch::Arch& arch = arch::arch_for(object);
  Names& names = direct_.find(function)->second;
  for (const elf::Relocation& relocation : section.relocations) {
    const elf::Relocation* const meant = toc.behind(arch, object, relocation);
    const std::string_view target =
        meant ? target_of(object, *meant) : std::string_view();
    if (target.empty())
      continue;
    names.emplace(target);
    if (arch.takes_address(section, relocation))
      takers_[std::string(target)].emplace(function);
  }
}

void CallMap::add_data(const elf::Object& object, const elf::Section& section) {
  for (const elf::Relocation& relocation : section.relocations)
    if (const std::string_view target = target_of(object, relocation); !target.empty()) {
      if (section.name.starts_with(elf::kCallbacks))
        callbacks_[section.name].emplace(target);
      else
        takers_[std::string(target)];
    }
}

const Names& CallMap::direct(std::string_view function) const {
  const auto found = direct_.find(function);
  return found == direct_.end() ? kNone : found->second;
}

Names CallMap::reached(std::string_view function) const {
  return reached_through(function, false);
}

Names CallMap::reached_in_unit(std::string_view function) const {
  return reached_through(function, true);
}

Names CallMap::reached_through(std::string_view function, bool with_globals) const {
  Names reached;
  std::vector<std::string_view> waiting = {function};
  while (!waiting.empty()) {
    const std::string_view at = waiting.back();
    waiting.pop_back();
    for (const std::string& name : direct(at))
      if (reached.insert(name).second &&
          (local_.contains(name) || (with_globals && defines(name))))
        waiting.push_back(name);
  }
  return reached;
}

Names CallMap::only_callers(std::string_view function) const {
  Names callers;
  if (!local_.contains(function) || has_taken_address(function))
    return callers;
  for (const auto& [name, referred] : direct_)
    if (name != function && referred.contains(function))
      callers.insert(name);
  return callers;
}

Names CallMap::handed_out() const {
  Names names;
  for (const auto& [name, takers] : takers_)
    if (defines(name))
      names.insert(name);
  return names;
}

const Names& CallMap::takers(std::string_view function) const {
  const auto found = takers_.find(function);
  return found == takers_.end() ? kNone : found->second;
}

const Names& CallMap::callbacks(std::string_view section) const {
  const auto found = callbacks_.find(section);
  return found == callbacks_.end() ? kNone : found->second;
}

} // namespace kpatch::review
