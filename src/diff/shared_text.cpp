// SPDX-License-Identifier: GPL-2.0-or-later
//
// -ffunction-sections leaves functions alone that the source puts in a section by name:
// all `__sched` functions of a unit share .sched.text, all `__ref` ones .ref.text. These
// are traced and patched like any other, but what is compared and carried is a section,
// so a section that differs is cut up first:
//
//   .ref.text: f, g          becomes      .text.f: f      .text.g: g
//
// Inside one section the assembler resolves calls itself and leaves no relocation. They
// are turned back into relocations; where that cannot be done (a two-byte jump into
// another function, a processor whose code we cannot read that way) the section stays
// whole. Who has the compiler at hand can have each function assembled in a section of
// its own then, and is told which sections to ask for.
//
// Variables that share a section (.data..read_mostly) are only named here: they are taken
// apart before they are assembled (compile/own_sections.cpp).
//
// Sections whose placement has a meaning for the code in them (.noinstr.text,
// .entry.text, .kprobes.text) are not for this: no tracer reaches what is in them.
#include "diff/shared_text.h"

#include "arch/arch.h"
#include "special/names.h"

#include <algorithm>
#include <array>
#include <optional>

namespace kpatch::diff {

namespace {

using elf::SectionId;
using elf::SymbolId;

/// A section of code that the kernel keeps, and whose place does not matter to a copy.
struct Shared {
  std::string_view name;
  bool may_be_untraced = false; ///< noinstr in some kernels: stays whole there
};

// Units compiled without -ffunction-sections (init/*.c) have .text. The others:
// linux/init.h (__ref), linux/sched/debug.h (__sched), linux/spinlock.h (__lockfunc),
// linux/interrupt.h (__irq_entry, __softirq_entry), linux/cpu.h (__cpuidle, which is
// noinstr since 6.3).
constexpr std::array kShared = {Shared{".text"},
                                Shared{".ref.text"},
                                Shared{".sched.text"},
                                Shared{".spinlock.text"},
                                Shared{".irqentry.text"},
                                Shared{".softirqentry.text"},
                                Shared{".cpuidle.text", true}};
constexpr std::string_view kOwnSection = ".text.";

/// What becomes a section of its own.
struct Cut {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::string name;
  SectionId section = elf::kNoSection;
  SymbolId symbol = elf::kNoSymbol; ///< of the new section
};

bool is_prefix(const elf::Symbol& symbol) {
  return symbol.name.starts_with("__pfx_") || symbol.name.starts_with("__cfi_");
}

class Split {
 public:
  Split(elf::Object& object, SectionId shared)
      : object_(object), arch_(arch::arch_for(object)), shared_(shared) {}

  /// Finds out how to cut, without changing anything.
  bool plan() { return find_pieces() && all_symbols_fit() && find_own_references(); }

  /// Whether a tracer reaches any of the functions. To ask once the pieces are found.
  bool is_traced() const {
    return std::ranges::any_of(pieces_, [&](const Cut& piece) {
      const elf::Section section = cut_out(piece);
      return std::ranges::any_of(object_.symbols, [&](elf::Symbol symbol) {
        if (symbol.section != shared_ || !symbol.is_function() || is_prefix(symbol) ||
            symbol.value < piece.start || symbol.value >= piece.end)
          return false;
        symbol.value -= piece.start;
        return arch_.has_ftrace_entry({object_, symbol, section});
      });
    });
  }

  void apply() {
    for (const arch::OwnReference& reference : own_)
      give_relocation(reference);
    make_sections();
    redirect_references();
    for (SymbolId id = 1; id < object_.symbols.size(); ++id) {
      elf::Symbol& symbol = object_.symbols[id];
      if (symbol.section != shared_ || symbol.is_section())
        continue;
      const Cut& piece = *piece_at(symbol.value);
      symbol.section = piece.section;
      symbol.value -= piece.start;
    }
    elf::Section& rest = object_.sections[shared_];
    rest.data.clear();
    rest.relocations.clear();
  }

 private:
  elf::Section& shared() { return object_.sections[shared_]; }

  bool find_pieces() {
    std::vector<const elf::Symbol*> functions;
    for (const elf::Symbol& symbol : object_.symbols)
      if (symbol.section == shared_ && symbol.is_function())
        functions.push_back(&symbol);
    std::ranges::stable_sort(functions, {}, &elf::Symbol::value);
    bool in_prefix = false;
    for (const elf::Symbol* function : functions) {
      const bool goes_on =
          !pieces_.empty() && (function->value == pieces_.back().start ||
                               (in_prefix && function->value == pieces_.back().end));
      if (!goes_on) {
        if (!pieces_.empty() && function->value < pieces_.back().end)
          return false;
        pieces_.push_back({.start = function->value});
      }
      Cut& piece = pieces_.back();
      in_prefix = is_prefix(*function);
      if (!in_prefix && piece.name.empty())
        piece.name = function->name;
      piece.end = std::max(piece.end, function->value + function->size);
    }
    return !pieces_.empty() && pieces_.front().start == 0 &&
           pieces_.back().end <= shared().data.size() &&
           std::ranges::none_of(pieces_,
                                [](const Cut& piece) { return piece.name.empty(); });
  }

  /// The piece that covers an offset or has it in the padding behind it.
  Cut* piece_at(std::uint64_t offset) {
    const auto after = std::ranges::upper_bound(pieces_, offset, {}, &Cut::start);
    return after == pieces_.begin() ? nullptr : &*(after - 1);
  }

  bool all_symbols_fit() const {
    return std::ranges::all_of(object_.symbols, [&](const elf::Symbol& symbol) {
      return symbol.section != shared_ || symbol.is_section() || symbol.is_function() ||
             std::ranges::any_of(pieces_, [&](const Cut& piece) {
               return symbol.value >= piece.start && symbol.value <= piece.end;
             });
    });
  }

  /// Decodes the pieces; the padding between them may be anything.
  bool find_own_references() {
    const std::span<const std::uint8_t> code = shared().data;
    std::vector<std::uint64_t> relocated;
    for (const elf::Relocation& relocation : shared().relocations)
      relocated.push_back(relocation.offset);
    std::ranges::sort(relocated);
    for (const Cut& piece : pieces_)
      for (std::uint64_t at = piece.start; at < piece.end;) {
        const std::size_t length = arch_.instruction_length(code.subspan(at));
        if (length == 0)
          return false;
        const auto next = std::ranges::lower_bound(relocated, at);
        if ((next == relocated.end() || *next >= at + length) && !look_at(piece, at))
          return false;
        at += length;
      }
    return true;
  }

  bool look_at(const Cut& piece, std::uint64_t at) {
    const auto found = arch_.own_reference(shared(), at);
    if (!found.is_known)
      return false;
    if (!found.reference ||
        (found.reference->target >= piece.start && found.reference->target < piece.end))
      return true;
    if (!found.reference->relocation_type || !piece_at(found.reference->target))
      return false;
    own_.push_back(*found.reference);
    return true;
  }

  void give_relocation(const arch::OwnReference& reference) {
    elf::Section& section = shared();
    std::fill_n(section.data.begin() + static_cast<std::ptrdiff_t>(reference.field),
                reference.size, std::uint8_t{0});
    const elf::Relocation made{
        reference.field, reference.relocation_type, object_.section_symbol(shared_),
        static_cast<std::int64_t>(reference.target) - reference.field_to_end};
    auto& list = shared().relocations;
    list.insert(std::ranges::upper_bound(list, made.offset, {}, &elf::Relocation::offset),
                made);
    shared().has_relocations = true;
  }

  elf::Section cut_out(const Cut& piece) const {
    const elf::Section& whole = object_.sections[shared_];
    elf::Section section{.name = std::string(kOwnSection) + piece.name,
                         .flags = whole.flags,
                         .alignment = whole.alignment,
                         .has_relocations = whole.has_relocations,
                         .relocation_flags = whole.relocation_flags};
    section.data.assign(whole.data.begin() + static_cast<std::ptrdiff_t>(piece.start),
                        whole.data.begin() + static_cast<std::ptrdiff_t>(piece.end));
    for (elf::Relocation relocation : whole.relocations)
      if (relocation.offset >= piece.start && relocation.offset < piece.end) {
        relocation.offset -= piece.start;
        section.relocations.push_back(relocation);
      }
    return section;
  }

  void make_sections() {
    for (Cut& piece : pieces_) {
      piece.section = object_.add_section(cut_out(piece));
      piece.symbol = object_.section_symbol(piece.section);
    }
  }

  /// What refers to the shared section's symbol means a place in one of the pieces.
  void redirect_references() {
    for (elf::Section& section : object_.sections) {
      std::optional<arch::InstructionEnds> ends;
      for (elf::Relocation& relocation : section.relocations) {
        const elf::Symbol& symbol = object_.symbols[relocation.symbol];
        if (!symbol.is_section() || symbol.section != shared_)
          continue;
        if (!ends && arch_.needs_instructions(section, relocation))
          ends = arch::instruction_ends(arch_, section);
        const std::int64_t target = arch_.target_offset(
            section, relocation, ends ? *ends : arch::InstructionEnds());
        const Cut& piece =
            *piece_at(static_cast<std::uint64_t>(std::max<std::int64_t>(target, 0)));
        relocation.symbol = piece.symbol;
        relocation.addend -= static_cast<std::int64_t>(piece.start);
      }
    }
  }

  elf::Object& object_;
  const arch::Arch& arch_;
  SectionId shared_;
  std::vector<Cut> pieces_;
  std::vector<arch::OwnReference> own_;
};

/// Whether the bytes or relocations differ as they stand in the files.
bool differs_as_written(const elf::Object& a, const elf::Section& before,
                        const elf::Object& b, const elf::Section& now) {
  return before.size() != now.size() || before.data != now.data ||
         !std::ranges::equal(before.relocations, now.relocations,
                             [&](const elf::Relocation& x, const elf::Relocation& y) {
                               return x.offset == y.offset && x.type == y.type &&
                                      x.addend == y.addend &&
                                      a.symbols[x.symbol].name ==
                                          b.symbols[y.symbol].name;
                             });
}

} // namespace

std::vector<std::string> split_shared_text(elf::Object& original, elf::Object& patched) {
  std::vector<std::string> whole;
  if (original.header != patched.header)
    return whole;
  for (const Shared& shared : kShared) {
    const SectionId before = original.find_section(shared.name);
    const SectionId now = patched.find_section(shared.name);
    if (!before || !now || !original.sections[before].is_text() ||
        !patched.sections[now].is_text() ||
        !differs_as_written(original, original.sections[before], patched,
                            patched.sections[now]))
      continue;
    Split of_original(original, before);
    Split of_patched(patched, now);
    const bool can_be_cut = of_original.plan() && of_patched.plan();
    if (shared.may_be_untraced && !of_original.is_traced())
      continue;
    if (!can_be_cut) {
      whole.emplace_back(shared.name);
      continue;
    }
    of_original.apply();
    of_patched.apply();
  }
  return whole;
}

std::vector<std::string> changed_shared_data(const elf::Object& original,
                                             const elf::Object& patched) {
  std::vector<std::string> changed;
  for (const elf::Section& section : patched.sections) {
    const SectionId before = special::is_shared_data(section.name)
                                 ? original.find_section(section.name)
                                 : elf::kNoSection;
    if (before &&
        differs_as_written(original, original.sections[before], patched, section))
      changed.push_back(section.name);
  }
  return changed;
}

} // namespace kpatch::diff
