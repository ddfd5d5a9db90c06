// SPDX-License-Identifier: GPL-2.0-or-later
//
// What an object tells about itself. With -ffunction-sections and -fdata-sections each
// function and variable has a section that spells its name: the two are "bundled", and
// what happens to one happens to the other. Compilers split functions (.cold holds
// unlikely paths, .part the rest of a partly inlined one); the piece has no ftrace entry,
// so its parent answers for it.
#include "diff/side.h"

#include "base/endian.h"
#include "base/error.h"
#include "special/names.h"

#include <algorithm>
#include <array>
#include <map>

namespace kpatch::diff {

namespace {

constexpr std::uint64_t kTocSlot = 8;

constexpr std::array<std::string_view, 3> kFunctionSections = {
    ".text.", ".text.unlikely.", ".text.hot."};
constexpr std::array<std::string_view, 7> kVariableSections = {
    ".data.",           ".data.rel.", ".data.rel.ro.", ".data.rel.ro.local.",
    ".data.rel.local.", ".rodata.",   ".bss."};

template <std::size_t N>
bool spells(std::string_view section, std::string_view symbol,
            const std::array<std::string_view, N>& prefixes) {
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) {
    return section.starts_with(prefix) && section.substr(prefix.size()) == symbol;
  });
}

/// `.text.unlikely.f` holds `f.cold`, whatever number either carries.
bool spells_cold_part(std::string_view section, std::string_view symbol) {
  constexpr std::string_view kUnlikely = ".text.unlikely.";
  return section.starts_with(kUnlikely) &&
         symbol.find(".cold") != std::string_view::npos &&
         symbol.starts_with(section.substr(kUnlikely.size()));
}

bool is_bundled(const elf::Symbol& symbol, const elf::Section& section) {
  if (symbol.is_function())
    return spells(section.name, symbol.name, kFunctionSections) ||
           spells_cold_part(section.name, symbol.name);
  if (!symbol.is_object())
    return false;
  const std::string_view shared = special::shared_data_of(section.name);
  return shared == section.name
             ? spells(section.name, symbol.name, kVariableSections)
             : section.name == special::own_data_section(shared, symbol.name);
}

std::string_view name_of_parent(std::string_view name) {
  for (const std::string_view mark :
       {std::string_view(".cold"), std::string_view(".part.")})
    if (const std::size_t at = name.find(mark); at != std::string_view::npos)
      return name.substr(0, at);
  return {};
}

const elf::Object& normalised(elf::Object& object) {
  arch::arch_for(object).normalise(object);
  return object;
}

} // namespace

Side::Side(elf::Object given)
    : object(std::move(given)), arch(arch::arch_for(normalised(object))), toc_(object) {
  sections.resize(object.sections.size());
  symbols.resize(object.symbols.size());
  patchable.resize(object.sections.size());
  find_section_symbols();
  find_prefixes();
  find_patchable_entries();
  bundle();
  find_parents();
  find_ftrace_entries();
}

void Side::find_section_symbols() {
  for (SymbolId id = 1; id < symbols.size(); ++id)
    if (symbol(id).is_section() && home(id) && !sections[home(id)].section_symbol)
      sections[home(id)].section_symbol = id;
}

void Side::find_prefixes() {
  if (!arch.has_prefix_symbols())
    return;
  /// A place a prefix ends at, and whether a function starts there.
  struct Gap {
    SymbolId prefix = kNoSymbol;
    bool has_function = false;
  };
  std::map<std::pair<SectionId, std::uint64_t>, Gap> gaps;
  // The type hash of kCFI has a symbol, and the padding between it and the function none.
  const auto ends_of = [&](SymbolId id) {
    const std::uint64_t end = symbol(id).value + symbol(id).size;
    return std::array<std::pair<SectionId, std::uint64_t>, 2>{
        {{home(id), end}, {home(id), arch.end_of_padding(section(home(id)), end)}}};
  };
  for (SymbolId id = 1; id < symbols.size(); ++id)
    if (symbol(id).is_function() && home(id) &&
        (special::is_padding_name(symbol(id).name) ||
         symbol(id).name.starts_with("__cfi_"))) {
      symbols[id].is_prefix = true;
      for (const auto& end : ends_of(id))
        gaps[end].prefix = id;
    }
  if (gaps.empty())
    return;
  for (SymbolId id = 1; id < symbols.size(); ++id) {
    if (!symbol(id).is_function() || symbols[id].is_prefix)
      continue;
    const auto gap = gaps.find({home(id), symbol(id).value});
    if (gap == gaps.end())
      continue;
    symbols[id].prefix = gap->second.prefix;
    gap->second.has_function = true;
  }
  for (SymbolId id = 1; id < symbols.size(); ++id)
    if (symbols[id].is_prefix && std::ranges::none_of(ends_of(id), [&](const auto& end) {
          return gaps[end].has_function;
        }))
      fail("{}: missing func for {}", object.label, symbol(id).name);
}

void Side::find_patchable_entries() {
  if (!arch.uses_patchable_entries())
    return;
  for (const elf::Section& records : object.sections) {
    if (records.name != arch::kPatchableEntries)
      continue;
    if (!has_patchable_entries)
      patchable_entries_link_order = records.flags & SHF_LINK_ORDER;
    has_patchable_entries = true;
    for (const elf::Relocation& relocation : records.relocations)
      patchable[home(relocation.symbol)] = true;
  }
}

void Side::bundle() {
  for (SymbolId id = 1; id < symbols.size(); ++id) {
    if (!home(id) || !is_bundled(symbol(id), section(home(id))))
      continue;
    sections[home(id)].bundled = id;
    check_bundle(id);
  }
}

void Side::check_bundle(SymbolId id) const {
  const SymbolId prefix = symbols[id].prefix;
  const bool starts_section = prefix && symbol(prefix).value == 0;
  const std::uint64_t expected = starts_section ? symbol(id).value
                                 : prefix       ? symbol(prefix).size
                                 : symbol(id).is_function()
                                     ? arch.function_start(function(id))
                                     : 0;
  if (symbol(id).value != expected)
    fail("{}: symbol {} at offset {} within section {}, expected {}", object.label,
         symbol(id).name, symbol(id).value, section(home(id)).name, expected);
}

void Side::find_parents() {
  std::unordered_map<std::string_view, SymbolId> by_name;
  for (SymbolId id = 1; id < symbols.size(); ++id)
    by_name.try_emplace(symbol(id).name, id);
  for (SymbolId id = 1; id < symbols.size(); ++id) {
    const std::string_view parent =
        symbol(id).is_function() ? name_of_parent(symbol(id).name) : std::string_view();
    if (parent.empty())
      continue;
    const auto found = by_name.find(parent);
    if (found != by_name.end()) {
      symbols[id].parent = found->second;
      children_[found->second].push_back(id);
    } else if (symbol(id).name.find(".cold") != std::string::npos) {
      fail("{}: failed to find parent function for {}", object.label, symbol(id).name);
    }
  }
}

void Side::find_ftrace_entries() {
  for (SymbolId id = 1; id < symbols.size(); ++id)
    if (symbol(id).is_function() && home(id) && !symbols[id].is_prefix)
      symbols[id].has_ftrace_entry = arch.has_ftrace_entry(function(id));
}

const std::vector<SymbolId>& Side::children(SymbolId id) const {
  static const std::vector<SymbolId> none;
  const auto found = children_.find(id);
  return found == children_.end() ? none : found->second;
}

arch::FunctionView Side::function(SymbolId id) const {
  return {object, symbol(id), section(home(id)), patchable[home(id)]};
}

std::int64_t Side::target_offset(SectionId base,
                                 const elf::Relocation& relocation) const {
  static const arch::InstructionEnds none;
  if (!arch.needs_instructions(section(base), relocation))
    return arch.target_offset(section(base), relocation, none);
  auto found = instruction_ends_.find(base);
  if (found == instruction_ends_.end())
    found = instruction_ends_.emplace(base, arch::instruction_ends(arch, section(base)))
                .first;
  return arch.target_offset(section(base), relocation, found->second);
}

std::optional<std::string_view>
Side::string_target(SectionId base, const elf::Relocation& relocation) const {
  const elf::Section& strings = section(home(relocation.symbol));
  if (!(strings.flags & SHF_STRINGS))
    return std::nullopt;
  const std::uint64_t at = symbol(relocation.symbol).value +
                           static_cast<std::uint64_t>(target_offset(base, relocation));
  if (at >= strings.data.size())
    return std::nullopt;
  const char* begin = reinterpret_cast<const char*>(strings.data.data()) + at;
  const std::string_view rest(begin, strings.data.size() - at);
  return rest.substr(0, rest.find('\0'));
}

const dwarf::DebugInfo* Side::debug_info() const {
  if (!has_read_debug_info_)
    debug_info_ = dwarf::DebugInfo::read(object);
  has_read_debug_info_ = true;
  return debug_info_.get();
}

Reference Side::through_toc(const elf::Relocation& relocation) const {
  if (!arch::leads_to_toc_slot(arch, object, relocation))
    return {&relocation};
  const elf::Section& toc = section(toc_.section());
  const std::uint64_t slot = arch::toc_slot(object, relocation);
  if (const auto filler = toc_.find(slot))
    return {&toc.relocations[*filler]};
  if (slot > toc.data.size() || toc.data.size() - slot < kTocSlot)
    fail("{}: .toc entry not found {} + {:x}", object.label,
         symbol(relocation.symbol).name, slot);
  return {nullptr, load<std::uint64_t>(toc.data, slot, object.header.order)};
}

void Side::keep_toc_slots(const std::set<std::uint64_t>& used) {
  std::erase_if(
      object.sections[toc_.section()].relocations,
      [&](const elf::Relocation& filler) { return !used.contains(filler.offset); });
  toc_ = arch::TocFillers(object);
}

void Side::rename_section(SectionId id, const std::string& name) {
  object.sections[id].name = name;
  if (const SymbolId symbol = sections[id].section_symbol)
    object.symbols[symbol].name = name;
}

bool is_dynamic_debug(const Side& side, SymbolId id) {
  const SectionId home = side.home(id);
  if (!home || !(side.symbol(id).is_object() || side.symbol(id).is_section()))
    return false;
  const std::string& name = side.section(home).name;
  return name == "__verbose" || name == "__dyndbg";
}

bool is_special_static(const Side& side, SymbolId id) {
  const SectionId home = side.home(id);
  if (!home)
    return false;
  if (is_dynamic_debug(side, id) ||
      special::is_clang_unnamed_data(side.section(home).name))
    return true;
  if (side.symbol(id).is_section())
    id = side.sections[home].bundled;
  if (!id || !side.symbol(id).is_object() || !side.symbol(id).is_local())
    return false;
  const std::string_view section = side.section(home).name;
  return section == ".data.once" || section == ".data..once" ||
         special::is_special_static_name(side.symbol(id).name);
}

bool is_static_local(const Side& side, SymbolId id) {
  const elf::Symbol& symbol = side.symbol(id);
  return symbol.is_object() && symbol.is_local() && !symbol.name.starts_with(".L") &&
         symbol.name.find('.') != std::string::npos && !is_special_static(side, id);
}

} // namespace kpatch::diff
