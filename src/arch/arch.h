// SPDX-License-Identifier: GPL-2.0-or-later
//
// What differs from one processor to the next, and nothing else. The base class holds the
// defaults; a processor overrides what it does otherwise. To add one: derive from Arch in
// a file of its own, give it a row in processors.def, and add its bit to the rows of the
// special-section table (special/special_table.cpp) whose sections it has.
#pragma once

#include "arch/address_use.h"
#include "arch/code_sites.h"
#include "arch/field.h"
#include "arch/virtual_machine.h"
#include "elf/object.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::arch {

/// Numbers of the rows of processors.def.
enum class ProcessorRow {
#define KPATCH_PROCESSOR(bit, get, machine) get,
#include "arch/processors.def"
#undef KPATCH_PROCESSOR
  kCount,
};

/// A set of processors, for tables that say where a row applies.
enum ArchSet : std::uint32_t {
#define KPATCH_PROCESSOR(bit, get, machine)                                              \
  bit = 1U << static_cast<unsigned>(ProcessorRow::get),
#include "arch/processors.def"
#undef KPATCH_PROCESSOR
  kAllArchs = (1U << static_cast<unsigned>(ProcessorRow::kCount)) - 1,
};

inline constexpr std::string_view kPatchableEntries = "__patchable_function_entries";

/// A function and where it lies.
struct FunctionView {
  const elf::Object& object;
  const elf::Symbol& symbol;
  const elf::Section& section;
  bool has_patchable_entry =
      false; ///< a patchable-function-entries record names its section
};

/// A reference that the assembler has resolved by itself, since it stays within its
/// section.
struct OwnReference {
  std::uint64_t field = 0;       ///< offset of its bytes, from the start of the section
  std::size_t size = 0;          ///< how many they are
  std::int64_t field_to_end = 0; ///< from the field to the end of the instruction
  std::uint64_t target = 0;      ///< offset of what it refers to
  std::uint32_t relocation_type = 0; ///< that says the same; 0 if none can
};

/// What an instruction without relocation refers to in its own section, if that can be
/// told.
struct OwnReferenceAnswer {
  bool is_known = false;
  std::optional<OwnReference> reference;
};

/// A jump label that is to look at its key each time, instead of being rewritten when the
/// key is switched.
struct KeyTest {
  std::uint64_t site = 0; ///< of its instruction, from the start of the section
  elf::SymbolId key = elf::kNoSymbol;
  std::int64_t key_offset = 0;
  bool jumps_if_enabled = true;
  elf::SymbolId target = elf::kNoSymbol; ///< where it jumps to
  std::int64_t target_offset = 0;
};

/// A piece of code as compiled, and what may be the same at its place in an image.
struct CodePair {
  std::span<const std::uint8_t> ours;
  Bytes open; ///< for each byte of ours, its bits that relocations fill in
  std::span<const std::uint8_t> theirs; ///< may go on behind the function's end
  std::set<std::uint64_t> labels{};     ///< where jump labels are in ours
  std::set<std::uint64_t> slots{};      ///< fields of ours that `names_slot`
};

/// An instruction of ours and the one that stands for it in the image.
struct InstructionPair {
  std::uint64_t ours = 0;
  std::uint64_t theirs = 0;
  std::uint8_t our_size = 0;
  std::uint8_t their_size = 0;
  /// Of a branch whose sizes differ: where theirs goes, counted from the start of theirs.
  std::int64_t target = 0;
};

struct CodeComparison {
  bool equal = false;
  bool same_layout = true; ///< every byte of ours is at the same offset of theirs
  std::vector<InstructionPair> pairs; ///< unless of the same layout
  std::uint64_t our_difference = 0; ///< unless equal: the first instructions that differ
  std::uint64_t their_difference = 0;
};

/// Code that may be called through a pointer where the processor tracks such calls, and
/// jumps on to another function; the relocation that names it.
struct LandingThunk {
  Bytes code;
  std::uint64_t offset = 0;
  std::uint32_t type = 0;
  std::int64_t addend = 0;
};

/// A number that an instruction holds, and the instruction with a zero in its place.
struct Immediate {
  std::uint64_t value = 0;
  Bytes rest;
};

/// Instruction boundaries of one code section: the end offset of each, ascending.
using InstructionEnds = std::vector<std::uint64_t>;

class Arch {
 public:
  virtual ~Arch() = default;

  virtual ArchSet bit() const = 0;
  /// As uname -m says it.
  virtual std::string_view name() const = 0;
  /// As kbuild's ARCH= takes it.
  virtual std::string_view kbuild_name() const { return name(); }
  /// As compilers for it are called: the first word of gcc -dumpmachine.
  virtual std::string_view gnu_name() const { return name(); }
  /// As Debian calls it.
  virtual std::string_view debian_name() const { return name(); }
  /// As Debian's kernels have it in their names.
  virtual std::string_view debian_flavour() const { return debian_name(); }
  /// Whether Debian configures its kernels with CONFIG_LIVEPATCH, as the .config of its
  /// packages linux-headers-* of 6.1 to 7.3 says.
  virtual bool has_livepatch_in_debian() const { return false; }
  /// Whether kpatch.ko knows the stacks of this processor (kmod/core/processor.h), so
  /// that it can do for kernels without CONFIG_LIVEPATCH what that does.
  virtual bool has_core() const { return false; }
  /// Whether the file that boots is a vmlinux or has one in it that can be read.
  virtual bool has_vmlinux_in_boot_image() const { return false; }
  /// Where a rehearsal runs; nothing where none was ever run.
  virtual std::optional<VirtualMachine> virtual_machine() const { return std::nullopt; }

  /// The relocation that stores a 64-bit absolute address.
  virtual std::uint32_t absolute64() const = 0;
  /// The one that stores the low 32 bits of one.
  virtual std::uint32_t absolute32() const = 0;

  /// The one that says in a linked image where an address stands that moves with it; 0
  /// where kernels have none.
  virtual std::uint32_t relative64() const { return 0; }

  /// Whether gcc makes other code where each function and variable has a section of its
  /// own: it then refers to no variable by way of another (-fsection-anchors), and loops
  /// are aligned from the start of their function. What is held against an image is
  /// compiled without (compile::command_as_shipped).
  virtual bool sections_change_code() const { return false; }

  /// Rewrites peculiarities of this processor's assemblers into the common form, after
  /// reading.
  virtual void normalise(elf::Object&) const {}

  /// Length in bytes of the instruction at the start of `code`; 0 if there is none.
  virtual std::size_t instruction_length(std::span<const std::uint8_t> code) const;

  /// Whether `target_offset` needs the instruction boundaries for this relocation.
  virtual bool needs_instructions(const elf::Section&, const elf::Relocation&) const {
    return false;
  }

  /// The offset from the symbol that the code really refers to: the addend, freed of what
  /// the processor's PC-relative addressing adds to it. Throws Error for an unknown
  /// relocation type.
  virtual std::int64_t target_offset(const elf::Section& section,
                                     const elf::Relocation& relocation,
                                     const InstructionEnds& ends) const;

  /// Whether a relocation of this type in code may load an address one past an object's
  /// end.
  virtual bool may_point_past_end(std::uint32_t) const { return false; }

  /// Marks in the symbol table that say "code" or "data" and name nothing.
  virtual bool is_mapping_symbol(const elf::Symbol&) const { return false; }

  /// `__pfx_` and `__cfi_` symbols name the padding before a function.
  virtual bool has_prefix_symbols() const { return false; }

  /// Where padding of NOPs that starts at `from` ends.
  virtual std::uint64_t end_of_padding(const elf::Section&, std::uint64_t from) const {
    return from;
  }

  /// Where in its own section a function starts that has no prefix symbol, if the
  /// compiler puts something before it.
  virtual std::uint64_t function_start(const FunctionView&) const { return 0; }

  /// Bytes at the start of a symbol's section that its relocations count from although
  /// the symbol's value includes them (ppc64 ELFv2 local entry of gcc 6); 0 elsewhere.
  virtual std::uint64_t local_entry_start(const elf::Symbol&) const { return 0; }

  /// Whether records in `__patchable_function_entries` are what ftrace works from.
  virtual bool uses_patchable_entries() const { return true; }

  /// Whether the function can be redirected by ftrace.
  virtual bool has_ftrace_entry(const FunctionView& function) const {
    return function.has_patchable_entry;
  }

  /// Offset, from the start of the function's section, of the call site for
  /// `__mcount_loc`. Throws Error if the function has none.
  virtual std::uint64_t mcount_site(const FunctionView& function) const;

  /// Turns what the compiler left at a traced function's start into what ftrace expects
  /// there. Throws Error if the code is neither.
  virtual void make_traceable(elf::Section&) const {}

  /// The offset for a `__patchable_function_entries` record, from the start of the
  /// function's section. Throws Error if the code there is not as expected.
  virtual std::uint64_t patchable_entry_offset(const FunctionView& function) const;

  /// Whether a relocation of this type is a distance from ppc64's TOC pointer.
  virtual bool counts_from_toc(std::uint32_t) const { return false; }

  /// Sections that only this processor lets the diff ignore.
  virtual bool ignores_section(std::string_view) const { return false; }
  virtual bool ignores_relocations_of(std::string_view) const { return false; }

  /// Whether the instruction loads an immediate into a register that passes a line
  /// number.
  virtual bool is_line_load(std::span<const std::uint8_t>) const { return false; }

  /// The number that an instruction loads into a register, stores or pushes, if it is of
  /// a kind that compilers use for numbers as large as a line's.
  virtual std::optional<Immediate> immediate(std::span<const std::uint8_t>) const {
    return std::nullopt;
  }

  /// Whether a call to this function takes a line number as such an argument.
  virtual bool takes_line_number(std::string_view callee) const;

  /// Whether a relocation in code gives it the address of what it names, rather than
  /// calling that or reading what is there.
  virtual bool takes_address(const elf::Section&, const elf::Relocation&) const {
    return false;
  }

  /// Whether a relocation is the target of a call or jump, rather than part of a pointer.
  virtual bool is_branch(const elf::Section&, const elf::Relocation&) const {
    return false;
  }

  /// The addend of a call that leads to the start of what it names.
  virtual std::int64_t addend_of_call() const { return 0; }

  /// Whether a relocation in a function makes a pointer to what it names.
  virtual bool uses_as_pointer(const elf::Section& section,
                               const elf::Relocation& relocation) const {
    return takes_address(section, relocation);
  }

  /// Options to compile a unit with beside the `words` of its own build, on both sides of
  /// a patch, so that its code reaches the kernel's data from a module. Code that is to
  /// be the same as the kernel's goes without them.
  virtual std::vector<std::string> patch_options(std::span<const std::string>) const {
    return {};
  }

  /// Objects that the kernel's build may link into every module at the end, by their
  /// place below the object tree.
  virtual std::span<const std::string_view> module_extras() const { return {}; }

  /// Whether the loader takes a field that is not zero for one that is filled in already.
  virtual bool wants_empty_fields() const { return false; }

  /// Whether a relocation in a module reaches the kernel or another module.
  virtual bool reaches_outside(const elf::Section&, const elf::Relocation&) const {
    return true;
  }

  /// Whether a call or jump out of the module, to `symbol`, comes back to code that works
  /// on.
  virtual bool comes_back(const elf::Section&, const elf::Relocation&,
                          std::string_view /*symbol*/) const {
    return true;
  }

  /// Rewrites the instruction that a relocation is for, and the relocation, so that it
  /// reaches what lies outside of the module; `symbol` is the name of that. May add code
  /// at the end of the section. Instructions that do so anyway stay as they are.
  virtual void reach_outside(elf::Section&, elf::Relocation&,
                             std::string_view /*symbol*/) const {}

  /// What functions jump to instead of returning, where a kernel asks for it; else empty.
  virtual std::string_view return_thunk() const { return {}; }

  /// Nothing where the processor has no need of it.
  virtual std::optional<LandingThunk> landing_thunk() const { return std::nullopt; }

  /// Whether the instruction at an offset, which has no relocation, refers to a place in
  /// its section.
  virtual OwnReferenceAnswer own_reference(const elf::Section&, std::uint64_t) const {
    return {};
  }

  /// Whether a jump label at `site` can be turned into a test of its key.
  virtual bool can_test_key(const elf::Section&, std::uint64_t) const { return false; }

  /// Appends code to the section that tests the key, and makes the site go there. The
  /// site must be one that `can_test_key`.
  virtual void add_key_test(elf::Section&, const KeyTest&) const {}

  /// Relocations that must stay ordinary ones in a livepatch module.
  virtual bool is_never_livepatch(const elf::Section&, const elf::Relocation&,
                                  std::string_view) const {
    return false;
  }

  /// What a relocation of this type fills in; nothing if it is not known here.
  virtual std::optional<Field> field(std::uint32_t) const { return std::nullopt; }

  /// Whether a relocation in code names a slot that holds the address: of a GOT, or of
  /// ppc64's .toc.
  virtual bool names_slot(const elf::Object&, const elf::Relocation&) const {
    return false;
  }

  /// Whether the linker has done away with the instruction that would have the high part
  /// of an address, since it is 0. `theirs` begins at the field.
  virtual bool is_high_part_gone(std::span<const std::uint8_t> /*theirs*/) const {
    return false;
  }

  /// Whether such slots are made by whoever links the code, for the symbol that it names.
  virtual bool makes_slots() const { return false; }

  /// What the field of such a relocation becomes where the linker has done away with the
  /// slot.
  virtual std::optional<Field> field_without_slot(std::uint32_t type) const {
    return field(type);
  }

  /// How far behind the start of a function a reference of this type leads to in an
  /// image, where that is another entry of the function. `code_before` gives the code
  /// that begins so many bytes before the place.
  using CodeBefore = std::function<std::span<const std::uint8_t>(std::uint64_t)>;
  virtual std::uint64_t local_entry_behind(std::uint32_t, const CodeBefore&) const {
    return 0;
  }

  /// Whether the linker has put into the image (`theirs`) an instruction that has the
  /// address itself, in the place of ours that loads it from a slot. Both begin at the
  /// same place; `field` is the offset of the distance.
  virtual bool is_slot_gone(std::span<const std::uint8_t> /*ours*/,
                            std::span<const std::uint8_t> /*theirs*/,
                            std::uint64_t /*field*/) const {
    return false;
  }

  /// Whether the image has the same code, apart from what relocations fill in and from
  /// what a linker or assembler may have chosen otherwise.
  virtual CodeComparison compare_code(const CodePair& code) const;

  /// The instruction at the start of `code`, for messages.
  virtual std::string disassemble(std::span<const std::uint8_t> code,
                                  std::uint64_t address) const;

  /// What stands at the places that a module lists; null where this is not known.
  virtual const CodeSites* code_sites() const { return nullptr; }

  /// Whether code does nothing with the address that a relocation gives it but read what
  /// is there, compare it, and hand it to functions that do no more than that. False if
  /// it is stored, returned, or if the code cannot be followed. `ways` are those that the
  /// instructions do not show.
  virtual bool is_only_read(const elf::Section&, const elf::Relocation&,
                            const CalleeTable&, std::span<const OtherWay>) const {
    return false;
  }

  /// Whether code itself, rather than what it calls, writes the address that a relocation
  /// gives it to memory that is not its stack, and that no relocation names which is to
  /// be `spared`. False where that is not known.
  virtual bool is_stored(const elf::Section&, const elf::Relocation&,
                         const PlaceTable& /*spared*/) const {
    return false;
  }

  /// Offsets of jumps to other functions that a livepatch would break, in the order of
  /// their relocations.
  virtual std::vector<std::uint64_t> sibling_calls(const elf::Section&) const {
    return {};
  }
};

/// The processor of an object. Throws Error for a machine that is not supported.
const Arch& arch_for(const elf::Object& object);

/// The same by the number of <elf.h>, for messages about `label`.
const Arch& arch_for(std::uint16_t machine, std::string_view label);

/// All processors, in the order of processors.def.
std::vector<const Arch*> all_archs();

/// The processor that uname -m calls so; null if it is not supported.
const Arch* find_arch(std::string_view name);

/// Decodes a section from its start. Throws Error naming the offset that cannot be
/// decoded.
InstructionEnds instruction_ends(const Arch& arch, const elf::Section& section);

} // namespace kpatch::arch
