// SPDX-License-Identifier: GPL-2.0-or-later
//
// The symbol table of a finished binary, for which libelf is asked directly: a vmlinux
// with debug information is half a gigabyte, of which the symbols are a small part, so
// the file is mapped and only that part touched.
#include "image/symbols.h"

#include "base/error.h"

#include <gelf.h>
#include <libelf.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

namespace kpatch::image {
namespace fs = std::filesystem;

namespace {

/// A file opened with libelf; both close with their owner.
class MappedElf {
 public:
  explicit MappedElf(const fs::path& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0)
      fail("{}: cannot be opened: {}", path.string(), std::strerror(errno));
    elf_version(EV_CURRENT);
    elf_ = elf_begin(descriptor_, ELF_C_READ_MMAP, nullptr);
    if (!elf_ || elf_kind(elf_) != ELF_K_ELF) {
      close_all();
      fail("{}: not an ELF file", path.string());
    }
  }
  ~MappedElf() { close_all(); }
  MappedElf(const MappedElf&) = delete;
  MappedElf& operator=(const MappedElf&) = delete;
  Elf* get() const { return elf_; }

 private:
  void close_all() {
    elf_end(elf_);
    close(descriptor_);
  }

  int descriptor_ = -1;
  Elf* elf_ = nullptr;
};

std::vector<ParentSymbol> read_table(Elf* elf, Elf_Scn* section, const GElf_Shdr& header,
                                     const fs::path& file) {
  Elf_Data* data = elf_getdata(section, nullptr);
  const std::size_t count = header.sh_entsize ? header.sh_size / header.sh_entsize : 0;
  std::vector<ParentSymbol> symbols;
  symbols.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Sym raw;
    if (!data || !gelf_getsym(data, static_cast<int>(i), &raw))
      fail("{}: symbol {}: cannot be read: {}", file.string(), i, elf_errmsg(-1));
    const char* name = elf_strptr(elf, header.sh_link, raw.st_name);
    if (!name)
      fail("{}: symbol {}: its name is outside the string table", file.string(), i);
    symbols.push_back({name, static_cast<std::uint8_t>(GELF_ST_TYPE(raw.st_info)),
                       static_cast<std::uint8_t>(GELF_ST_BIND(raw.st_info)), raw.st_value,
                       raw.st_size, raw.st_shndx != SHN_UNDEF});
  }
  return symbols;
}

} // namespace

std::vector<ParentSymbol> read_symbols(const fs::path& file) {
  const MappedElf elf(file);
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf.get(), section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) && header.sh_type == SHT_SYMTAB)
      return read_table(elf.get(), section, header, file);
  }
  fail("{}: it has no symbol table", file.string());
}

} // namespace kpatch::image
