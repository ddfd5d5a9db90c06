// SPDX-License-Identifier: GPL-2.0-or-later
//
// From a Delta to the object that the module is linked from. What the livepatch core must
// be told does not survive a linker in its final form, so it travels as records whose
// layouts stand in records.h: which functions to replace, and which places only the
// running kernel can fill in. convert.cpp reads them back after the link.
#include "klp/intermediate.h"

#include "base/error.h"
#include "base/module_name.h"
#include "elf/edit.h"
#include "elf/function_records.h"
#include "elf/kernel_sections.h"
#include "elf/word_record.h"
#include "klp/far_references.h"
#include "klp/ftrace_records.h"
#include "klp/policy.h"
#include "klp/record_writer.h"
#include "klp/records.h"
#include "special/names.h"
#include "special/special_table.h"

#include <algorithm>

namespace kpatch::klp {

namespace {

constexpr std::uint64_t kCallbackObjectName =
    8; // {function, objname} of the author's macros

/// The loader gives per-CPU memory to one section of exactly this name
/// (kernel/module/main.c, find_pcpusec). What DEFINE_PER_CPU_READ_MOSTLY, _PAGE_ALIGNED
/// and others put behind it only sorts variables in vmlinux (linux/percpu-defs.h); a
/// section with such a name would be plain data, and every access to it a wild one.
constexpr std::string_view kSortedPerCpu = ".data..percpu.";

/// The name by which the loader knows what is in a section. It makes the one that is
/// named exactly .data..ro_after_init read-only once the module has started
/// (kernel/module/main.c).
std::string loaders_name(std::string_view section) {
  if (section.starts_with(kSortedPerCpu))
    return std::string(elf::kPerCpu);
  const std::string_view shared = special::shared_data_of(section);
  return std::string(shared == elf::kReadOnlyAfterInit ? shared : section);
}

class Maker {
 public:
  Maker(diff::Delta& delta, bool unique_names)
      : delta_(delta), object_(delta.object), unique_names_(unique_names),
        resolver_(delta), marks_(choose_livepatch_relocations(delta, resolver_)),
        given_sections_(static_cast<elf::SectionId>(object_.sections.size())),
        given_symbols_(static_cast<elf::SymbolId>(object_.symbols.size())),
        strings_(object_) {
    strings_.offset(parent());
    section_symbols_.resize(object_.sections.size(), elf::kNoSymbol);
    for (elf::SymbolId id = 1; id < given_symbols_; ++id)
      if (object_.symbols[id].is_section())
        section_symbols_[object_.symbols[id].section] = id;
  }

  void run() {
    write_funcs();
    write_relocations();
    if (delta_.inputs.klp_arch)
      write_arch();
    name_callback_objects();
    name_data_words();
    add_ftrace_records(delta_, given_symbols_);
    name_as_the_loader_does();
    if (unique_names_)
      rename_replacements();
    check_ranges();
    drop_unused_symbols();
    order_symbols();
  }

 private:
  const std::string& parent() const { return delta_.inputs.parent; }

  elf::SymbolId section_symbol(elf::SectionId id) {
    if (section_symbols_[id] == elf::kNoSymbol)
      section_symbols_[id] = object_.section_symbol(id);
    return section_symbols_[id];
  }

  void point_to_string(RecordWriter& writer, std::uint64_t offset,
                       const std::string& text) {
    writer.point(offset, strings_.symbol(), strings_.offset(text));
  }

  void write_funcs() {
    namespace func = records::func;
    RecordWriter writer(object_, *delta_.arch, ".kpatch.funcs", records::func::kSize);
    for (elf::SymbolId id = 1; id < given_symbols_; ++id) {
      const diff::DeltaSymbol& state = delta_.symbols[id];
      elf::Symbol& symbol = object_.symbols[id];
      if (!symbol.is_function() || !symbol.is_defined() || state.has_parent ||
          state.status != diff::Status::kChanged)
        continue;
      const std::optional<diff::Found>& found = resolver_.find(id);
      if (!found)
        fail_with_remedy(kMissingSymbolRemedy,
                         "{}: can't find symbol '{}' in symbol table of {}",
                         delta_.inputs.label, symbol.name, parent());
      if (symbol.is_local() && found->is_global)
        fail_with_remedy(kMissingSymbolRemedy,
                         "{}: can't find local symbol '{}' in symbol table of {}",
                         delta_.inputs.label, symbol.name, parent());
      writer.begin();
      writer.point(func::kNewAddress, id, 0);
      writer.put64(func::kNewSize, symbol.size);
      writer.put64(func::kOldAddress, found->address);
      writer.put64(func::kOldSize, found->size);
      writer.put64(func::kSympos, found->sympos);
      point_to_string(writer, func::kName, symbol.name);
      point_to_string(writer, func::kObject, parent());
      // Nothing in the patch module may link to it by name before its relocations are
      // complete.
      if (!state.became_global) {
        symbol.binding = STB_LOCAL;
        replacements_.push_back(id);
      }
    }
  }

  /// A name that is in kallsyms twice is refused to who asks for a kprobe by it
  /// (kernel/trace/trace_kprobe.c: validate_probe_symbol).
  void rename_replacements() {
    for (const elf::SymbolId id : replacements_)
      object_.symbols[id].name += elf::kUniqueSuffix;
  }

  void write_relocations() {
    RecordWriter relocations(object_, *delta_.arch, ".kpatch.relocations",
                             records::relocation::kSize);
    RecordWriter symbols(object_, *delta_.arch, ".kpatch.symbols",
                         records::symbol::kSize);
    const elf::SymbolId symbols_symbol = object_.section_symbol(symbols.section());
    for (elf::SectionId id = 1; id < given_sections_; ++id) {
      std::vector<elf::Relocation> staying;
      for (std::size_t i = 0; i < marks_[id].size(); ++i) {
        const elf::Relocation relocation = object_.sections[id].relocations[i];
        if (!marks_[id][i]) {
          staying.push_back(relocation);
          continue;
        }
        check_allowed(id, relocation);
        write_symbol(symbols, relocation.symbol);
        write_relocation(
            relocations, id, relocation,
            {symbols_symbol, (symbols.count() - 1) * records::symbol::kSize});
      }
      object_.sections[id].relocations = std::move(staying);
    }
  }

  void check_allowed(elf::SectionId id, const elf::Relocation& relocation) const {
    const std::string& section = object_.sections[id].name;
    if (!delta_.inputs.klp_arch && parent() != kVmlinux &&
        special::is_special_section(section, *delta_.arch))
      fail_with_remedy(
          "Change the code so that the macro there uses exported symbols only.",
          "{}: unsupported klp relocation reference to symbol '{}' in "
          "module-specific special section '{}'",
          delta_.inputs.label, object_.symbols[relocation.symbol].name, section);
  }

  void write_symbol(RecordWriter& symbols, elf::SymbolId id) {
    namespace layout = records::symbol;
    const elf::Symbol& symbol = object_.symbols[id];
    const std::optional<diff::Found>& found = resolver_.find(id);
    if (!found)
      fail("{}: can't find symbol '{}' in symbol table of {}", delta_.inputs.label,
           symbol.name, parent());
    symbols.begin();
    symbols.put64(layout::kAddress, parent() == kVmlinux ? found->address : 0);
    symbols.put64(layout::kSympos, found->sympos);
    symbols.put8(layout::kBinding, symbol.binding);
    symbols.put8(layout::kType, symbol.type);
    point_to_string(symbols, layout::kName, symbol.name);
    point_to_string(symbols, layout::kObject, found->object);
  }

  struct Ksym {
    elf::SymbolId section_symbol;
    std::uint64_t offset;
  };

  void write_relocation(RecordWriter& relocations, elf::SectionId id,
                        const elf::Relocation& relocation, Ksym ksym) {
    namespace layout = records::relocation;
    const elf::Symbol& symbol = object_.symbols[relocation.symbol];
    const std::uint64_t local_entry = delta_.arch->local_entry_start(symbol);
    std::int64_t addend = relocation.addend;
    if (local_entry != 0 && addend == static_cast<std::int64_t>(symbol.value))
      addend -= static_cast<std::int64_t>(symbol.value);
    const diff::Found& found = *resolver_.find(relocation.symbol);
    const bool is_external = parent() != kVmlinux && found.is_exported;
    relocations.begin();
    relocations.point(layout::kDestination, section_symbol(id),
                      static_cast<std::int64_t>(relocation.offset));
    relocations.put32(layout::kType, relocation.type);
    relocations.put32(layout::kExternal, is_external ? 1 : 0);
    relocations.put64(layout::kAddend, static_cast<std::uint64_t>(addend));
    // The kernel refuses what is vmlinux's in the table of a module
    // (klp_resolve_symbols).
    point_to_string(relocations, layout::kObject,
                    found.object == kVmlinux ? found.object : parent());
    relocations.point(layout::kSymbol, ksym.section_symbol,
                      static_cast<std::int64_t>(ksym.offset));
  }

  void write_arch() {
    RecordWriter writer(object_, *delta_.arch, ".kpatch.arch", records::arch::kSize);
    for (const std::string_view name : records::arch::kSections) {
      const elf::SectionId id = object_.find_section(name);
      if (!id || !special::is_special_section(name, *delta_.arch))
        continue;
      writer.begin();
      writer.point(records::arch::kSection, section_symbol(id), 0);
      point_to_string(writer, records::arch::kObject, parent());
    }
  }

  void name_callback_objects() {
    for (elf::SectionId id = 1; id < given_sections_; ++id) {
      elf::Section& section = object_.sections[id];
      if (section.name.starts_with(elf::kCallbacks) && section.has_relocations)
        section.relocations.push_back({.offset = kCallbackObjectName,
                                       .type = delta_.arch->absolute64(),
                                       .symbol = strings_.symbol(),
                                       .addend = strings_.offset(parent())});
    }
  }

  void name_data_words() {
    namespace layout = elf::word_record;
    elf::Section& section = object_.sections[object_.find_section(diff::kDataWords)];
    std::uint64_t record = 0;
    for (const std::string& name : delta_.words) {
      for (const auto& [at, text] :
           {std::pair(layout::kName, name), std::pair(layout::kObject, parent())})
        section.relocations.push_back({.offset = record + at,
                                       .type = delta_.arch->absolute64(),
                                       .symbol = strings_.symbol(),
                                       .addend = strings_.offset(text)});
      record += layout::kSize;
    }
  }

  /// Sections of one name become one when the module is linked.
  void name_as_the_loader_does() {
    for (elf::SectionId id = 1; id < given_sections_; ++id)
      if (const auto name = loaders_name(object_.sections[id].name);
          name != object_.sections[id].name) {
        object_.sections[id].name = name;
        if (const elf::SymbolId symbol = section_symbols_[id])
          object_.symbols[symbol].name = name;
      }
  }

  void check_ranges() const {
    for (const elf::Section& section : object_.sections) {
      arch::InstructionEnds ends;
      for (const elf::Relocation& relocation : section.relocations) {
        const elf::Symbol& symbol = object_.symbols[relocation.symbol];
        if (!symbol.is_defined())
          continue;
        if (ends.empty() && delta_.arch->needs_instructions(section, relocation))
          ends = arch::instruction_ends(*delta_.arch, section);
        const std::int64_t target = static_cast<std::int64_t>(symbol.value) +
                                    delta_.arch->target_offset(section, relocation, ends);
        if (target < 0 ||
            static_cast<std::uint64_t>(target) > object_.sections[symbol.section].size())
          fail("{}: {}+{:#x}: out-of-range relocation {}+{:x}", delta_.inputs.label,
               section.name, relocation.offset, symbol.name, relocation.addend);
      }
    }
  }

  /// What only livepatch relocations referred to is found by them and must not be linked.
  void drop_unused_symbols() {
    std::vector<bool> is_used(object_.symbols.size());
    for (const elf::Section& section : object_.sections) {
      is_used[section.group_signature] = true;
      for (const elf::Relocation& relocation : section.relocations)
        is_used[relocation.symbol] = true;
    }
    elf::remove_symbols(object_, [&](elf::SymbolId id) {
      return object_.symbols[id].is_undefined() && !is_used[id];
    });
  }

  void order_symbols() {
    const auto rank = [](const elf::Symbol& symbol) {
      if (symbol.name.empty() && !symbol.is_file())
        return 0;
      if (symbol.is_file())
        return 1;
      if (!symbol.is_local())
        return 4;
      return symbol.is_function() ? 2 : 3;
    };
    std::vector<elf::SymbolId> order(object_.symbols.size());
    for (elf::SymbolId id = 0; id < order.size(); ++id)
      order[id] = id;
    std::stable_sort(order.begin() + 1, order.end(),
                     [&](elf::SymbolId a, elf::SymbolId b) {
                       return rank(object_.symbols[a]) < rank(object_.symbols[b]);
                     });
    std::vector<elf::Symbol> symbols;
    std::vector<elf::SymbolId> new_ids(order.size());
    for (const elf::SymbolId id : order) {
      new_ids[id] = static_cast<elf::SymbolId>(symbols.size());
      symbols.push_back(std::move(object_.symbols[id]));
    }
    object_.symbols = std::move(symbols);
    for (elf::Section& section : object_.sections) {
      section.group_signature = new_ids[section.group_signature];
      for (elf::Relocation& relocation : section.relocations)
        relocation.symbol = new_ids[relocation.symbol];
    }
  }

  diff::Delta& delta_;
  elf::Object& object_;
  bool unique_names_;
  std::vector<elf::SymbolId> replacements_;
  Resolver resolver_;
  std::vector<std::vector<bool>> marks_;
  elf::SectionId given_sections_; ///< how many sections and symbols the delta itself had
  elf::SymbolId given_symbols_;
  StringPool strings_;
  std::vector<elf::SymbolId> section_symbols_;
};

} // namespace

elf::Object make_intermediate(diff::Delta delta, bool unique_names) {
  reach_what_stays(delta);
  Maker(delta, unique_names).run();
  return std::move(delta.object);
}

} // namespace kpatch::klp
