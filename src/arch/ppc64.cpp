// SPDX-License-Identifier: GPL-2.0-or-later
//
// ppc64le (ELFv2). Addresses are taken through slots of .toc; a function may have a local
// entry point behind its global one; functions are traced through _mcount or patchable
// entries. A sibling call in a patched function would return with the caller's TOC
// pointer lost, so it is refused.
#include "arch/registry.h"
#include "base/endian.h"
#include "base/error.h"

namespace kpatch::arch {

namespace {

constexpr std::uint32_t kEntryMark = 118; // R_PPC64_ENTRY, not in every <elf.h>
constexpr std::uint32_t kNop = 0x60000000;
constexpr std::uint32_t kPlainBranch = 0x48000000; // b with displacement 0
constexpr std::uint64_t kTocDelta = 8; // gcc 6 stores the TOC delta before the code
constexpr std::string_view kMcount = "_mcount";

/// ELFv2 ABI, st_other bits 5-7: distance from the global to the local entry point.
std::uint64_t local_entry_distance(std::uint8_t other) {
  return ((1U << ((other >> 5) & 7)) >> 2) << 2;
}

constexpr ImmediateForm kImmediates[] = {
    {0xfc1f8000, 0x38000000, 0, 15} // li
};

class Ppc64 : public Arch {
 public:
  ArchSet bit() const override { return kPpc64; }
  std::string_view name() const override { return "ppc64le"; }
  std::string_view kbuild_name() const override { return "powerpc"; }
  std::string_view debian_name() const override { return "ppc64el"; }
  std::uint32_t absolute64() const override { return R_PPC64_ADDR64; }
  std::uint32_t absolute32() const override { return R_PPC64_ADDR32; }

  std::uint64_t local_entry_start(const elf::Symbol& symbol) const override {
    const bool has_delta =
        local_entry_distance(symbol.other) != 0 && symbol.value == kTocDelta;
    return has_delta ? kTocDelta : 0;
  }

  std::uint64_t function_start(const FunctionView& function) const override {
    return local_entry_start(function.symbol);
  }

  bool has_ftrace_entry(const FunctionView& function) const override {
    return function.has_patchable_entry || find_mcount(function);
  }

  std::uint64_t mcount_site(const FunctionView& function) const override {
    if (const elf::Relocation* call = find_mcount(function))
      return call->offset;
    fail("{}: {}: no call to _mcount", function.object.label, function.symbol.name);
  }

  std::uint64_t patchable_entry_offset(const FunctionView& function) const override {
    const std::uint64_t offset =
        function.symbol.value + local_entry_distance(function.symbol.other);
    if (load<std::uint32_t>(function.section.data, offset,
                            function.object.header.order) != kNop)
      fail("{}: {}: unexpected instruction in patch section of function",
           function.object.label, function.symbol.name);
    return offset;
  }

  bool goes_through_toc(std::uint32_t type) const override {
    return type == R_PPC64_TOC16_HA || type == R_PPC64_TOC16_LO_DS;
  }

  bool takes_address(std::uint32_t type) const override { return goes_through_toc(type); }

  bool is_line_load(std::span<const std::uint8_t> instruction) const override {
    return instruction.size() == 4 && instruction[3] == 0x38 && // li
           (instruction[2] == 0x80 || instruction[2] == 0xa0);  // r4 or r5
  }

  std::optional<Immediate>
  immediate(std::span<const std::uint8_t> instruction) const override {
    return find_immediate(instruction, std::endian::little, kImmediates);
  }

  bool is_never_livepatch(const elf::Section& section, const elf::Relocation& relocation,
                          std::string_view) const override {
    const std::uint32_t type = relocation.type;
    if (type == R_PPC64_REL16_HA || type == R_PPC64_REL16_LO || type == kEntryMark)
      return true;
    return type == R_PPC64_REL64 && section.name != "__jump_table";
  }

  std::vector<std::uint64_t> sibling_calls(const elf::Section& section) const override {
    std::vector<std::uint64_t> found;
    for (const elf::Relocation& relocation : section.relocations)
      if (relocation.offset % 4 == 0 &&
          load<std::uint32_t>(section.data, relocation.offset, std::endian::little) ==
              kPlainBranch)
        found.push_back(relocation.offset);
    return found;
  }

 private:
  static const elf::Relocation* find_mcount(const FunctionView& function) {
    for (const elf::Relocation& relocation : function.section.relocations)
      if (function.object.symbols[relocation.symbol].name == kMcount)
        return &relocation;
    return nullptr;
  }
};

} // namespace

const Arch& ppc64() {
  static const Ppc64 arch;
  return arch;
}

} // namespace kpatch::arch
