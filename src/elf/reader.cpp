// SPDX-License-Identifier: GPL-2.0-or-later
//
// From bytes to the object model. libelf translates the byte order and checks that tables
// lie inside the file; what it leaves unchecked (indices that point nowhere, two
// relocation tables for one section, strings without an end) is checked here, since an
// object file may come from anywhere.
//
// Folding: the file's section numbers include symbol tables, string tables and relocation
// sections; the model's ids do not. `Reader::ids_` maps the former to the latter, 0 for
// what was folded in.
#include "base/endian.h"
#include "base/error.h"
#include "elf/object.h"

#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace kpatch::elf {

namespace {

/// No offset, size or addend of an object reaches this far; within it, sums of a few of
/// them cannot overflow.
constexpr std::uint64_t kFarthest = std::uint64_t{1} << 60;
/// No deflate stream shrinks more; what claims to be larger only asks for memory.
constexpr std::uint64_t kBestCompression = 1032;

struct ElfCloser {
  void operator()(Elf* elf) const { elf_end(elf); }
};

struct RawSection {
  Elf_Scn* handle = nullptr;
  GElf_Shdr header{};
  std::string name;
};

class Reader {
 public:
  Reader(std::span<const std::uint8_t> file, std::string label)
      : file_size_(file.size()) {
    object_.label = std::move(label);
    if (elf_version(EV_CURRENT) == EV_NONE)
      fail("libelf: {}", elf_errmsg(-1));
    // libelf takes a pointer to non-const but only reads through it for ELF_C_READ-like
    // handles.
    auto* bytes = reinterpret_cast<char*>(const_cast<std::uint8_t*>(file.data()));
    elf_.reset(elf_memory(bytes, file.size()));
    if (!elf_ || elf_kind(elf_.get()) != ELF_K_ELF)
      fail("{}: not an ELF object file", object_.label);
  }

  Object read() {
    read_header();
    list_sections();
    check_overlaps();
    for (std::size_t index = 1; index < raw_.size(); ++index)
      read_section(index);
    read_symbols();
    for (std::size_t index = 1; index < raw_.size(); ++index)
      read_references(index);
    return std::move(object_);
  }

 private:
  const std::string& label() const { return object_.label; }

  void read_header() {
    GElf_Ehdr header;
    if (!gelf_getehdr(elf_.get(), &header))
      fail("{}: ELF header cannot be read: {}", label(), elf_errmsg(-1));
    if (header.e_ident[EI_CLASS] != ELFCLASS64)
      fail("{}: not a 64-bit ELF file", label());
    // libelf takes such a file for one without sections.
    const std::uint64_t table =
        sizeof(Elf64_Shdr) * std::max<std::uint64_t>(header.e_shnum, 1);
    if (header.e_shoff != 0 &&
        (table > file_size_ || header.e_shoff > file_size_ - table))
      fail("{}: section headers at {:#x} lie outside the file's {:#x} bytes", label(),
           header.e_shoff, file_size_);
    const bool big = header.e_ident[EI_DATA] == ELFDATA2MSB;
    object_.header = {.machine = header.e_machine,
                      .type = header.e_type,
                      .flags = header.e_flags,
                      .os_abi = header.e_ident[EI_OSABI],
                      .abi_version = header.e_ident[EI_ABIVERSION],
                      .order = big ? std::endian::big : std::endian::little,
                      .program_headers = header.e_phnum};
  }

  void list_sections() {
    std::size_t count = 0;
    std::size_t names = 0;
    if (elf_getshdrnum(elf_.get(), &count) != 0 ||
        elf_getshdrstrndx(elf_.get(), &names) != 0)
      fail("{}: section table cannot be read: {}", label(), elf_errmsg(-1));
    raw_.resize(std::max<std::size_t>(count, 1));
    ids_.assign(raw_.size(), kNoSection);
    object_.sections.reserve(raw_.size());
    for (std::size_t index = 1; index < raw_.size(); ++index) {
      RawSection& raw = raw_[index];
      raw.handle = elf_getscn(elf_.get(), index);
      if (!raw.handle || !gelf_getshdr(raw.handle, &raw.header))
        fail("{}: section {}: header cannot be read: {}", label(), index, elf_errmsg(-1));
      const char* name = elf_strptr(elf_.get(), names, raw.header.sh_name);
      if (!name)
        fail("{}: section {}: name lies outside the string table", label(), index);
      raw.name = name;
      if (raw.header.sh_type == SHT_SYMTAB) {
        if (symbol_table_)
          fail("{}: has two symbol tables", label());
        symbol_table_ = index;
      }
    }
    if (!symbol_table_)
      fail("{}: missing symbol table", label());
    for (std::size_t index = 1; index < raw_.size(); ++index)
      if (raw_[index].header.sh_type == SHT_SYMTAB_SHNDX &&
          raw_[index].header.sh_link == *symbol_table_)
        extended_indices_ = index;
    symbol_strings_ = raw_[*symbol_table_].header.sh_link;
    section_strings_ = names;
  }

  /// Contents that two sections share come from no compiler, and with enough sections a
  /// small file would ask for any amount of memory. What leaves the file is told of where
  /// it is read.
  void check_overlaps() const {
    struct Extent {
      std::uint64_t begin;
      std::size_t index;
    };
    std::vector<Extent> extents;
    extents.reserve(raw_.size());
    for (std::size_t index = 1; index < raw_.size(); ++index)
      if (const GElf_Shdr& header = raw_[index].header;
          header.sh_type != SHT_NOBITS && header.sh_size != 0 &&
          header.sh_offset <= file_size_ &&
          header.sh_size <= file_size_ - header.sh_offset)
        extents.push_back({header.sh_offset, index});
    std::ranges::sort(extents, {}, &Extent::begin);
    std::uint64_t taken = sizeof(Elf64_Ehdr);
    std::string_view by = "the ELF header";
    for (const Extent& extent : extents) {
      const RawSection& raw = raw_[extent.index];
      if (extent.begin < taken)
        fail("{}: section {}: overlaps {} in the file, at {:#x}", label(), raw.name, by,
             extent.begin);
      taken = extent.begin + raw.header.sh_size;
      by = raw.name;
    }
  }

  bool is_folded(std::size_t index) const {
    const std::uint32_t type = raw_[index].header.sh_type;
    return type == SHT_SYMTAB || type == SHT_SYMTAB_SHNDX || type == SHT_RELA ||
           (type == SHT_STRTAB &&
            (index == symbol_strings_ || index == section_strings_));
  }

  void read_section(std::size_t index) {
    RawSection& raw = raw_[index];
    if (raw.header.sh_type == SHT_REL)
      fail("{}: section {}: relocations without addends (SHT_REL) are not supported",
           label(), raw.name);
    if (is_folded(index))
      return;
    if (raw.header.sh_flags & SHF_COMPRESSED)
      decompress(raw);
    check_alignment(raw);
    if (raw.header.sh_size > kFarthest)
      fail("{}: section {}: its size of {:#x} bytes is beyond reason", label(), raw.name,
           raw.header.sh_size);
    Section section{.name = raw.name,
                    .type = raw.header.sh_type,
                    .flags = raw.header.sh_flags,
                    .address = raw.header.sh_addr,
                    .alignment = raw.header.sh_addralign,
                    .entry_size = raw.header.sh_entsize};
    if (section.type == SHT_NOBITS)
      section.nobits_size = raw.header.sh_size;
    else if (section.type != SHT_GROUP)
      section.data = contents(raw);
    ids_[index] = object_.add_section(std::move(section));
  }

  /// The writer pads up to it, so what no object has must not come through.
  void check_alignment(const RawSection& raw) const {
    constexpr std::uint64_t kLargest = 1U << 30;
    const std::uint64_t alignment = raw.header.sh_addralign;
    if (alignment > kLargest || (alignment & (alignment - 1)) != 0)
      fail("{}: section {}: impossible alignment {:#x}", label(), raw.name, alignment);
  }

  void decompress(RawSection& raw) {
    GElf_Chdr claim;
    if (gelf_getchdr(raw.handle, &claim) &&
        claim.ch_size / kBestCompression > raw.header.sh_size)
      fail("{}: section {}: {:#x} bytes cannot hold the {:#x} that it claims", label(),
           raw.name, raw.header.sh_size, claim.ch_size);
    if (elf_compress(raw.handle, 0, 0) < 0 || !gelf_getshdr(raw.handle, &raw.header))
      fail("{}: section {}: cannot be decompressed: {}", label(), raw.name,
           elf_errmsg(-1));
  }

  Bytes contents(const RawSection& raw) const {
    const bool was_compressed = raw.header.sh_flags & SHF_COMPRESSED;
    Elf_Data* data = was_compressed ? elf_getdata(raw.handle, nullptr)
                                    : elf_rawdata(raw.handle, nullptr);
    if (!data)
      data = elf_getdata(raw.handle, nullptr);
    if (!data || (data->d_size && !data->d_buf))
      fail("{}: section {}: contents lie outside the file", label(), raw.name);
    const auto* begin = static_cast<const std::uint8_t*>(data->d_buf);
    return data->d_size ? Bytes(begin, begin + data->d_size) : Bytes();
  }

  Elf_Data* table(std::size_t index, std::uint64_t entry) const {
    const RawSection& raw = raw_[index];
    Elf_Data* data = elf_getdata(raw.handle, nullptr);
    if (!data)
      fail("{}: section {}: contents lie outside the file", label(), raw.name);
    if (raw.header.sh_entsize != entry || data->d_size % entry != 0)
      fail("{}: section {}: entry size {} instead of {}, or a last entry cut short",
           label(), raw.name, raw.header.sh_entsize, entry);
    return data;
  }

  void read_symbols() {
    Elf_Data* symbols = table(*symbol_table_, sizeof(Elf64_Sym));
    Elf_Data* extended = extended_indices_
                             ? elf_getdata(raw_[*extended_indices_].handle, nullptr)
                             : nullptr;
    const std::size_t count = symbols->d_size / sizeof(Elf64_Sym);
    object_.symbols.reserve(count);
    for (std::size_t index = 1; index < count; ++index) {
      GElf_Sym raw;
      Elf32_Word wide = 0;
      if (!gelf_getsymshndx(symbols, extended, static_cast<int>(index), &raw, &wide))
        fail("{}: symbol {}: cannot be read: {}", label(), index, elf_errmsg(-1));
      object_.symbols.push_back(symbol(index, raw, wide));
    }
  }

  Symbol symbol(std::size_t index, const GElf_Sym& raw, Elf32_Word wide) const {
    const char* name = elf_strptr(elf_.get(), symbol_strings_, raw.st_name);
    if (!name)
      fail("{}: symbol {}: name lies outside the string table", label(), index);
    Symbol result{.name = name,
                  .binding = static_cast<std::uint8_t>(GELF_ST_BIND(raw.st_info)),
                  .type = static_cast<std::uint8_t>(GELF_ST_TYPE(raw.st_info)),
                  .other = raw.st_other,
                  .value = raw.st_value,
                  .size = raw.st_size};
    const bool is_wide = raw.st_shndx == SHN_XINDEX;
    if (is_wide && !extended_indices_)
      fail("{}: symbol {} ({}): couldn't find extended section index", label(), index,
           name);
    if (raw.st_shndx == SHN_UNDEF || (raw.st_shndx >= SHN_LORESERVE && !is_wide)) {
      result.reserved_index = raw.st_shndx;
      return result;
    }
    const std::size_t where = is_wide ? wide : raw.st_shndx;
    if (where == 0 || where >= raw_.size())
      fail("{}: symbol {} ({}): couldn't find section {} for it", label(), index, name,
           where);
    if (raw.st_value > kFarthest || raw.st_size > kFarthest)
      fail("{}: symbol {} ({}): value {:#x} and size {:#x} lie outside every section",
           label(), index, name, raw.st_value, raw.st_size);
    result.section = ids_[where];
    // Section symbols of folded sections carry nothing; they survive as absolute
    // leftovers.
    if (result.section == kNoSection)
      result.reserved_index = SHN_ABS;
    else if (result.is_section())
      result.name = object_.sections[result.section].name;
    return result;
  }

  SymbolId symbol_id(std::uint64_t index, std::string_view user) const {
    if (index >= object_.symbols.size())
      fail("{}: section {}: refers to symbol {}, of which there are {}", label(), user,
           index, object_.symbols.size());
    return static_cast<SymbolId>(index);
  }

  void read_references(std::size_t index) {
    const RawSection& raw = raw_[index];
    if (raw.header.sh_type == SHT_RELA)
      return read_relocations(index);
    if (ids_[index] == kNoSection)
      return;
    Section& section = object_.sections[ids_[index]];
    if (raw.header.sh_type == SHT_GROUP)
      return read_group(raw, section);
    section.info = raw.header.sh_info;
    if (raw.header.sh_link == 0)
      return;
    if (raw.header.sh_link >= raw_.size())
      fail("{}: section {}: is linked to section {}, which does not exist", label(),
           raw.name, raw.header.sh_link);
    section.links_symbols = raw.header.sh_link == *symbol_table_;
    section.link = ids_[raw.header.sh_link];
  }

  void read_relocations(std::size_t index) {
    const RawSection& raw = raw_[index];
    const std::size_t target = raw.header.sh_info;
    if (target == 0 || target >= raw_.size() || ids_[target] == kNoSection)
      fail("{}: can't find base section for rela section {}", label(), raw.name);
    if (raw.header.sh_link != *symbol_table_)
      fail("{}: section {}: does not use the symbol table", label(), raw.name);
    std::vector<Relocation> relocations =
        relocation_list(index, object_.sections[ids_[target]].size());
    if (raw.header.sh_flags & SHF_RELA_LIVEPATCH) {
      object_.livepatch.push_back({raw.name, ids_[target], std::move(relocations)});
      return;
    }
    Section& section = object_.sections[ids_[target]];
    if (section.has_relocations)
      fail("{}: section {}: has two relocation sections", label(), section.name);
    section.has_relocations = true;
    section.relocation_flags = raw.header.sh_flags;
    section.relocations = std::move(relocations);
  }

  std::vector<Relocation> relocation_list(std::size_t index,
                                          std::uint64_t target_size) const {
    Elf_Data* data = table(index, sizeof(Elf64_Rela));
    const std::size_t count = data->d_size / sizeof(Elf64_Rela);
    std::vector<Relocation> relocations;
    relocations.reserve(count);
    for (std::size_t entry = 0; entry < count; ++entry) {
      GElf_Rela raw;
      if (!gelf_getrela(data, static_cast<int>(entry), &raw))
        fail("{}: section {}: entry {} cannot be read: {}", label(), raw_[index].name,
             entry, elf_errmsg(-1));
      constexpr auto kFar = static_cast<std::int64_t>(kFarthest);
      if (raw.r_offset > target_size || raw.r_addend > kFar || raw.r_addend < -kFar)
        fail("{}: section {}: relocation {} at {:#x} with addend {:#x} lies outside what "
             "it relocates",
             label(), raw_[index].name, entry, raw.r_offset, raw.r_addend);
      relocations.push_back(
          {.offset = raw.r_offset,
           .type = static_cast<std::uint32_t>(GELF_R_TYPE(raw.r_info)),
           .symbol = symbol_id(GELF_R_SYM(raw.r_info), raw_[index].name),
           .addend = raw.r_addend});
    }
    return relocations;
  }

  void read_group(const RawSection& raw, Section& group) const {
    Elf_Data* data = elf_getdata(raw.handle, nullptr);
    if (!data || data->d_size < 4 || data->d_size % 4 != 0)
      fail("{}: section {}: malformed section group", label(), raw.name);
    const auto* bytes = static_cast<const std::uint8_t*>(data->d_buf);
    const std::span<const std::uint8_t> words(bytes, data->d_size);
    group.group_flags = load<std::uint32_t>(words, 0, std::endian::native);
    group.group_signature = symbol_id(raw.header.sh_info, raw.name);
    for (std::uint64_t offset = 4; offset < words.size(); offset += 4) {
      const auto member = load<std::uint32_t>(words, offset, std::endian::native);
      if (member == 0 || member >= raw_.size())
        fail("{}: section {}: group section not found: {}", label(), raw.name, member);
      if (ids_[member] != kNoSection)
        group.group_members.push_back(ids_[member]);
    }
  }

  static constexpr std::uint64_t SHF_RELA_LIVEPATCH =
      0x00100000; // include/uapi/linux/elf.h

  std::uint64_t file_size_;
  std::unique_ptr<Elf, ElfCloser> elf_;
  Object object_;
  std::vector<RawSection> raw_; ///< by the file's section number
  std::vector<SectionId> ids_;  ///< the model's id for each of them, 0 if folded in
  std::optional<std::size_t> symbol_table_;
  std::optional<std::size_t> extended_indices_;
  std::size_t symbol_strings_ = 0;
  std::size_t section_strings_ = 0;
};

} // namespace

Object read_object(std::span<const std::uint8_t> file, std::string label) {
  return Reader(file, std::move(label)).read();
}

Object read_object(const std::filesystem::path& path) {
  const Bytes file = read_bytes(path);
  return read_object(file, path.string());
}

} // namespace kpatch::elf
