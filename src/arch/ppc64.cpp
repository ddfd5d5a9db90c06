// SPDX-License-Identifier: GPL-2.0-or-later
//
// ppc64le (ELFv2). Addresses are taken through slots of .toc; a function may have a local
// entry point behind its global one; functions are traced through _mcount or patchable
// entries. A sibling call in a patched function would return with the caller's TOC
// pointer lost, so it is refused.
#include "arch/ppc64_code.h"
#include "arch/registry.h"
#include "arch/toc.h"
#include "base/endian.h"
#include "base/error.h"
#include "elf/kernel_sections.h"

#include <algorithm>

namespace kpatch::arch {

namespace {

constexpr std::uint32_t kEntryMark = 118;        // R_PPC64_ENTRY, not in every <elf.h>
constexpr std::uint32_t kBranchWithoutToc = 116; // R_PPC64_REL24_NOTOC
constexpr std::uint32_t kNop = 0x60000000;
constexpr unsigned kOpcodeShift = 26;
constexpr std::uint32_t kAddi = 14;
constexpr std::uint32_t kPlainBranch = 0x48000000; // b with displacement 0
constexpr std::uint32_t kCall = 0x48000001;        // bl with displacement 0
constexpr std::uint32_t kLink = 1;
constexpr std::uint32_t kRestoreToc = 0xe8410018; // ld r2,24(r1)
constexpr std::uint32_t kPcRelative34 = 132;      // R_PPC64_PCREL34
constexpr std::uint32_t kBranchField = 0x03fffffc;
constexpr std::uint64_t kWord = 4;
constexpr std::uint64_t kTocDelta = 8; // gcc 6 stores the TOC delta before the code
constexpr std::string_view kMcount = "_mcount";

// How a function finds its TOC from its own address, which is in r12 where it is entered
// through a pointer or from another module (ELFv2 ABI, 2.3.2.1): addis r2,r12,x and addi
// r2,r2,x.
constexpr std::uint32_t kUpperHalf = 0xffff0000;
constexpr std::uint32_t kTocHigh = 0x3c4c0000;
constexpr std::uint32_t kTocLow = 0x38420000;
constexpr std::uint64_t kTocSetup = 8;

/// ELFv2 ABI, st_other bits 5-7: distance from the global to the local entry point.
std::uint64_t local_entry_distance(std::uint8_t other) {
  return ((1U << ((other >> 5) & 7)) >> 2) << 2;
}

/// The instruction that has the byte at that offset; 0 outside of the section.
std::uint32_t word_at(const elf::Section& section, std::uint64_t offset) {
  const std::uint64_t at = offset & ~std::uint64_t{3};
  const std::uint64_t size = section.data.size();
  return size >= sizeof(std::uint32_t) && at <= size - sizeof(std::uint32_t)
             ? load<std::uint32_t>(section.data, at, std::endian::little)
             : 0;
}

std::uint32_t branch(std::uint64_t from, std::uint64_t to) {
  return kPlainBranch | (static_cast<std::uint32_t>(to - from) & kBranchField);
}

constexpr ImmediateForm kImmediates[] = {
    {0xfc1f8000, 0x38000000, 0, 15} // li
};

class Ppc64 : public Arch {
 public:
  ArchSet bit() const override { return kPpc64; }
  std::string_view name() const override { return "ppc64le"; }
  std::string_view kbuild_name() const override { return "powerpc"; }
  std::string_view gnu_name() const override { return "powerpc64le"; }
  std::string_view debian_name() const override { return "ppc64el"; }
  std::string_view debian_flavour() const override { return gnu_name(); }
  bool has_vmlinux_in_boot_image() const override { return true; }
  std::optional<VirtualMachine> virtual_machine() const override {
    // Terminals of the hypervisor, as many as there are serial ports.
    return VirtualMachine{.program = "qemu-system-ppc64",
                          .package = "qemu-system-ppc",
                          .machine = "pseries",
                          .cpu = "POWER9",
                          .ports = "-serial chardev:console -serial chardev:report",
                          .console = "hvc0",
                          .report = "hvc1"};
  }
  std::uint32_t absolute64() const override { return R_PPC64_ADDR64; }
  std::uint32_t absolute32() const override { return R_PPC64_ADDR32; }
  std::uint32_t relative64() const override { return R_PPC64_RELATIVE; }
  bool sections_change_code() const override { return true; }

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

  bool counts_from_toc(std::uint32_t type) const override {
    return type == R_PPC64_TOC16_HA || type == R_PPC64_TOC16_LO_DS ||
           type == R_PPC64_TOC16_LO || type == R_PPC64_TOC16 || type == R_PPC64_TOC16_DS;
  }

  // Of a slot of .toc, what the code gets is the address in it; where it refers to the
  // thing itself, an addi completes the address.
  bool takes_address(const elf::Section& section,
                     const elf::Relocation& relocation) const override {
    switch (relocation.type) {
    case R_PPC64_TOC16_HA:
    case R_PPC64_TOC16_DS:
    case R_PPC64_TOC16_LO_DS: return true;
    case R_PPC64_TOC16:
    case R_PPC64_TOC16_LO:
      return word_at(section, relocation.offset) >> kOpcodeShift == kAddi;
    default: return false;
    }
  }

  bool is_branch(const elf::Section& section,
                 const elf::Relocation& relocation) const override {
    return section.is_text() &&
           (relocation.type == R_PPC64_REL24 || relocation.type == kBranchWithoutToc ||
            relocation.type == R_PPC64_REL14);
  }

  // Data by way of .toc, which is in the module. Kernels that address by the program
  // counter (PPC_KERNEL_PCREL) have none, and their compiler refuses the option.
  std::vector<std::string>
  patch_options(std::span<const std::string> words) const override {
    if (std::ranges::find(words, "-mpcrel") != words.end())
      return {};
    return {"-mcmodel=large"};
  }

  // The kernel is 0x8000000000000 bytes before the modules (0xc008..., asm/pgtable.h),
  // and the loader cuts off what does not fit. Calls get a stub.
  bool reaches_outside(const elf::Section&,
                       const elf::Relocation& relocation) const override {
    switch (relocation.type) {
    case R_PPC64_ADDR32:
    case R_PPC64_ADDR16:
    case R_PPC64_ADDR16_LO:
    case R_PPC64_REL32:
    case R_PPC64_REL14:
    case kPcRelative34: return false;
    default: return !counts_from_toc(relocation.type);
    }
  }

  // A jump that returns past its caller leaves the module's TOC pointer where the caller
  // has saved its own.
  bool comes_back(const elf::Section& section, const elf::Relocation& relocation,
                  std::string_view symbol) const override {
    if (relocation.type != R_PPC64_REL24 || symbol == kMcount)
      return true;
    const std::uint32_t next = word_at(section, relocation.offset + kWord);
    return (word_at(section, relocation.offset) & kLink) &&
           (next == kNop || next == kRestoreToc);
  }

  // The loader puts what restores the TOC pointer behind a call, in the place of a NOP.
  // The way back goes there; only ftrace's own function leaves that register alone.
  void reach_outside(elf::Section& section, elf::Relocation& relocation,
                     std::string_view symbol) const override {
    const std::uint64_t call = relocation.offset;
    if (relocation.type != R_PPC64_REL24 || symbol == kMcount ||
        word_at(section, call) != kCall || word_at(section, call + kWord) == kNop)
      return;
    const std::uint64_t added = section.data.size();
    section.data.resize(added + 3 * kWord);
    const auto put = [&](std::uint64_t offset, std::uint32_t word) {
      store(section.data, offset, word, std::endian::little);
    };
    put(call, branch(call, added));
    put(added, kCall);
    put(added + kWord, kNop);
    put(added + 2 * kWord, branch(added + 2 * kWord, call + kWord));
    relocation.offset = added;
  }

  bool is_line_load(std::span<const std::uint8_t> instruction) const override {
    return instruction.size() == 4 && instruction[3] == 0x38 && // li
           (instruction[2] == 0x80 || instruction[2] == 0xa0);  // r4 or r5
  }

  std::optional<Immediate>
  immediate(std::span<const std::uint8_t> instruction) const override {
    return find_immediate(instruction, std::endian::little, kImmediates);
  }

  std::optional<Field> field(std::uint32_t type) const override {
    return type == kEntryMark ? Field{} : ppc64_field(type);
  }

  bool names_slot(const elf::Object& object,
                  const elf::Relocation& relocation) const override {
    return leads_to_toc_slot(*this, object, relocation);
  }

  std::optional<Field> field_without_slot(std::uint32_t type) const override {
    switch (type) {
    case R_PPC64_TOC16_DS: return field(R_PPC64_TOC16);
    case R_PPC64_TOC16_LO_DS: return field(R_PPC64_TOC16_LO);
    default: return field(type);
    }
  }

  bool is_slot_gone(std::span<const std::uint8_t> ours,
                    std::span<const std::uint8_t> theirs,
                    std::uint64_t field) const override {
    return is_ppc64_slot_gone(ours, theirs, field);
  }

  bool is_high_part_gone(std::span<const std::uint8_t> theirs) const override {
    return theirs.size() >= kWord &&
           load<std::uint32_t>(theirs, 0, std::endian::little) == kNop;
  }

  CodeComparison compare_code(const CodePair& code) const override {
    CodePair pair = code;
    const Bytes ours = ppc64_as_linked(code, pair.open);
    pair.ours = ours;
    return Arch::compare_code(pair);
  }

  /// Calls within the image come in behind what sets up the TOC.
  std::uint64_t local_entry_behind(std::uint32_t type,
                                   const CodeBefore& code_before) const override {
    if (type != R_PPC64_REL24)
      return 0;
    const auto code = code_before(kTocSetup);
    const auto is = [&](std::uint64_t at, std::uint32_t instruction) {
      return (load<std::uint32_t>(code, at, std::endian::little) & kUpperHalf) ==
             instruction;
    };
    return code.size() >= kTocSetup && is(0, kTocHigh) && is(4, kTocLow) ? kTocSetup : 0;
  }

  bool is_never_livepatch(const elf::Section& section, const elf::Relocation& relocation,
                          std::string_view) const override {
    const std::uint32_t type = relocation.type;
    if (type == R_PPC64_REL16_HA || type == R_PPC64_REL16_LO || type == kEntryMark)
      return true;
    return type == R_PPC64_REL64 && section.name != elf::kJumpLabels;
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
