// SPDX-License-Identifier: GPL-2.0-or-later
//
// The vmlinux inside a vmlinuz has all section headers and no symbol table; its names
// come from its kallsyms. They are used even where there is a symbol table (the vmlinux
// of a debug package), because livepatch counts in kallsyms, not there.
#include "arch/arch.h"
#include "base/endian.h"
#include "base/error.h"
#include "image/boot_image.h"
#include "image/image.h"
#include "image/kallsyms.h"

#include <gelf.h>
#include <libelf.h>

#include <cctype>
#include <memory>

namespace kpatch::image {

namespace {

struct End {
  void operator()(Elf* elf) const { elf_end(elf); }
};

std::unique_ptr<Elf, End> open_elf(std::span<const std::uint8_t> file,
                                   std::string_view label) {
  elf_version(EV_CURRENT);
  // libelf promises not to write to it as long as it is not asked to.
  auto* bytes = reinterpret_cast<char*>(const_cast<std::uint8_t*>(file.data()));
  std::unique_ptr<Elf, End> elf(elf_memory(bytes, file.size()));
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF)
    fail("{}: not an ELF file", label);
  if (gelf_getclass(elf.get()) != ELFCLASS64)
    fail("{}: not a 64-bit kernel", label);
  return elf;
}

ImagePart read_part(Elf* elf, Elf_Scn* section, const GElf_Shdr& header,
                    std::string_view label) {
  std::size_t names = 0;
  elf_getshdrstrndx(elf, &names);
  const char* name = elf_strptr(elf, names, header.sh_name);
  ImagePart part{.name = name ? name : "",
                 .address = header.sh_addr,
                 .size = header.sh_size,
                 .flags = header.sh_flags};
  if (header.sh_size > ~header.sh_addr)
    fail("{}: section {}: reaches past the end of all addresses", label, part.name);
  if (header.sh_type == SHT_NOBITS)
    return part;
  const Elf_Data* data = elf_rawdata(section, nullptr);
  if (!data || (data->d_size && !data->d_buf) || data->d_size != header.sh_size)
    fail("{}: section {}: contents lie outside the file", label, part.name);
  const auto* bytes = static_cast<const std::uint8_t*>(data->d_buf);
  part.data.assign(bytes, bytes + data->d_size);
  return part;
}

/// nm's letters, as scripts/kallsyms.c takes them over.
ImageSymbol image_symbol(Kallsym&& symbol) {
  const char letter = static_cast<char>(std::tolower(symbol.type));
  ImageSymbol result{.name = std::move(symbol.name), .address = symbol.address};
  result.type = letter == 't' || letter == 'w' ? STT_FUNC : STT_OBJECT;
  result.binding = letter == 'w' || letter == 'v' ? STB_WEAK
                   : std::isupper(symbol.type)    ? STB_GLOBAL
                                                  : STB_LOCAL;
  return result;
}

/// Kernels that run wherever they were put bring a list of all places that hold an
/// address (CONFIG_RELOCATABLE of arm64, s390x and ppc64le). These are filled in by their
/// first instructions, and empty until then. x86 has such a list elsewhere, and fills the
/// places in at the link.
class AddressList {
 public:
  AddressList(Elf* elf, const arch::Arch& arch, std::endian order)
      : elf_(elf), arch_(arch), order_(order) {}

  void fill_in(Elf_Scn* section, const GElf_Shdr& list,
               std::vector<ImagePart>& parts) const {
    Elf_Data* data = list.sh_type == SHT_RELA ? elf_getdata(section, nullptr) : nullptr;
    if (!data || list.sh_entsize == 0 || arch_.relative64() == 0)
      return;
    for (std::size_t i = 0; i < list.sh_size / list.sh_entsize; ++i) {
      GElf_Rela entry;
      if (gelf_getrela(data, static_cast<int>(i), &entry))
        if (const auto address = address_of(entry, list.sh_link))
          put(entry.r_offset, *address, parts);
    }
  }

 private:
  /// The linker names a symbol where it left the choice open which one is meant.
  std::optional<std::uint64_t> address_of(const GElf_Rela& entry,
                                          std::size_t symbols) const {
    const auto addend = static_cast<std::uint64_t>(entry.r_addend);
    if (GELF_R_TYPE(entry.r_info) == arch_.relative64())
      return addend;
    GElf_Sym symbol;
    if (GELF_R_TYPE(entry.r_info) != arch_.absolute64() ||
        !gelf_getsym(elf_getdata(elf_getscn(elf_, symbols), nullptr),
                     static_cast<int>(GELF_R_SYM(entry.r_info)), &symbol))
      return std::nullopt;
    return symbol.st_value + addend;
  }

  void put(std::uint64_t place, std::uint64_t address,
           std::vector<ImagePart>& parts) const {
    for (ImagePart& part : parts)
      if (const std::uint64_t offset = place - part.address;
          offset < part.data.size() && part.data.size() - offset >= sizeof(address))
        store(part.data, offset, address, order_);
  }

  Elf* elf_;
  const arch::Arch& arch_;
  std::endian order_;
};

/// Per-cpu variables are linked at addresses from zero on, and so is their initial
/// content; nothing else of the image lies there.
bool is_part(const GElf_Shdr& header) {
  return (header.sh_flags & SHF_ALLOC) && header.sh_size > 0;
}

} // namespace

Image kernel_image(std::span<const std::uint8_t> vmlinux, std::string label) {
  const auto elf = open_elf(vmlinux, label);
  GElf_Ehdr file;
  gelf_getehdr(elf.get(), &file);
  const std::endian order =
      file.e_ident[EI_DATA] == ELFDATA2MSB ? std::endian::big : std::endian::little;

  std::vector<ImagePart> parts;
  std::vector<std::pair<Elf_Scn*, GElf_Shdr>> sections;
  for (Elf_Scn* section = elf_nextscn(elf.get(), nullptr); section;
       section = elf_nextscn(elf.get(), section)) {
    GElf_Shdr header;
    if (!gelf_getshdr(section, &header) || !is_part(header))
      continue;
    parts.push_back(read_part(elf.get(), section, header, label));
    sections.emplace_back(section, header);
  }
  const AddressList addresses(elf.get(), arch::arch_for(file.e_machine, label), order);
  for (const auto& [section, header] : sections)
    addresses.fill_in(section, header, parts);
  std::optional<std::vector<Kallsym>> names;
  for (const ImagePart& part : parts)
    if (!names && part.name.starts_with(".rodata"))
      names = decode_kallsyms(part.data, part.address, order);
  if (!names)
    fail_with_remedy("the kernel must be built with CONFIG_KALLSYMS_ALL, which live "
                     "patching needs anyway",
                     "{}: the kernel's own symbol table (kallsyms) is not found in it",
                     label);
  std::vector<ImageSymbol> symbols;
  symbols.reserve(names->size());
  for (Kallsym& name : *names)
    symbols.push_back(image_symbol(std::move(name)));
  return Image(std::move(label), order, std::move(parts), std::move(symbols));
}

Image read_kernel_image(const std::filesystem::path& file) {
  return kernel_image(vmlinux_inside(read_bytes(file), file.string()), file.string());
}

} // namespace kpatch::image
