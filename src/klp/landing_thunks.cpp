// SPDX-License-Identifier: GPL-2.0-or-later
//
// A patch may be the first to take the address of a function:
//
//   void (*report)(struct seq_file *) = hugetlb_report_meminfo;
//
// In the unpatched kernel that function is only called by its name, so its ENDBR has been
// overwritten at boot, and on a processor with indirect branch tracking the call through
// the pointer ends in a control protection fault. Nothing tells before that happens. What
// helps is a place that may be jumped to:
//
//   thunk:  endbr64
//           jmp  hugetlb_report_meminfo
//
// The thunk's jump is a reference like any other, for which the livepatch relocations are
// chosen later. Its unwind data is that of a function's first instruction, where as here
// nothing but the return address is on the stack; it is copied from one.
#include "klp/landing_thunks.h"

#include "base/error.h"
#include "elf/kernel_sections.h"
#include "elf/orc.h"
#include "klp/policy.h"
#include "special/names.h"
#include "special/special_table.h"

#include <algorithm>
#include <array>
#include <map>

namespace kpatch::klp {

namespace {

/// Sections that describe code and call nothing.
constexpr std::array<std::string_view, 5> kDescriptions = {
    ".discard", ".orc_", ".kpatch.", elf::kFtraceSites, "__patchable_function_entries"};

struct Reference {
  elf::SectionId section;
  std::size_t position;
};

class Search {
 public:
  Search(const diff::Delta& delta, const std::set<std::uint64_t>& sealed)
      : delta_(delta), sealed_(sealed), resolver_(delta) {}

  /// The references, by the function that they are to.
  std::map<elf::SymbolId, std::vector<Reference>> run() {
    if (!sealed_.empty())
      for (elf::SectionId id = 1; id < delta_.object.sections.size(); ++id)
        if (may_hold_pointers(delta_.object.sections[id]))
          search(id);
    return std::move(found_);
  }

 private:
  bool may_hold_pointers(const elf::Section& section) const {
    return !special::is_debug_section(section.name) &&
           !special::is_special_section(section.name, *delta_.arch) &&
           std::ranges::none_of(kDescriptions, [&](std::string_view start) {
             return section.name.starts_with(start);
           });
  }

  void search(elf::SectionId id) {
    const elf::Section& section = delta_.object.sections[id];
    arch::InstructionEnds ends;
    for (std::size_t i = 0; i < section.relocations.size(); ++i) {
      const elf::Relocation& relocation = section.relocations[i];
      if (delta_.arch->is_branch(section, relocation) || !is_sealed(relocation.symbol))
        continue;
      if (ends.empty() && delta_.arch->needs_instructions(section, relocation))
        ends = arch::instruction_ends(*delta_.arch, section);
      if (delta_.arch->target_offset(section, relocation, ends) == 0)
        found_[relocation.symbol].push_back({id, i});
    }
  }

  /// A pointer to a patched function leads to the original, as policy.cpp says.
  bool is_sealed(elf::SymbolId id) {
    const elf::Symbol& symbol = delta_.object.symbols[id];
    const bool is_patched =
        symbol.is_function() && delta_.symbols[id].status == diff::Status::kChanged;
    if (symbol.name.empty() || symbol.is_section() ||
        (symbol.is_defined() && !is_patched))
      return false;
    const std::optional<diff::Found>& found = resolver_.find(id);
    return found && found->object == delta_.inputs.parent &&
           sealed_.contains(found->address);
  }

  const diff::Delta& delta_;
  const std::set<std::uint64_t>& sealed_;
  Resolver resolver_;
  std::map<elf::SymbolId, std::vector<Reference>> found_;
};

class Builder {
 public:
  explicit Builder(diff::Delta& delta) : delta_(delta), object_(delta.object) {}

  elf::SymbolId thunk_for(elf::SymbolId function) {
    const std::string name = "kpatch_thunk_" + object_.symbols[function].name;
    const arch::LandingThunk code = delta_.arch->landing_thunk().value();
    elf::Section section{.name = ".text." + name,
                         .flags = SHF_ALLOC | SHF_EXECINSTR,
                         .alignment = 16,
                         .data = code.code,
                         .has_relocations = true};
    section.relocations.push_back({code.offset, code.type, function, code.addend});
    const std::uint64_t size = section.data.size();
    const elf::SectionId id = object_.add_section(std::move(section));
    add_unwind_data(add_symbol({.type = STT_SECTION, .section = id}));
    return add_symbol({.name = name, .type = STT_FUNC, .section = id, .size = size});
  }

 private:
  elf::SymbolId add_symbol(elf::Symbol symbol) {
    delta_.symbols.push_back({.status = diff::Status::kNew});
    return object_.add_symbol(std::move(symbol));
  }

  /// The unwind entry for some function's first instruction.
  std::optional<std::size_t> entry_of_a_start(const elf::OrcTable& table) const {
    for (elf::SymbolId id = 1; id < object_.symbols.size(); ++id) {
      const elf::Symbol& function = object_.symbols[id];
      if (!function.is_function() || !function.is_defined() ||
          !delta_.symbols[id].has_ftrace_entry)
        continue;
      if (const auto entry = table.find(object_, function.section, function.value))
        return entry;
    }
    return std::nullopt;
  }

  void add_unwind_data(elf::SymbolId section_symbol) {
    const std::uint64_t size =
        special::size_of(delta_.inputs.sizes, special::kOrcEntry).value_or(0);
    if (size == 0)
      return;
    std::optional<elf::OrcTable> table =
        elf::OrcTable::read(object_, size, object_.label);
    if (!table)
      return;
    const std::optional<std::size_t> model = entry_of_a_start(*table);
    if (!model)
      fail("{}: no unwind data of a function's start to copy", object_.label);
    table->repeat(object_, *model, section_symbol, 0);
    table->write(object_);
  }

  diff::Delta& delta_;
  elf::Object& object_;
};

} // namespace

std::vector<std::string> sealed_references(const diff::Delta& delta,
                                           const std::set<std::uint64_t>& sealed) {
  std::vector<std::string> names;
  for (const auto& [function, references] : Search(delta, sealed).run())
    names.push_back(delta.object.symbols[function].name);
  return names;
}

void add_landing_thunks(diff::Delta& delta, const std::set<std::uint64_t>& sealed) {
  for (const auto& [function, references] : Search(delta, sealed).run()) {
    const elf::SymbolId thunk = Builder(delta).thunk_for(function);
    for (const Reference& reference : references)
      delta.object.sections[reference.section].relocations[reference.position].symbol =
          thunk;
  }
}

} // namespace kpatch::klp
