// SPDX-License-Identifier: GPL-2.0-or-later
//
// Module.symvers is a by-product of building all modules; who has only a vmlinux has
// none. But a binary tells by its symbols what it exports: EXPORT_SYMBOL(x) leaves
// `__ksymtab_x` in a section whose name says to whom, `__kstrtabns_x` at the name of the
// namespace, and with CONFIG_MODVERSIONS `__crc_x` at the checksum (include/linux/
// export.h, export-internal.h).
#include "image/exports_of.h"

#include "base/error.h"

#include <fmt/format.h>
#include <gelf.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <endian.h>
#include <fcntl.h>
#include <map>
#include <optional>
#include <unistd.h>
#include <vector>

namespace kpatch::image {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kEntryPrefix = "__ksymtab_";
constexpr std::string_view kCrcPrefix = "__crc_";
constexpr std::string_view kSpacePrefix = "__kstrtabns_";
constexpr std::string_view kLicensed = "_gpl";

/// An open ELF file.
class Binary {
 public:
  explicit Binary(const fs::path& file)
      : file_(file), descriptor_(open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
    elf_version(EV_CURRENT);
    elf_ = descriptor_ < 0 ? nullptr : elf_begin(descriptor_, ELF_C_READ_MMAP, nullptr);
    if (elf_ && elf_kind(elf_) == ELF_K_ELF)
      return;
    elf_end(elf_);
    if (descriptor_ >= 0)
      close(descriptor_);
    fail("{}: not an ELF file that can be read", file.string());
  }
  ~Binary() {
    elf_end(elf_);
    close(descriptor_);
  }
  Binary(const Binary&) = delete;
  Binary& operator=(const Binary&) = delete;

  template <typename Visit>
  void for_each_symbol(Visit visit) const {
    for (Elf_Scn* at = elf_nextscn(elf_, nullptr); at; at = elf_nextscn(elf_, at)) {
      GElf_Shdr header;
      if (!gelf_getshdr(at, &header) || header.sh_type != SHT_SYMTAB ||
          header.sh_entsize == 0)
        continue;
      Elf_Data* data = elf_getdata(at, nullptr);
      const auto count = static_cast<int>(header.sh_size / header.sh_entsize);
      for (int i = 0; data && i < count; ++i) {
        GElf_Sym symbol;
        if (!gelf_getsym(data, i, &symbol))
          break;
        if (const char* name = elf_strptr(elf_, header.sh_link, symbol.st_name))
          visit(std::string_view(name), symbol);
      }
    }
  }

  std::string_view section_name(const GElf_Sym& symbol) const {
    std::size_t names = 0;
    GElf_Shdr header;
    Elf_Scn* section = elf_getscn(elf_, symbol.st_shndx);
    if (!section || !gelf_getshdr(section, &header) ||
        elf_getshdrstrndx(elf_, &names) != 0)
      return {};
    const char* name = elf_strptr(elf_, names, header.sh_name);
    return name ? name : std::string_view();
  }

  /// The bytes of the symbol's section from the symbol on.
  std::string_view bytes_at(const GElf_Sym& symbol) const {
    GElf_Shdr header;
    Elf_Scn* section = elf_getscn(elf_, symbol.st_shndx);
    Elf_Data* data = section ? elf_rawdata(section, nullptr) : nullptr;
    if (!data || !data->d_buf || !gelf_getshdr(section, &header))
      return {};
    const std::uint64_t offset = symbol.st_value - header.sh_addr;
    if (symbol.st_value < header.sh_addr || offset >= data->d_size)
      return {};
    return {static_cast<const char*>(data->d_buf) + offset, data->d_size - offset};
  }

  /// The 32-bit number at the symbol.
  std::uint32_t number_at(const GElf_Sym& symbol) const {
    const std::string_view bytes = bytes_at(symbol);
    std::uint32_t number = 0;
    if (bytes.size() < sizeof number)
      fail("{}: damaged checksums of exported symbols", file_.string());
    std::memcpy(&number, bytes.data(), sizeof number);
    GElf_Ehdr header;
    const bool is_big =
        gelf_getehdr(elf_, &header) && header.e_ident[EI_DATA] == ELFDATA2MSB;
    return is_big ? be32toh(number) : le32toh(number);
  }

 private:
  const fs::path& file_;
  int descriptor_ = -1;
  Elf* elf_ = nullptr;
};

struct Export {
  std::uint32_t crc = 0;
  bool is_exported = false;
  bool is_licensed = false;
  std::string space{};
};

void note(const Binary& binary, std::string_view name, const GElf_Sym& symbol,
          std::map<std::string, Export, std::less<>>& exports) {
  if (name.starts_with(kEntryPrefix)) {
    Export& entry = exports[std::string(name.substr(kEntryPrefix.size()))];
    const std::string_view section = binary.section_name(symbol);
    entry.is_exported = section.find("__ksymtab") != std::string_view::npos;
    entry.is_licensed = section.find(kLicensed) != std::string_view::npos;
  } else if (name.starts_with(kCrcPrefix)) {
    exports[std::string(name.substr(kCrcPrefix.size()))].crc =
        symbol.st_shndx == SHN_ABS ? static_cast<std::uint32_t>(symbol.st_value)
                                   : binary.number_at(symbol);
  } else if (name.starts_with(kSpacePrefix)) {
    const std::string_view text = binary.bytes_at(symbol);
    exports[std::string(name.substr(kSpacePrefix.size()))].space =
        text.substr(0, text.find('\0'));
  }
}

} // namespace

std::string exports_of(const fs::path& binary, std::string_view owner) {
  std::map<std::string, Export, std::less<>> exports;
  const Binary file(binary);
  file.for_each_symbol([&](std::string_view name, const GElf_Sym& symbol) {
    if (symbol.st_shndx != SHN_UNDEF)
      note(file, name, symbol, exports);
  });
  std::string text;
  for (const auto& [symbol, entry] : exports)
    if (entry.is_exported)
      text += fmt::format("0x{:08x}\t{}\t{}\t{}\t{}\n", entry.crc, symbol, owner,
                          entry.is_licensed ? "EXPORT_SYMBOL_GPL" : "EXPORT_SYMBOL",
                          entry.space);
  return text;
}

} // namespace kpatch::image
