// SPDX-License-Identifier: GPL-2.0-or-later
//
// From the object model to bytes. Sections keep their order, each followed by its
// SHT_RELA section; then come the livepatch relocation tables, .symtab (with
// .symtab_shndx where section numbers do not fit 16 bits), .strtab and .shstrtab, and the
// section header table last. Nothing in the output depends on anything but the object, so
// equal objects give equal bytes.
#include "base/endian.h"
#include "base/error.h"
#include "elf/object.h"

#include <libelf.h>

#include <algorithm>

namespace kpatch::elf {

namespace {

constexpr std::uint64_t SHF_RELA_LIVEPATCH = 0x00100000; // include/uapi/linux/elf.h

/// What alignment may cost in a whole file; only a damaged object asks for more.
constexpr std::uint64_t kMostPadding = 64 << 20;

/// Bytes of NUL-terminated names, each at the offset returned when it was added.
class StringTable {
 public:
  std::uint32_t add(std::string_view text) {
    if (text.empty())
      return 0;
    const auto offset = static_cast<std::uint32_t>(bytes_.size());
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    bytes_.push_back(0);
    return offset;
  }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_{0};
};

/// A section as it will stand in the file.
struct FileSection {
  Elf64_Shdr header{};
  std::span<const std::uint8_t> data;
};

class Writer {
 public:
  explicit Writer(const Object& object)
      : object_(object),
        encoding_(object.header.order == std::endian::big ? ELFDATA2MSB : ELFDATA2LSB) {}

  Bytes write() {
    if (elf_version(EV_CURRENT) == EV_NONE)
      fail("libelf: {}", elf_errmsg(-1));
    order_symbols();
    number_sections();
    for (SectionId id = 1; id < object_.sections.size(); ++id)
      add_section(id);
    for (const LivepatchRelocations& table : object_.livepatch)
      add_livepatch_table(table);
    add_symbol_table();
    return lay_out();
  }

 private:
  /// ELF demands LOCAL symbols first; a stable partition gives every symbol its number.
  void order_symbols() {
    symbol_order_.resize(object_.symbols.size());
    for (SymbolId id = 0; id < symbol_order_.size(); ++id)
      symbol_order_[id] = id;
    const auto first_global = std::stable_partition(
        symbol_order_.begin() + 1, symbol_order_.end(),
        [&](SymbolId id) { return object_.symbols[id].is_local(); });
    local_count_ = static_cast<std::uint32_t>(first_global - symbol_order_.begin());
    symbol_numbers_.resize(symbol_order_.size());
    for (std::uint32_t number = 0; number < symbol_order_.size(); ++number)
      symbol_numbers_[symbol_order_[number]] = number;
  }

  void number_sections() {
    section_numbers_.resize(object_.sections.size(), 0);
    std::uint32_t next = 1;
    for (SectionId id = 1; id < object_.sections.size(); ++id) {
      section_numbers_[id] = next;
      next += object_.sections[id].has_relocations ? 2 : 1;
    }
    symbol_table_number_ = next + static_cast<std::uint32_t>(object_.livepatch.size());
    needs_wide_indices_ = symbol_table_number_ + 3 >= SHN_LORESERVE;
  }

  void add_section(SectionId id) {
    const Section& section = object_.sections[id];
    FileSection file;
    file.header.sh_name = section_names_.add(section.name);
    file.header.sh_type = section.type;
    file.header.sh_flags = section.flags;
    file.header.sh_addr = section.address;
    file.header.sh_addralign = section.alignment;
    file.header.sh_entsize = section.entry_size;
    file.header.sh_size = section.size();
    file.header.sh_info = section.info;
    file.header.sh_link =
        section.links_symbols ? symbol_table_number_ : section_numbers_.at(section.link);
    file.data = section.data;
    if (section.type == SHT_GROUP)
      describe_group(section, file);
    sections_.push_back(file);
    if (section.has_relocations)
      add_relocations(".rela" + section.name, section.relocation_flags, id,
                      section.relocations);
  }

  void describe_group(const Section& group, FileSection& file) {
    std::vector<std::uint32_t> words{group.group_flags};
    for (const SectionId member : group.group_members) {
      words.push_back(section_numbers_.at(member));
      const Section& section = object_.sections[member];
      if (section.has_relocations && (section.relocation_flags & SHF_GROUP))
        words.push_back(section_numbers_[member] + 1);
    }
    file.data = keep(translated(words.data(), words.size(), 4, ELF_T_WORD));
    file.header.sh_size = file.data.size();
    file.header.sh_link = symbol_table_number_;
    file.header.sh_info = symbol_numbers_.at(group.group_signature);
  }

  void add_livepatch_table(const LivepatchRelocations& table) {
    add_relocations(table.name, SHF_RELA_LIVEPATCH | SHF_INFO_LINK | SHF_ALLOC,
                    table.target, table.relocations);
  }

  void add_relocations(const std::string& name, std::uint64_t flags, SectionId target,
                       const std::vector<Relocation>& relocations) {
    std::vector<Elf64_Rela> raw;
    raw.reserve(relocations.size());
    for (const Relocation& relocation : relocations)
      raw.push_back(
          {.r_offset = relocation.offset,
           .r_info = ELF64_R_INFO(std::uint64_t{symbol_numbers_.at(relocation.symbol)},
                                  relocation.type),
           .r_addend = relocation.addend});
    FileSection file;
    file.header.sh_name = section_names_.add(name);
    file.header.sh_type = SHT_RELA;
    file.header.sh_flags = flags;
    file.header.sh_addralign = 8;
    file.header.sh_entsize = sizeof(Elf64_Rela);
    file.header.sh_link = symbol_table_number_;
    file.header.sh_info = section_numbers_.at(target);
    file.data = keep(translated(raw.data(), raw.size(), sizeof(Elf64_Rela), ELF_T_RELA));
    file.header.sh_size = file.data.size();
    sections_.push_back(file);
  }

  void add_symbol_table() {
    StringTable names;
    std::vector<Elf64_Sym> raw;
    std::vector<std::uint32_t> wide;
    raw.reserve(symbol_order_.size());
    for (const SymbolId id : symbol_order_) {
      const Symbol& symbol = object_.symbols[id];
      const std::uint32_t number = symbol.is_defined()
                                       ? section_numbers_.at(symbol.section)
                                       : symbol.reserved_index;
      const bool is_wide = symbol.is_defined() && number >= SHN_LORESERVE;
      raw.push_back({.st_name = symbol.is_section() ? 0 : names.add(symbol.name),
                     .st_info = static_cast<unsigned char>(
                         ELF64_ST_INFO(symbol.binding, symbol.type)),
                     .st_other = symbol.other,
                     .st_shndx = static_cast<Elf64_Half>(is_wide ? SHN_XINDEX : number),
                     .st_value = symbol.value,
                     .st_size = symbol.size});
      wide.push_back(is_wide ? number : 0);
    }
    const std::uint32_t strings = symbol_table_number_ + (needs_wide_indices_ ? 2 : 1);
    add_table(".symtab", SHT_SYMTAB,
              translated(raw.data(), raw.size(), sizeof(Elf64_Sym), ELF_T_SYM),
              {.sh_link = strings,
               .sh_info = local_count_,
               .sh_addralign = 8,
               .sh_entsize = sizeof(Elf64_Sym)});
    if (needs_wide_indices_)
      add_table(".symtab_shndx", SHT_SYMTAB_SHNDX,
                translated(wide.data(), wide.size(), 4, ELF_T_WORD),
                {.sh_link = symbol_table_number_, .sh_addralign = 4, .sh_entsize = 4});
    add_table(".strtab", SHT_STRTAB, names.take(), {.sh_addralign = 1});
    const std::uint32_t own_name = section_names_.add(".shstrtab");
    FileSection file;
    file.header.sh_name = own_name;
    file.header.sh_type = SHT_STRTAB;
    file.header.sh_addralign = 1;
    file.data = keep(section_names_.take());
    file.header.sh_size = file.data.size();
    sections_.push_back(file);
  }

  void add_table(std::string_view name, std::uint32_t type, Bytes data,
                 Elf64_Shdr header) {
    header.sh_name = section_names_.add(name);
    header.sh_type = type;
    header.sh_size = data.size();
    sections_.push_back({header, keep(std::move(data))});
  }

  /// Gives every section its place and returns where the last one ends.
  std::uint64_t place_sections() {
    std::uint64_t offset = sizeof(Elf64_Ehdr);
    std::uint64_t padding = 0;
    for (FileSection& section : sections_) {
      const std::uint64_t alignment =
          std::max<std::uint64_t>(section.header.sh_addralign, 1);
      const bool has_data = section.header.sh_type != SHT_NOBITS;
      const std::uint64_t gap =
          has_data ? (alignment - offset % alignment) % alignment : 0;
      if (gap > kMostPadding || (padding += gap) > kMostPadding)
        fail("{}: cannot be written: alignments up to {:#x} leave more than {:#x} bytes "
             "unused",
             object_.label, alignment, kMostPadding);
      section.header.sh_offset = offset + gap;
      offset += gap + section.data.size();
    }
    return offset;
  }

  Bytes lay_out() {
    const std::uint64_t table = (place_sections() + 7) / 8 * 8;
    const std::size_t count = sections_.size() + 1;
    Bytes file(table + count * sizeof(Elf64_Shdr), 0);
    for (const FileSection& section : sections_)
      std::ranges::copy(section.data, file.begin() + static_cast<std::ptrdiff_t>(
                                                         section.header.sh_offset));

    const auto last = static_cast<std::uint32_t>(sections_.size());
    std::vector<Elf64_Shdr> headers(1);
    if (count >= SHN_LORESERVE) {
      headers[0].sh_size = count;
      headers[0].sh_link = last;
    }
    for (const FileSection& section : sections_)
      headers.push_back(section.header);
    std::ranges::copy(
        translated(headers.data(), headers.size(), sizeof(Elf64_Shdr), ELF_T_SHDR),
        file.begin() + static_cast<std::ptrdiff_t>(table));
    const Elf64_Ehdr header = file_header(table, count, last);
    std::ranges::copy(translated(&header, 1, sizeof header, ELF_T_EHDR), file.begin());
    return file;
  }

  Elf64_Ehdr file_header(std::uint64_t table, std::size_t count,
                         std::uint32_t names) const {
    const bool is_wide = count >= SHN_LORESERVE;
    return {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, encoding_,
                        EV_CURRENT, object_.header.os_abi, object_.header.abi_version},
            .e_type = object_.header.type,
            .e_machine = object_.header.machine,
            .e_version = EV_CURRENT,
            .e_shoff = table,
            .e_flags = object_.header.flags,
            .e_ehsize = sizeof(Elf64_Ehdr),
            .e_shentsize = sizeof(Elf64_Shdr),
            .e_shnum = static_cast<Elf64_Half>(is_wide ? 0 : count),
            .e_shstrndx = static_cast<Elf64_Half>(is_wide ? SHN_XINDEX : names)};
  }

  /// `count` records of host byte order as bytes of the object's.
  Bytes translated(const void* records, std::size_t count, std::size_t size,
                   Elf_Type type) const {
    Bytes result(count * size);
    if (result.empty())
      return result;
    const Elf_Data from{.d_buf = const_cast<void*>(records),
                        .d_type = type,
                        .d_version = EV_CURRENT,
                        .d_size = result.size()};
    Elf_Data to{.d_buf = result.data(),
                .d_type = type,
                .d_version = EV_CURRENT,
                .d_size = result.size()};
    if (!elf64_xlatetof(&to, &from, encoding_))
      fail("{}: cannot be written: {}", object_.label, elf_errmsg(-1));
    return result;
  }

  std::span<const std::uint8_t> keep(Bytes bytes) {
    made_.push_back(std::move(bytes));
    return made_.back();
  }

  const Object& object_;
  const unsigned char encoding_;
  std::vector<SymbolId> symbol_order_;         ///< ids in file order
  std::vector<std::uint32_t> symbol_numbers_;  ///< file number by id
  std::vector<std::uint32_t> section_numbers_; ///< file number by id; 0 for "none"
  std::uint32_t local_count_ = 0;
  std::uint32_t symbol_table_number_ = 0;
  bool needs_wide_indices_ = false;
  StringTable section_names_;
  std::vector<FileSection> sections_;
  std::vector<Bytes>
      made_; ///< what `FileSection::data` may point into; moved, never copied
};

} // namespace

Bytes write_object(const Object& object) {
  return Writer(object).write();
}

} // namespace kpatch::elf
