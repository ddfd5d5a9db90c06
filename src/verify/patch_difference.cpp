// SPDX-License-Identifier: GPL-2.0-or-later
//
// A finished module is still relocatable: the fields that the loader fills in are empty,
// and relocations say what belongs there. So a function's bytes with the names of what
// they refer to are the same wherever the linker has put things. Constants often have no
// name, or one that the compiler counted up; their content stands for them.
#include "verify/patch_difference.h"

#include "arch/arch.h"
#include "base/error.h"
#include "base/text.h"
#include "elf/function_records.h"
#include "verify/module_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace kpatch::verify {

namespace {

using Portraits = std::map<PatchFunction, std::string>;

/// Without the suffix that tells new code from what it replaces, and without the number
/// that the compiler gives to one of several.
std::string_view plain_name(std::string_view name) {
  if (name.ends_with(elf::kUniqueSuffix))
    name.remove_suffix(elf::kUniqueSuffix.size());
  const std::string_view start = without_last_digits(name);
  if (start.size() > 1 && start.size() < name.size() && start.ends_with('.'))
    name = start.substr(0, start.size() - 1);
  return name;
}

bool is_init(std::string_view section) {
  return section.starts_with(".init") || section.starts_with(".exit");
}

class Painter {
 public:
  explicit Painter(const elf::Object& module)
      : module_(module), view_(module), arch_(arch::arch_for(module)) {
    for (const elf::Symbol& symbol : module.symbols)
      if (symbol.is_defined() && symbol.size > 0 &&
          (symbol.is_function() || symbol.is_object()))
        named_[{symbol.section, symbol.value}] = &symbol;
  }

  Portraits paint() {
    Portraits portraits;
    std::set<Place> replacements;
    for (const elf::FunctionRecord& record : elf::function_records(module_).records) {
      const auto code = named_.find({record.code, record.offset});
      if (code == named_.end())
        continue;
      replacements.insert(code->first);
      portraits[{record.object, record.name, record.position}] = portrait(*code->second);
    }
    for (const auto& [place, symbol] : named_)
      if (symbol->is_function() && view_.is_code(place.first) &&
          !is_init(view_.section(place.first).name) && !replacements.contains(place))
        portraits[{"", std::string(plain_name(symbol->name)), 0}] += portrait(*symbol);
    return portraits;
  }

 private:
  const arch::InstructionEnds& ends(elf::SectionId id) {
    const auto [found, is_new] = ends_.try_emplace(id);
    if (is_new) {
      try {
        found->second = arch::instruction_ends(arch_, view_.section(id));
      } catch (const Error&) {
        // Data between the code: its references are compared as they are written.
      }
    }
    return found->second;
  }

  std::string portrait(const elf::Symbol& symbol) {
    return content({symbol.section, symbol.value}, symbol.size, true);
  }

  /// Bytes, and what stands in the fields among them.
  std::string content(const Place& place, std::uint64_t size, bool with_constants) {
    const auto bytes = view_.code_at(place);
    size = std::min<std::uint64_t>(size, bytes.size());
    std::string text(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    for (std::uint64_t at = 0; at < size; ++at)
      if (const auto* reference = view_.reference_at(place.first, place.second + at))
        text += fmt::format("\n{} {} {}", at, reference->type,
                            target_text(place.first, *reference, with_constants));
    return text;
  }

  Place target(elf::SectionId from, const elf::Relocation& reference) {
    const elf::Symbol& symbol = module_.symbols[reference.symbol];
    const elf::Section& section = view_.section(from);
    const std::int64_t offset =
        arch_.needs_instructions(section, reference) && ends(from).empty()
            ? reference.addend
            : arch_.target_offset(section, reference, ends(from));
    return {symbol.section, symbol.value + static_cast<std::uint64_t>(offset)};
  }

  std::string target_text(elf::SectionId from, const elf::Relocation& reference,
                          bool with_constants) {
    if (!module_.symbols[reference.symbol].is_defined())
      return fmt::format("{} {}", view_.name_of(reference), reference.addend);
    const Place place = target(from, reference);
    const elf::Section& section = view_.section(place.first);
    const auto [name, distance, left] = around(place);
    if (!with_constants || section.is_nobits() ||
        (section.flags & (SHF_WRITE | SHF_EXECINSTR)) || !(section.flags & SHF_ALLOC))
      return fmt::format("{} {}", name, distance);
    if (section.flags & SHF_STRINGS) {
      const auto bytes = view_.code_at(place);
      return "string " + std::string(bytes.begin(), std::ranges::find(bytes, 0));
    }
    return fmt::format("constant {}", content(place, left, false));
  }

  /// What a place belongs to: its name, how far in it the place is, what follows of it.
  std::tuple<std::string_view, std::uint64_t, std::uint64_t> around(const Place& place) {
    const elf::Section& section = view_.section(place.first);
    const std::uint64_t to_end =
        section.size() - std::min<std::uint64_t>(place.second, section.size());
    const auto after = named_.upper_bound(place);
    if (after != named_.begin()) {
      const auto& [start, symbol] = *std::prev(after);
      if (start.first == place.first && place.second - start.second < symbol->size)
        return {plain_name(symbol->name), place.second - start.second,
                symbol->size - (place.second - start.second)};
    }
    const bool has_entries = (section.flags & SHF_MERGE) && section.entry_size > 0;
    return {section.name, 0, has_entries ? std::min(section.entry_size, to_end) : to_end};
  }

  const elf::Object& module_;
  ModuleView view_;
  const arch::Arch& arch_;
  std::map<Place, const elf::Symbol*> named_;
  std::map<elf::SectionId, arch::InstructionEnds> ends_;
};

} // namespace

PatchDifference compare_patches(const elf::Object& older, const elf::Object& newer) {
  if (older.header.machine != newer.header.machine)
    fail_with_remedy("compare modules of one kernel",
                     "{} and {} are for different processors", older.label, newer.label);
  const Portraits before = Painter(older).paint(), after = Painter(newer).paint();
  PatchDifference difference;
  for (const auto& [function, portrait] : after) {
    const auto old = before.find(function);
    auto& list = old == before.end()       ? difference.added
                 : old->second != portrait ? difference.changed
                                           : difference.same;
    list.push_back(function);
  }
  for (const auto& [function, portrait] : before)
    if (!after.contains(function))
      difference.dropped.push_back(function);
  return difference;
}

} // namespace kpatch::verify
