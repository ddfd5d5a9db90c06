// SPDX-License-Identifier: GPL-2.0-or-later
//
// A linked module with intermediate records, made by hand.
#pragma once

#include "base/endian.h"
#include "elf/object.h"
#include "klp/records.h"

namespace kpatch::klp::testing {

/// What one pair of records says.
struct Wanted {
  std::string place = ".text.f";
  std::uint64_t offset = 0x10;
  std::uint32_t type = R_X86_64_PC32;
  std::int64_t addend = -4;
  std::string object = "vmlinux";
  std::string symbol = "show_val_kb";
  std::string owner = "vmlinux";
  std::uint64_t sympos = 1;
  std::uint8_t binding = STB_LOCAL;
  std::uint64_t address = 0; ///< in the image
};

/// A linked module as `ld -r` leaves it, with records made by hand.
class LinkedModule {
 public:
  explicit LinkedModule(std::endian order = std::endian::little) {
    module.label = "test.ko";
    module.header.machine = EM_X86_64;
    module.header.order = order;
    module.add_section({.name = ".text.f", .flags = SHF_ALLOC | SHF_EXECINSTR});
    module.sections[1].data.resize(0x40);
    strings_ = add_record_section(".kpatch.strings");
    symbols_ = add_record_section(".kpatch.symbols");
    relocations_ = add_record_section(".kpatch.relocations");
    module.add_symbol({.name = "f", .binding = STB_GLOBAL, .section = 1});
  }

  void add(const Wanted& wanted) {
    const std::uint64_t symbol = grow(symbols_, records::symbol::kSize);
    const std::uint64_t record = grow(relocations_, records::relocation::kSize);
    set<std::uint64_t>(symbols_, symbol + records::symbol::kSympos, wanted.sympos);
    set<std::uint64_t>(symbols_, symbol + records::symbol::kAddress, wanted.address);
    set<std::uint8_t>(symbols_, symbol + records::symbol::kBinding, wanted.binding);
    set<std::uint8_t>(symbols_, symbol + records::symbol::kType, STT_FUNC);
    point_to_string(symbols_, symbol + records::symbol::kName, wanted.symbol);
    point_to_string(symbols_, symbol + records::symbol::kObject, wanted.owner);
    set<std::uint32_t>(relocations_, record + records::relocation::kType, wanted.type);
    set<std::uint64_t>(relocations_, record + records::relocation::kAddend,
                       static_cast<std::uint64_t>(wanted.addend));
    point(relocations_, record + records::relocation::kDestination,
          module.find_section(wanted.place), wanted.offset);
    point_to_string(relocations_, record + records::relocation::kObject, wanted.object);
    point(relocations_, record + records::relocation::kSymbol, symbols_, symbol);
  }

  elf::SectionId add_arch_source(const std::string& name, std::size_t size) {
    const elf::SectionId id = module.add_section({.name = name, .flags = SHF_ALLOC});
    module.sections[id].data.assign(size, static_cast<std::uint8_t>(id));
    return id;
  }

  void add_arch_record(elf::SectionId section, const std::string& object) {
    if (arch_ == elf::kNoSection)
      arch_ = add_record_section(".kpatch.arch");
    const std::uint64_t record = grow(arch_, records::arch::kSize);
    point(arch_, record + records::arch::kSection, section, 0);
    point_to_string(arch_, record + records::arch::kObject, object);
  }

  void point(elf::SectionId from, std::uint64_t offset, elf::SectionId to,
             std::uint64_t target) {
    const elf::SymbolId symbol = module.section_symbol(to);
    module.sections[from].relocations.push_back(
        {.offset = offset,
         .type = R_X86_64_64,
         .symbol = symbol,
         .addend = static_cast<std::int64_t>(target)});
  }

  std::vector<elf::Relocation>& relocations_of(std::string_view section) {
    return module.sections[module.find_section(section)].relocations;
  }

  elf::Object module;

 private:
  elf::SectionId add_record_section(const std::string& name) {
    return module.add_section(
        {.name = name, .flags = SHF_ALLOC, .alignment = 8, .has_relocations = true});
  }

  std::uint64_t grow(elf::SectionId id, std::uint64_t size) {
    Bytes& data = module.sections[id].data;
    data.resize(data.size() + size);
    return data.size() - size;
  }

  template <typename T>
  void set(elf::SectionId section, std::uint64_t offset, T value) {
    store<T>(module.sections[section].data, offset, value, module.header.order);
  }

  void point_to_string(elf::SectionId from, std::uint64_t offset,
                       const std::string& text) {
    Bytes& data = module.sections[strings_].data;
    const std::uint64_t at = data.size();
    data.insert(data.end(), text.begin(), text.end());
    data.push_back(0);
    point(from, offset, strings_, at);
  }

  elf::SectionId strings_ = 0, symbols_ = 0, relocations_ = 0, arch_ = 0;
};

} // namespace kpatch::klp::testing
