// SPDX-License-Identifier: GPL-2.0-or-later
//
// One of the two objects of a diff, with what the diff knows about it beside it. The
// object stays what the compiler made, but for two things: correlation gives a patched
// element the name of its original, and references through section symbols become
// references to what lies there.
#pragma once

#include "arch/arch.h"
#include "arch/toc.h"
#include "dwarf/debug_info.h"
#include "elf/object.h"

#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kpatch::diff {

using elf::kNoSection;
using elf::kNoSymbol;
using elf::SectionId;
using elf::SymbolId;

enum class Status : std::uint8_t { kSame, kChanged, kNew };

/// Why something is part of the patch.
enum class ReasonKind : std::uint8_t {
  kNone,
  kChanged,    ///< its code or data differs
  kNew,        ///< a new global that other objects of the patch may use
  kReferenced, ///< `from` refers to it
  kCallback,   ///< the author's macros name it
  kForced,     ///< part of what every patch carries (string literals, debug information)
  kDescribes,  ///< a special section's entry describes `from`
};

struct Reason {
  ReasonKind kind = ReasonKind::kNone;
  SymbolId from = kNoSymbol;
};

struct SectionState {
  SectionId twin = kNoSection;
  Status content = Status::kNew;
  Status relocations = Status::kNew; ///< of its relocation table, where it has one
  bool included = false;
  bool ignored = false;
  bool followed = false;               ///< its references have been included too
  bool grouped = false;                ///< member of a section group
  SymbolId section_symbol = kNoSymbol; ///< its STT_SECTION symbol
  SymbolId bundled = kNoSymbol;        ///< the function or variable it was made for
  Reason reason;
};

struct SymbolState {
  SymbolId twin = kNoSymbol;
  Status status = Status::kNew;
  bool included = false;
  bool is_prefix = false; ///< names padding, not a function
  bool has_ftrace_entry = false;
  bool became_global = false;         ///< a static function of the original
  SymbolId stands_in_for = kNoSymbol; ///< patched because it calls this one
  SymbolId prefix = kNoSymbol;        ///< the symbol of its padding
  SymbolId parent = kNoSymbol;      ///< the function that a .cold or .part was split from
  bool is_redirected_piece = false; ///< has a parent, but is patched for its own callers
  SymbolId file = kNoSymbol; ///< the FILE symbol (of the original) that it stands under
  Reason reason;
};

/// Whether it was split off another function that answers for it.
inline bool is_piece(const SymbolState& state) {
  return state.parent != kNoSymbol && !state.is_redirected_piece;
}

/// What a relocation refers to once ppc64's .toc is seen through.
struct Reference {
  const elf::Relocation* relocation = nullptr; ///< null: a constant in .toc
  std::uint64_t constant = 0;
};

class Side {
 public:
  /// Takes the object over and derives what the object itself tells: section symbols,
  /// prefix symbols, bundles, parents, ftrace entries. Throws Error for an object that
  /// contradicts itself.
  explicit Side(elf::Object given);

  elf::Object object;
  const arch::Arch& arch;
  std::vector<SectionState> sections;
  std::vector<SymbolState> symbols;
  std::vector<SectionId> inclusion_order; ///< what became part of the patch, in order
  bool has_patchable_entries = false;     ///< ftrace works from such records here
  bool patchable_entries_link_order = false;
  std::vector<bool> patchable; ///< by section: a patchable entry names it

  const elf::Section& section(SectionId id) const { return object.sections[id]; }
  const elf::Symbol& symbol(SymbolId id) const { return object.symbols[id]; }
  /// The section a symbol lies in; kNoSection for undefined and absolute ones.
  SectionId home(SymbolId id) const { return object.symbols[id].section; }
  const std::vector<SymbolId>& children(SymbolId id) const;

  /// The function as its processor wants to see it. The symbol must have a section.
  arch::FunctionView function(SymbolId id) const;

  /// The offset from the symbol that the relocation really means
  /// (arch::Arch::target_offset).
  std::int64_t target_offset(SectionId base, const elf::Relocation& relocation) const;

  /// The literal a relocation points to, if its symbol lies in a section of strings.
  std::optional<std::string_view> string_target(SectionId base,
                                                const elf::Relocation& relocation) const;

  /// The object's debug information, read when first asked for; null if there is none.
  const dwarf::DebugInfo* debug_info() const;

  Reference through_toc(const elf::Relocation& relocation) const;

  /// Leaves the other slots of `.toc` unfilled; by their offsets.
  void keep_toc_slots(const std::set<std::uint64_t>& used);

  /// Gives an element the name of its twin; a section's symbol follows.
  void rename_section(SectionId id, const std::string& name);

 private:
  void find_section_symbols();
  void find_prefixes();
  void find_patchable_entries();
  void bundle();
  void find_parents();
  void find_ftrace_entries();
  void check_bundle(SymbolId id) const;

  std::unordered_map<SymbolId, std::vector<SymbolId>> children_;
  arch::TocFillers toc_;
  mutable std::unordered_map<SectionId, arch::InstructionEnds> instruction_ends_;
  mutable std::unique_ptr<dwarf::DebugInfo> debug_info_;
  mutable bool has_read_debug_info_ = false;
};

/// A static variable of a function body: `name.123`. Its number means nothing.
bool is_static_local(const Side& side, SymbolId id);
/// Per-site data of macros (warn-once flags, lock classes, __func__, ...): the patched
/// code brings its own copy instead of using the original's.
bool is_special_static(const Side& side, SymbolId id);
bool is_dynamic_debug(const Side& side, SymbolId id);

} // namespace kpatch::diff
