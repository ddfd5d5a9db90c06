// SPDX-License-Identifier: GPL-2.0-or-later
//
// loongarch64. The assembler refers to local labels (.LBB1, .L7) by symbol; they name
// places, not things, so they are turned into section+offset references and dropped.
#include "arch/registry.h"
#include "base/endian.h"
#include "base/error.h"
#include "elf/edit.h"

namespace kpatch::arch {

namespace {

constexpr std::uint32_t kAbsolute32 = 1; // R_LARCH_32
constexpr std::uint32_t kAbsolute64 = 2; // R_LARCH_64
// LoongArch ELF psABI, not in every <elf.h>.
constexpr std::uint32_t kBranch26 = 66;     // R_LARCH_B26
constexpr std::uint32_t kPageHigh = 71;     // R_LARCH_PCALA_HI20
constexpr std::uint32_t kPageLow = 72;      // R_LARCH_PCALA_LO12
constexpr std::uint32_t kSlotPageHigh = 75; // R_LARCH_GOT_PC_HI20
constexpr std::uint32_t kSlotPageLow = 76;  // R_LARCH_GOT_PC_LO12
constexpr std::uint32_t kCall36 = 110;      // R_LARCH_CALL36
constexpr std::uint32_t kAddMask = 0xffc00000;
constexpr std::uint32_t kAdd = 0x02c00000; // addi.d
constexpr std::uint32_t kNop = 0x03400000;
constexpr std::uint64_t kWord = 4;

constexpr ImmediateForm kImmediates[] = {
    {0xffc003e0, 0x03800000, 10, 12}, // ori from $zero
    {0xffe003e0, 0x02800000, 10, 11}, // addi.w from $zero
    {0xffe003e0, 0x02c00000, 10, 11}  // addi.d from $zero
};

class Loongarch64 : public Arch {
 public:
  ArchSet bit() const override { return kLoongarch64; }
  std::string_view name() const override { return "loongarch64"; }
  std::string_view kbuild_name() const override { return "loongarch"; }
  std::string_view debian_name() const override { return "loong64"; }
  std::uint32_t absolute64() const override { return kAbsolute64; }
  std::uint32_t absolute32() const override { return kAbsolute32; }

  void normalise(elf::Object& object) const override {
    const auto is_label = [&](elf::SymbolId id) {
      const elf::Symbol& symbol = object.symbols[id];
      return symbol.is_local() && symbol.type == STT_NOTYPE && symbol.is_defined();
    };
    std::vector<elf::SymbolId> section_symbols(object.sections.size(), elf::kNoSymbol);
    for (elf::SymbolId id = 1; id < object.symbols.size(); ++id)
      if (object.symbols[id].is_section())
        section_symbols[object.symbols[id].section] = id;
    for (elf::Section& section : object.sections)
      for (elf::Relocation& relocation : section.relocations) {
        if (!is_label(relocation.symbol))
          continue;
        const elf::Symbol label = object.symbols[relocation.symbol];
        elf::SymbolId& home = section_symbols[label.section];
        if (home == elf::kNoSymbol)
          home = object.section_symbol(label.section);
        relocation.addend += static_cast<std::int64_t>(label.value);
        relocation.symbol = home;
      }
    std::vector<bool> drop(object.symbols.size());
    for (elf::SymbolId id = 1; id < object.symbols.size(); ++id)
      drop[id] = is_label(id);
    elf::remove_symbols(object, [&](elf::SymbolId id) { return drop[id]; });
  }

  std::uint64_t patchable_entry_offset(const FunctionView& function) const override {
    const Bytes& code = function.section.data;
    const std::uint64_t at = function.symbol.value;
    if (load<std::uint32_t>(code, at, std::endian::little) != kNop ||
        load<std::uint32_t>(code, at + 4, std::endian::little) != kNop)
      fail("{}: {}: unexpected instruction at the start of the function",
           function.object.label, function.symbol.name);
    return 0;
  }

  std::optional<Immediate>
  immediate(std::span<const std::uint8_t> instruction) const override {
    return find_immediate(instruction, std::endian::little, kImmediates);
  }

  bool takes_address(const elf::Section& section,
                     const elf::Relocation& relocation) const override {
    switch (relocation.type) {
    case kPageHigh: return !only_reads(section, relocation.symbol);
    case kPageLow: return is_add(section, relocation.offset);
    case kSlotPageHigh:
    case kSlotPageLow: return true;
    default: return false;
    }
  }

  // Modules lie in the range of vmalloc, far from where the kernel is mapped; jumps and
  // the table of addresses reach it (arch/loongarch/kernel/module.c).
  bool reaches_outside(const elf::Section&,
                       const elf::Relocation& relocation) const override {
    return relocation.type != kAbsolute32 && relocation.type != kPageHigh &&
           relocation.type != kPageLow;
  }

  bool is_branch(const elf::Section& section,
                 const elf::Relocation& relocation) const override {
    return section.is_text() &&
           (relocation.type == kBranch26 || relocation.type == kCall36);
  }

  bool ignores_relocations_of(std::string_view name) const override {
    return name.starts_with(".orc_unwind_ip");
  }

 private:
  static bool is_add(const elf::Section& section, std::uint64_t offset) {
    const std::uint64_t size = section.data.size();
    return size >= kWord && offset <= size - kWord &&
           (load<std::uint32_t>(section.data, offset, std::endian::little) & kAddMask) ==
               kAdd;
  }

  /// pcalau12i gives the page; an addi.d that completes the address stores it somewhere,
  /// other instructions with the low bits use what is there, or jump.
  static bool only_reads(const elf::Section& section, elf::SymbolId symbol) {
    bool reads = false;
    for (const elf::Relocation& relocation : section.relocations) {
      if (relocation.symbol != symbol || relocation.type != kPageLow)
        continue;
      if (is_add(section, relocation.offset))
        return false;
      reads = true;
    }
    return reads;
  }
};

} // namespace

const Arch& loongarch64() {
  static const Loongarch64 arch;
  return arch;
}

} // namespace kpatch::arch
