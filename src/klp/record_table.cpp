// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the intermediate records back from a linked module. `ld -r` has by then merged
// the sections of all objects: records stand one after the other, and every pointer is a
// relocation whose target the linker may have rewritten to a section symbol with an
// addend. So each pointer is followed as "section and offset", whatever symbol spells it:
//
//   .kpatch.relocations  +0  -> .text.f + 0x12        the place
//                        +24 -> .kpatch.strings + 0   "vmlinux"
//                        +32 -> .kpatch.symbols + 40  the second symbol record
//   .kpatch.symbols   40+24 -> .kpatch.strings + 8    "show_val_kb"
#include "klp/record_table.h"

#include "base/endian.h"
#include "base/error.h"
#include "klp/records.h"

#include <algorithm>
#include <unordered_map>

namespace kpatch::klp {

namespace {

/// What a pointer field refers to.
struct Place {
  elf::SectionId section;
  std::uint64_t offset;
};

/// One section of fixed-size records and the pointers in it.
class RecordTable {
 public:
  RecordTable(const elf::Object& module, elf::SectionId id, std::uint64_t record_size)
      : module_(module), section_(module.sections.at(id)), record_size_(record_size) {
    if (section_.size() % record_size != 0)
      fail("{}: {}: size {:#x} is not a multiple of the record size {}", module.label,
           section_.name, section_.size(), record_size);
    for (const elf::Relocation& relocation : section_.relocations)
      if (!pointers_.emplace(relocation.offset, &relocation).second)
        fail("{}: {}: two relocations at {:#x}", module.label, section_.name,
             relocation.offset);
  }

  std::uint64_t count() const { return section_.size() / record_size_; }

  template <typename T>
  T field(std::uint64_t record, std::uint64_t offset) const {
    return load<T>(section_.data, record * record_size_ + offset, module_.header.order);
  }

  Place pointer(std::uint64_t record, std::uint64_t offset, std::string_view what) const {
    const auto found = pointers_.find(record * record_size_ + offset);
    if (found == pointers_.end())
      fail("{}: {}: record {}: {} not found", module_.label, section_.name, record, what);
    const elf::Relocation& relocation = *found->second;
    const elf::Symbol& symbol = module_.symbols.at(relocation.symbol);
    if (!symbol.is_defined())
      fail("{}: {}: record {}: {}: symbol '{}' is not defined in this module",
           module_.label, section_.name, record, what, symbol.name);
    return {symbol.section, symbol.value + static_cast<std::uint64_t>(relocation.addend)};
  }

 private:
  const elf::Object& module_;
  const elf::Section& section_;
  std::uint64_t record_size_;
  std::unordered_map<std::uint64_t, const elf::Relocation*> pointers_;
};

/// All the tables of a module, opened together because their records name each other.
class RecordReader {
 public:
  explicit RecordReader(const elf::Object& module)
      : module_(module), strings_(required(".kpatch.strings", "")),
        symbols_section_(required(".kpatch.symbols", " section")),
        symbols_(module, symbols_section_, records::symbol::kSize),
        relocations_(module, required(".kpatch.relocations", " section"),
                     records::relocation::kSize) {
    if (symbols_.count() != relocations_.count())
      fail("{}: number of krelas and ksyms do not match: {} and {}", module.label,
           relocations_.count(), symbols_.count());
  }

  std::uint64_t count() const { return relocations_.count(); }

  RelocationRecord relocation(std::uint64_t index) const {
    namespace layout = records::relocation;
    const Place place = relocations_.pointer(index, layout::kDestination, "destination");
    const elf::Section& section = module_.sections[place.section];
    if (place.offset >= section.size())
      fail("{}: .kpatch.relocations: record {}: place {}+{:#x} is outside the section",
           module_.label, index, section.name, place.offset);
    return {
        .section = place.section,
        .offset = place.offset,
        .type = relocations_.field<std::uint32_t>(index, layout::kType),
        .addend = static_cast<std::int64_t>(
            relocations_.field<std::uint64_t>(index, layout::kAddend)),
        .object = string(relocations_, index, layout::kObject, "objname of krela"),
        .symbol = symbol(relocations_.pointer(index, layout::kSymbol, "ksym"), index),
    };
  }

  std::string string(const RecordTable& table, std::uint64_t record, std::uint64_t offset,
                     std::string_view what) const {
    const Place place = table.pointer(record, offset, what);
    const Bytes& data = module_.sections[strings_].data;
    if (place.section != strings_ || place.offset >= data.size())
      fail("{}: record {}: {} does not point into .kpatch.strings", module_.label, record,
           what);
    const auto begin = data.begin() + static_cast<std::ptrdiff_t>(place.offset);
    const auto end = std::find(begin, data.end(), 0);
    if (end == data.end())
      fail("{}: .kpatch.strings: string at {:#x} has no end", module_.label,
           place.offset);
    return {begin, end};
  }

 private:
  elf::SectionId required(std::string_view name, std::string_view noun) const {
    const elf::SectionId id = module_.find_section(name);
    if (id == elf::kNoSection)
      fail_with_remedy("Give a module that was linked from the differ's objects and not "
                       "converted yet.",
                       "{}: missing {}{}", module_.label, name, noun);
    return id;
  }

  SymbolRecord symbol(Place place, std::uint64_t relocation) const {
    namespace layout = records::symbol;
    const std::uint64_t index = place.offset / layout::kSize;
    if (place.section != symbols_section_ || place.offset % layout::kSize != 0 ||
        index >= symbols_.count())
      fail("{}: .kpatch.relocations: record {}: ksym does not point to a record of "
           ".kpatch.symbols",
           module_.label, relocation);
    return {
        .object = string(symbols_, index, layout::kObject, "objname of ksym"),
        .name = string(symbols_, index, layout::kName, "name of ksym"),
        .address = symbols_.field<std::uint64_t>(index, layout::kAddress),
        .sympos = symbols_.field<std::uint64_t>(index, layout::kSympos),
        .binding = symbols_.field<std::uint8_t>(index, layout::kBinding),
        .type = symbols_.field<std::uint8_t>(index, layout::kType),
    };
  }

  const elf::Object& module_;
  elf::SectionId strings_;
  elf::SectionId symbols_section_;
  RecordTable symbols_;
  RecordTable relocations_;
};

} // namespace

bool is_record_section(std::string_view name) {
  return name == ".kpatch.symbols" || name == ".kpatch.relocations" ||
         name == ".kpatch.arch";
}

std::vector<RelocationRecord> read_relocation_records(const elf::Object& module) {
  const RecordReader reader(module);
  std::vector<RelocationRecord> result;
  for (std::uint64_t i = 0; i < reader.count(); ++i)
    result.push_back(reader.relocation(i));
  return result;
}

std::vector<ArchRecord> read_arch_records(const elf::Object& module) {
  const elf::SectionId id = module.find_section(".kpatch.arch");
  if (id == elf::kNoSection)
    return {};
  const RecordReader reader(module);
  const RecordTable table(module, id, records::arch::kSize);
  std::vector<ArchRecord> result;
  for (std::uint64_t i = 0; i < table.count(); ++i)
    result.push_back(
        {.section =
             table.pointer(i, records::arch::kSection, "base sec of kpatch_arch entry")
                 .section,
         .object = reader.string(table, i, records::arch::kObject,
                                 "objname of kpatch_arch entry")});
  return result;
}

} // namespace kpatch::klp
