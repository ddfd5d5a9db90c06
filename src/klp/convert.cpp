// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel applies relocations against symbols that modules may not link to (unexported
// functions, other modules' exports, file-local data) itself, when the patched object is
// there. It wants them in sections of their own, one for each pair of patched object and
// target section, against symbols whose *name* says what to look up
// (Documentation/livepatch/module-elf-format.rst). No linker preserves such sections, so
// the differ writes plain records, the link carries them along, and this is the last
// step:
//
//   before  .kpatch.relocations { .text.f+0x12, PC32, -4, "vmlinux", symbol record }
//           .kpatch.symbols     { sympos 1, LOCAL FUNC, "show_val_kb", "vmlinux" }
//   after   .klp.rela.vmlinux..text.f: 0x12 PC32 .klp.sym.vmlinux.show_val_kb,1 - 4
//           with that symbol's section index SHN_LIVEPATCH (0xff20)
//
// The kernel matches those names with sscanf into fixed buffers
// (kernel/livepatch/core.c), hence the limits on names here: it would cut a longer one
// and look up something else.
#include "klp/convert.h"

#include "base/error.h"
#include "base/module_name.h"
#include "elf/edit.h"
#include "elf/kernel_sections.h"
#include "klp/record_table.h"
#include "klp/records.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace kpatch::klp {

namespace {

constexpr std::size_t kLongestSymbolName = 511; // KSYM_NAME_LEN - 1

bool is_klp_arch_source(std::string_view name) {
  return std::ranges::find(records::arch::kSections, name) !=
         records::arch::kSections.end();
}

void check_object_name(const std::string& label, const std::string& name) {
  if (name.empty() || name.size() > kLongestModuleName ||
      name.find('.') != std::string::npos)
    fail("{}: '{}' cannot be named in a livepatch relocation: an object name has 1 to {} "
         "characters and no '.'",
         label, name, kLongestModuleName);
}

void check_symbol_name(const std::string& label, const std::string& name) {
  if (name.empty() || name.size() > kLongestSymbolName ||
      name.find(',') != std::string::npos)
    fail("{}: symbol '{}' cannot be named in a livepatch relocation: a symbol name has 1 "
         "to {} characters and no ','",
         label, name, kLongestSymbolName);
}

/// Before 5.8 such a relocation was applied too late for the code that needed it; since
/// then the kernel refuses the module.
void check_owner(const std::string& label, const RelocationRecord& record) {
  if (record.object != kVmlinux && record.symbol.object == kVmlinux)
    fail("{}: a relocation for module {} refers to symbol '{}' of vmlinux, which the "
         "kernel refuses",
         label, record.object, record.symbol.name);
}

/// Gives each record its symbol and its table, making either at first use.
class LivepatchBuilder {
 public:
  explicit LivepatchBuilder(elf::Object& module) : module_(module) {
    for (elf::SymbolId id = 1; id < module.symbols.size(); ++id)
      if (module.symbols[id].reserved_index == elf::kLivepatchIndex)
        symbols_.emplace(module.symbols[id].name, id);
    for (std::size_t i = 0; i < module.livepatch.size(); ++i)
      tables_.emplace(std::pair(module.livepatch[i].name, module.livepatch[i].target), i);
  }

  void add(const RelocationRecord& record) {
    check_object_name(module_.label, record.object);
    check_object_name(module_.label, record.symbol.object);
    check_symbol_name(module_.label, record.symbol.name);
    check_owner(module_.label, record);
    const elf::SymbolId symbol = symbol_for(record.symbol);
    table_for(record).relocations.push_back({.offset = record.offset,
                                             .type = record.type,
                                             .symbol = symbol,
                                             .addend = record.addend});
  }

 private:
  elf::SymbolId symbol_for(const SymbolRecord& record) {
    const std::string name =
        fmt::format(".klp.sym.{}.{},{}", record.object, record.name, record.sympos);
    const auto [entry, is_new] = symbols_.try_emplace(name, elf::kNoSymbol);
    if (is_new)
      entry->second = module_.add_symbol({.name = name,
                                          .binding = record.binding,
                                          .type = record.type,
                                          .reserved_index = elf::kLivepatchIndex});
    return entry->second;
  }

  elf::LivepatchRelocations& table_for(const RelocationRecord& record) {
    const std::string name = fmt::format(".klp.rela.{}.{}", record.object,
                                         module_.sections[record.section].name);
    const auto [entry, is_new] =
        tables_.try_emplace(std::pair(name, record.section), module_.livepatch.size());
    if (is_new)
      module_.livepatch.push_back({.name = name, .target = record.section});
    return module_.livepatch[entry->second];
  }

  elf::Object& module_;
  std::unordered_map<std::string, elf::SymbolId> symbols_;
  std::map<std::pair<std::string, elf::SectionId>, std::size_t> tables_;
};

/// The linker leaves off the padding behind the last entry of an object's
/// `.parainstructions`, yet the kernel walks the joined section in whole entries.
std::uint64_t joined_offset(const elf::Section& joined, const elf::Section& part,
                            const ConvertOptions& options, const std::string& label) {
  if (part.name != elf::kParavirtSites)
    return joined.size();
  const std::uint64_t size = options.paravirt_site_size.value_or(0);
  if (size == 0 || (size & (size - 1)) != 0)
    fail_with_remedy("Set it to the size of the kernel's struct paravirt_patch_site.",
                     "{}: PARA_STRUCT_SIZE not set", label);
  return (joined.size() + size - 1) & ~(size - 1);
}

void append_section(elf::Section& joined, const elf::Section& part,
                    std::uint64_t offset) {
  joined.data.resize(offset, 0);
  joined.data.insert(joined.data.end(), part.data.begin(), part.data.end());
  joined.has_relocations |= part.has_relocations;
  for (elf::Relocation relocation : part.relocations) {
    relocation.offset += offset;
    joined.relocations.push_back(relocation);
  }
}

/// Copies what the arch records name into one `.klp.arch.<object>.<section>` each.
void make_klp_arch_sections(elf::Object& module, const std::vector<ArchRecord>& records,
                            const ConvertOptions& options) {
  std::map<elf::SectionId, std::string> owner;
  std::map<std::string, elf::SectionId> joined;
  for (const ArchRecord& record : records) {
    check_object_name(module.label, record.object);
    const auto [known, is_new] = owner.try_emplace(record.section, record.object);
    if (!is_new && known->second != record.object)
      fail_with_remedy("Link with --unique=.altinstructions --unique=.parainstructions.",
                       "{}: {} is needed by both {} and {}", module.label,
                       module.sections[record.section].name, known->second,
                       record.object);
    if (!is_new)
      continue;
    const elf::Section part = module.sections[record.section];
    const std::string name = fmt::format(".klp.arch.{}.{}", record.object, part.name);
    const auto [entry, is_first] = joined.try_emplace(name, elf::kNoSection);
    if (is_first)
      entry->second = module.add_section(
          {.name = name, .flags = SHF_ALLOC, .alignment = 8, .entry_size = 1});
    elf::Section& target = module.sections[entry->second];
    append_section(target, part, joined_offset(target, part, options, module.label));
  }
}

} // namespace

void convert_to_livepatch(elf::Object& module, const ConvertOptions& options) {
  const std::vector<RelocationRecord> relocations = read_relocation_records(module);
  const std::vector<ArchRecord> arch_records =
      options.klp_arch_sections ? read_arch_records(module) : std::vector<ArchRecord>{};
  const auto is_doomed = [&](const elf::Section& section) {
    return is_record_section(section.name) ||
           (options.klp_arch_sections && is_klp_arch_source(section.name));
  };

  LivepatchBuilder builder(module);
  for (const RelocationRecord& record : relocations) {
    if (is_doomed(module.sections[record.section]))
      fail("{}: livepatch relocation inside {}, which does not stay in the module",
           module.label, module.sections[record.section].name);
    builder.add(record);
  }
  make_klp_arch_sections(module, arch_records, options);
  elf::remove_sections(module, is_doomed);
}

} // namespace kpatch::klp
