// SPDX-License-Identifier: GPL-2.0-or-later
//
// A module for kpatch.ko has distances where one for livepatch has names:
//
//   .rela.text.f              0x12 CALL26 sprint_symbol + 0x1a2648
//   .klp.rela.vmlinux..text.f 0x12 CALL26 .klp.sym.vmlinux.show_val_kb,1
//
// The image says which symbol is at a distance, so that the module can be held against it
// like any other, and against what it was made of.
#include "verify/core_view.h"

#include "arch/arch.h"
#include "elf/kernel_sections.h"
#include "image/anchor.h"
#include "verify/module_view.h"

#include <fmt/format.h>

#include <map>
#include <string_view>

namespace kpatch::verify {

namespace {

constexpr std::string_view kMark{"\0kpatch=", 8};

class Translator {
 public:
  Translator(elf::Object& module, const image::Image& vmlinux)
      : module_(module), arch_(arch::arch_for(module)), vmlinux_(vmlinux),
        anchor_(module.find_symbol(image::kAnchor)),
        address_(vmlinux.address_of(image::kAnchor)) {}

  void run() {
    if (anchor_ == elf::kNoSymbol || address_ == 0)
      return;
    const auto count = static_cast<elf::SectionId>(module_.sections.size());
    for (elf::SectionId id = 1; id < count; ++id)
      translate(id);
  }

 private:
  void translate(elf::SectionId id) {
    elf::LivepatchRelocations table{
        .name = fmt::format(".klp.rela.vmlinux.{}", module_.sections[id].name),
        .target = id};
    std::erase_if(module_.sections[id].relocations, [&](elf::Relocation& relocation) {
      if (relocation.symbol != anchor_ || !name_target(id, relocation))
        return false;
      table.relocations.push_back(relocation);
      return true;
    });
    if (!table.relocations.empty())
      module_.livepatch.push_back(std::move(table));
  }

  /// False for what refers to the anchor itself.
  bool name_target(elf::SectionId id, elf::Relocation& relocation) {
    const elf::Section& section = module_.sections[id];
    const arch::InstructionEnds ends = arch_.needs_instructions(section, relocation)
                                           ? arch::instruction_ends(arch_, section)
                                           : arch::InstructionEnds{};
    const std::int64_t distance = arch_.target_offset(section, relocation, ends);
    const std::uint64_t place = address_ + static_cast<std::uint64_t>(distance);
    const image::ImageSymbol* found = vmlinux_.nearest(place);
    if (distance == 0 || !found)
      return false;
    relocation.addend +=
        static_cast<std::int64_t>(address_) - static_cast<std::int64_t>(found->address);
    relocation.symbol = symbol_for(*found);
    return true;
  }

  elf::SymbolId symbol_for(const image::ImageSymbol& found) {
    const auto [entry, is_new] = symbols_.try_emplace(&found, elf::kNoSymbol);
    if (is_new)
      entry->second =
          module_.add_symbol({.name = fmt::format("{}vmlinux.{},{}", kLivepatchSymbols,
                                                  found.name, position(found)),
                              .binding = STB_GLOBAL,
                              .type = found.type,
                              .reserved_index = elf::kLivepatchIndex});
    return entry->second;
  }

  std::uint64_t position(const image::ImageSymbol& found) const {
    for (const image::ImageSymbolId id : vmlinux_.at(found.address))
      if (&vmlinux_.symbols()[id] == &found)
        return vmlinux_.position(id);
    return 0;
  }

  elf::Object& module_;
  const arch::Arch& arch_;
  const image::Image& vmlinux_;
  elf::SymbolId anchor_;
  std::uint64_t address_;
  std::map<const image::ImageSymbol*, elf::SymbolId> symbols_;
};

} // namespace

bool is_for_core(const elf::Object& module) {
  const Bytes& data = module.sections[module.find_section(".modinfo")].data;
  const std::string all = std::string(1, '\0') + std::string(data.begin(), data.end());
  return all.find(kMark) != std::string::npos;
}

elf::Object as_livepatch(elf::Object module, const image::Image& vmlinux) {
  Translator(module, vmlinux).run();
  return module;
}

} // namespace kpatch::verify
