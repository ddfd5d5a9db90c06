// SPDX-License-Identifier: GPL-2.0-or-later
//
// A module is relocatable: what it refers to stands in relocations. To be read like a
// kernel it is linked here the way its loader does it, at addresses that are ours to
// choose. Symbols that it takes from others get an address each, in a place that no
// section reaches, so that whoever reads a reference back sees which one was meant.
#include "arch/arch.h"
#include "base/endian.h"
#include "base/error.h"
#include "image/decompress.h"
#include "image/image.h"

#include <map>

namespace kpatch::image {

namespace {

constexpr std::uint64_t kSections = 0xffffffffc0000000; ///< where x86 loads modules
constexpr std::uint64_t kOtherSize = 16;
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kMostBytes = 0x20000000; ///< of all sections

class Linker {
 public:
  Linker(const elf::Object& module, std::string label)
      : module_(module), label_(std::move(label)), addresses_(module.sections.size()) {}

  Image link() {
    lay_out();
    for (elf::SymbolId id = 1; id < module_.symbols.size(); ++id)
      if (module_.symbols[id].name == arch::kTocPointer)
        toc_ = address_of(id);
    const arch::Arch& arch = arch::arch_for(module_);
    for (elf::SectionId id = 1; id < module_.sections.size(); ++id)
      if (addresses_[id])
        relocate(arch, id);
    parts_.push_back({".got", slots_at_, got_.size(), SHF_ALLOC, std::move(got_)});
    return Image(std::move(label_), module_.header.order, std::move(parts_), symbols());
  }

 private:
  void lay_out() {
    std::uint64_t next = kSections;
    for (elf::SectionId id = 1; id < module_.sections.size(); ++id) {
      const elf::Section& section = module_.sections[id];
      if (!(section.flags & SHF_ALLOC) || section.size() == 0)
        continue;
      next = (next + kPage - 1) & ~(kPage - 1);
      if (section.alignment > kPage)
        next = (next + section.alignment - 1) & ~(section.alignment - 1);
      if (next - kSections > kMostBytes ||
          section.size() > kMostBytes - (next - kSections))
        fail("{}: section {}: its size of {:#x} bytes is beyond reason", label_,
             section.name, section.size());
      addresses_[id] = next;
      places_.resize(id + 1);
      places_[id] = parts_.size();
      parts_.push_back({section.name, next, section.size(), section.flags, section.data});
      next += section.size();
    }
    others_at_ = (next + kPage - 1) & ~(kPage - 1);
    slots_at_ = others_at_ + kOtherSize * module_.symbols.size();
  }

  std::uint64_t address_of(elf::SymbolId id) const {
    const elf::Symbol& symbol = module_.symbols[id];
    if (!symbol.is_defined())
      return symbol.is_undefined() ? others_at_ + kOtherSize * id : symbol.value;
    return addresses_[symbol.section] + symbol.value;
  }

  /// Whether it names a slot that the module does not bring itself.
  bool needs_slot(const arch::Arch& arch, const elf::Relocation& relocation) const {
    return arch.names_slot(module_, relocation) && arch.makes_slots();
  }

  /// Where the GOT holds the symbol's address.
  std::uint64_t slot_of(elf::SymbolId id) {
    const auto [slot, is_new] = slots_.emplace(id, slots_at_ + got_.size());
    if (is_new) {
      got_.resize(got_.size() + sizeof(std::uint64_t));
      store(got_, slot->second - slots_at_, address_of(id), module_.header.order);
    }
    return slot->second;
  }

  void relocate(const arch::Arch& arch, elf::SectionId id) {
    const elf::Section& section = module_.sections[id];
    if (section.is_nobits())
      return;
    ImagePart& part = parts_[places_[id]];
    for (const elf::Relocation& relocation : section.relocations) {
      const auto field = arch.field(relocation.type);
      if (!field || field->size == 0 ||
          relocation.offset + field->size > part.data.size())
        continue; // whoever compares the place finds that it is not what was expected
      const std::uint64_t address =
          (needs_slot(arch, relocation) ? slot_of(relocation.symbol)
                                        : address_of(relocation.symbol)) +
          static_cast<std::uint64_t>(relocation.addend);
      arch::write_field(part.data, relocation.offset, *field,
                        address -
                            arch::base_of(*field, part.address + relocation.offset, toc_),
                        module_.header.order);
    }
  }

  std::vector<ImageSymbol> symbols() const {
    std::vector<ImageSymbol> symbols;
    for (elf::SymbolId id = 1; id < module_.symbols.size(); ++id) {
      const elf::Symbol& symbol = module_.symbols[id];
      if (!symbol.is_section() && !symbol.is_file())
        symbols.push_back({symbol.name, address_of(id), symbol.size, symbol.type,
                           symbol.binding, !symbol.is_undefined()});
    }
    return symbols;
  }

  const elf::Object& module_;
  std::string label_;
  std::vector<std::uint64_t> addresses_; ///< by section; 0: not loaded
  std::vector<std::size_t> places_;      ///< by section: which of parts_
  std::vector<ImagePart> parts_;
  std::uint64_t others_at_ = 0; ///< close by: a call of ppc64 reaches 32 MiB
  std::uint64_t slots_at_ = 0;  ///< a GOT
  std::uint64_t toc_ = 0;
  std::map<elf::SymbolId, std::uint64_t> slots_;
  Bytes got_;
};

} // namespace

Image module_image(const elf::Object& module, std::string label) {
  return Linker(module, std::move(label)).link();
}

Image read_module_image(const std::filesystem::path& file) {
  const Bytes content = decompressed(read_bytes(file), file.string());
  return module_image(elf::read_object(content, file.string()), file.string());
}

} // namespace kpatch::image
