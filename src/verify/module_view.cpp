// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify/module_view.h"

#include "arch/arch.h"
#include "base/error.h"
#include "base/module_name.h"
#include "elf/kernel_sections.h"

#include <algorithm>
#include <charconv>

namespace kpatch::verify {

namespace {

constexpr std::size_t kLongestName = 511; // KSYM_NAME_LEN

} // namespace

std::optional<LivepatchName> parse_livepatch_name(std::string_view text) {
  if (!text.starts_with(kLivepatchSymbols))
    return std::nullopt;
  text.remove_prefix(kLivepatchSymbols.size());
  const std::size_t dot = text.find('.');
  const std::size_t comma = text.rfind(',');
  if (dot == std::string_view::npos || comma == std::string_view::npos || comma < dot)
    return std::nullopt;
  LivepatchName result{text.substr(0, dot), text.substr(dot + 1, comma - dot - 1)};
  const std::string_view digits = text.substr(comma + 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), result.position);
  if (error != std::errc() || end != digits.data() + digits.size() ||
      !is_module_name(result.object) || result.name.empty() ||
      result.name.size() > kLongestName)
    return std::nullopt;
  return result;
}

const image::ImageSymbol* find_symbol(const image::Image& image, std::string_view name,
                                      std::uint64_t position) {
  const std::vector<image::ImageSymbolId> all = image.named(name);
  if (position > 0 ? position > all.size() : all.size() != 1)
    return nullptr;
  return &image.symbols()[all[position > 0 ? position - 1 : 0]];
}

/// Modules keep their exit code; the kernel frees its own, and what replaces code, with
/// its init code (arch/x86/kernel/vmlinux.lds.S).
bool is_gone_after_start(const image::ImagePart& part, bool is_vmlinux) {
  return part.name.starts_with(".init") ||
         (is_vmlinux &&
          (part.name.starts_with(".exit") || part.name.starts_with(".altinstr")));
}

ModuleView::ModuleView(const elf::Object& module) : module_(module) {
  for (elf::SectionId id = 1; id < module.sections.size(); ++id)
    for (const elf::Relocation& relocation : module.sections[id].relocations)
      references_.try_emplace({id, relocation.offset}, &relocation);
  for (const elf::LivepatchRelocations& table : module.livepatch)
    for (const elf::Relocation& relocation : table.relocations)
      references_.insert_or_assign({table.target, relocation.offset}, &relocation);
  for (const elf::Symbol& symbol : module.symbols)
    if (symbol.is_function() && symbol.is_defined())
      functions_[{symbol.section, symbol.value}] = &symbol;
}

bool ModuleView::is_code(elf::SectionId id) const {
  return section(id).is_text() && (section(id).flags & SHF_ALLOC) &&
         !section(id).name.starts_with(".altinstr");
}

std::span<const std::uint8_t> ModuleView::code_at(const Place& place) const {
  const Bytes& data = section(place.first).data;
  return place.second <= data.size() ? std::span(data).subspan(place.second)
                                     : std::span<const std::uint8_t>();
}

std::string_view ModuleView::function_at(const Place& place) const {
  auto after = functions_.upper_bound(place);
  if (after != functions_.begin() && std::prev(after)->first.first == place.first)
    return std::prev(after)->second->name;
  return section(place.first).name;
}

bool ModuleView::is_function_start(const Place& place) const {
  return functions_.contains(place);
}

const std::set<std::uint64_t>& ModuleView::boundaries(elf::SectionId id) const {
  const auto [found, is_new] = boundaries_.try_emplace(id);
  if (is_new) {
    try {
      const arch::InstructionEnds ends =
          arch::instruction_ends(arch::arch_for(module_), section(id));
      found->second.insert(ends.begin(), ends.end());
      found->second.insert(0);
    } catch (const Error&) {
      found->second.clear(); // data between the code, or another processor
    }
  }
  return found->second;
}

bool ModuleView::is_boundary(const Place& place) const {
  const std::set<std::uint64_t>& all = boundaries(place.first);
  return all.empty() || all.contains(place.second);
}

std::optional<std::uint64_t> ModuleView::end_of_instruction(const Place& place) const {
  const std::set<std::uint64_t>& all = boundaries(place.first);
  const auto end = all.upper_bound(place.second);
  return end == all.end() ? std::nullopt : std::optional(*end);
}

const elf::Relocation* ModuleView::reference_at(elf::SectionId id,
                                                std::uint64_t offset) const {
  const auto found = references_.find({id, offset});
  return found == references_.end() ? nullptr : found->second;
}

Place ModuleView::target(const elf::Relocation& relocation) const {
  const elf::Symbol& symbol = module_.symbols[relocation.symbol];
  return {symbol.section, symbol.value + static_cast<std::uint64_t>(relocation.addend)};
}

std::string_view ModuleView::name_of(const elf::Relocation& relocation) const {
  const std::string& name = module_.symbols[relocation.symbol].name;
  const auto livepatch = parse_livepatch_name(name);
  return livepatch ? livepatch->name : std::string_view(name);
}

std::string_view ModuleView::owner_of(const elf::Relocation& relocation) const {
  const auto name = parse_livepatch_name(module_.symbols[relocation.symbol].name);
  return name ? name->object : std::string_view();
}

std::vector<std::pair<elf::SectionId, const elf::Relocation*>>
ModuleView::references_outside() const {
  std::vector<std::pair<elf::SectionId, const elf::Relocation*>> found;
  const auto add = [&](elf::SectionId id, const elf::Relocation& relocation) {
    const elf::Symbol& symbol = module_.symbols[relocation.symbol];
    const bool is_outside =
        (symbol.is_undefined() && symbol.binding != STB_WEAK && !symbol.name.empty()) ||
        (!symbol.is_defined() && symbol.reserved_index == elf::kLivepatchIndex);
    if (is_outside && (section(id).flags & SHF_ALLOC))
      found.emplace_back(id, &relocation);
  };
  for (elf::SectionId id = 1; id < module_.sections.size(); ++id)
    for (const elf::Relocation& relocation : section(id).relocations)
      add(id, relocation);
  for (const elf::LivepatchRelocations& table : module_.livepatch)
    for (const elf::Relocation& relocation : table.relocations)
      add(table.target, relocation);
  return found;
}

std::vector<Row> ModuleView::rows(std::string_view table, std::uint64_t size) const {
  std::vector<Row> rows;
  for (elf::SectionId id = 1; id < module_.sections.size(); ++id)
    if (section(id).name == table && size != 0)
      for (std::uint64_t at = 0; at + size <= section(id).data.size(); at += size)
        rows.push_back({id, at});
  return rows;
}

std::optional<Place> ModuleView::place_in(const Row& row, std::uint64_t field) const {
  const elf::Relocation* reference = reference_at(row.table, row.offset + field);
  if (!reference || !module_.symbols[reference->symbol].is_defined())
    return std::nullopt;
  return target(*reference);
}

std::set<Place> ModuleView::places_in(std::string_view table) const {
  std::set<Place> places;
  for (const elf::Section& section : module_.sections)
    if (section.name == table)
      for (const elf::Relocation& relocation : section.relocations)
        places.insert(target(relocation));
  return places;
}

void Findings::add(const char* code, std::string_view symbol, std::string message,
                   std::string_view remedy) {
  problems_.push_back({.code = code,
                       .object = object_,
                       .symbol = std::string(symbol),
                       .message = std::move(message),
                       .remedy = std::string(remedy)});
}

} // namespace kpatch::verify
