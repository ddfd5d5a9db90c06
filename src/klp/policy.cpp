// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which references the module loader can fill in, and which only the livepatch core can.
// The loader knows what vmlinux exports. Everything else that the patched code uses of
// the kernel goes through a livepatch relocation: functions and data that are not
// exported, locals, and what modules export, since such a module may be loaded after the
// patch.
//
// A pointer to a *patched* function must name the original: it may be stored where it
// outlives the patch module (a timer, a callback, a word of data), and calls through it
// reach the new code all the same, by way of ftrace.
#include "klp/policy.h"

#include "arch/toc.h"
#include "base/error.h"
#include "base/module_name.h"
#include "diff/data_words.h"
#include "special/names.h"

#include <algorithm>
#include <array>

namespace kpatch::klp {

namespace {

constexpr std::array<std::string_view, 3> kHookHelpers = {
    "kpatch_shadow_alloc", "kpatch_shadow_free", "kpatch_shadow_get"};

/// A relocation and where it stands.
struct Seen {
  elf::SectionId section;
  std::size_t position;
};

class Chooser {
 public:
  Chooser(const diff::Delta& delta, Resolver& resolver)
      : delta_(delta), resolver_(resolver), toc_(delta.object) {}

  std::vector<std::vector<bool>> run() {
    marks_.resize(delta_.object.sections.size());
    for (elf::SectionId id = 1; id < marks_.size(); ++id)
      marks_[id].resize(delta_.object.sections[id].relocations.size());
    for (elf::SectionId id = 1; id < marks_.size(); ++id)
      if (!special::is_debug_section(delta_.object.sections[id].name))
        for (std::size_t i = 0; i < marks_[id].size(); ++i)
          choose(id, i);
    return std::move(marks_);
  }

 private:
  const elf::Relocation& at(Seen seen) const {
    return delta_.object.sections[seen.section].relocations[seen.position];
  }

  /// The relocation that says what is meant: that of the slot if there is one.
  std::optional<Seen> through_toc(Seen from) const {
    if (!arch::leads_to_toc_slot(*delta_.arch, delta_.object, at(from)))
      return from;
    const auto filler = toc_.find(arch::toc_slot(delta_.object, at(from)));
    return filler ? std::optional(Seen{toc_.section(), *filler}) : std::nullopt;
  }

  void choose(elf::SectionId id, std::size_t position) {
    const elf::Section& section = delta_.object.sections[id];
    const elf::Relocation& relocation = section.relocations[position];
    const elf::Symbol& symbol = delta_.object.symbols[relocation.symbol];
    if (relocation.symbol == elf::kNoSymbol ||
        delta_.arch->is_never_livepatch(section, relocation, symbol.name) ||
        std::ranges::find(kHookHelpers, symbol.name) != kHookHelpers.end())
      return;
    if (const auto target = pointer_to_function({id, position})) {
      const elf::SymbolId function = at(*target).symbol;
      if (delta_.object.symbols[function].is_defined()) {
        marks_[target->section][target->position] = is_patched(function);
        return;
      }
    }
    marks_[id][position] = symbol.is_undefined() && needs_livepatch(relocation.symbol);
  }

  /// The relocation that names the function whose address is taken here, if that is what
  /// happens.
  std::optional<Seen> pointer_to_function(Seen from) const {
    const elf::Section& section = delta_.object.sections[from.section];
    if (section.name != diff::kDataWords &&
        !delta_.arch->takes_address(section, at(from)))
      return std::nullopt;
    const auto target = through_toc(from);
    if (!target || !is_to_the_start(*target))
      return std::nullopt;
    const elf::SymbolId id = at(*target).symbol;
    if (!delta_.object.symbols[id].is_function() || delta_.symbols[id].has_parent)
      return std::nullopt;
    return target;
  }

  /// No relocation that takes an address of code needs the instructions for that.
  bool is_to_the_start(Seen target) const {
    return delta_.arch->target_offset(delta_.object.sections[target.section], at(target),
                                      {}) == 0;
  }

  /// A function that the kernel has too; a clone (`f.isra.0`) never has its address
  /// stored.
  bool is_patched(elf::SymbolId function) const {
    return delta_.symbols[function].status != diff::Status::kNew &&
           delta_.object.symbols[function].name.find('.') == std::string::npos;
  }

  bool needs_livepatch(elf::SymbolId id) {
    const elf::Symbol& symbol = delta_.object.symbols[id];
    const std::optional<diff::Found>& found = resolver_.find(id);
    if (!found) {
      if (symbol.is_local())
        fail_with_remedy(kMissingSymbolRemedy,
                         "{}: can't find local symbol '{}' in symbol table of {}",
                         delta_.inputs.label, symbol.name, delta_.inputs.parent);
      return false; // another object of the patch defines it
    }
    if (symbol.is_local()) {
      if (found->is_global)
        fail_with_remedy(
            kMissingSymbolRemedy,
            "{}: can't find local symbol '{}' in symbol table of {}, which has a global "
            "of that "
            "name",
            delta_.inputs.label, symbol.name, delta_.inputs.parent);
      return true;
    }
    if (found->is_exported)
      return found->object != kVmlinux || delta_.arch->local_entry_start(symbol) != 0;
    // What merely became global is the unit's own, and the kernel's. Of another local
    // another object of the patch defines what is meant.
    return found->is_global || delta_.symbols[id].became_global;
  }

  const diff::Delta& delta_;
  Resolver& resolver_;
  arch::TocFillers toc_;
  std::vector<std::vector<bool>> marks_;
};

} // namespace

const std::optional<diff::Found>& Resolver::find(elf::SymbolId id) {
  Entry& entry = known_.at(id);
  if (!entry.is_known) {
    const elf::Symbol& symbol = delta_.object.symbols[id];
    entry.found = diff::look_up(
        delta_.inputs, delta_.ties,
        {.name = symbol.name,
         .file = delta_.symbols[id].file,
         .is_local = symbol.is_local() || delta_.symbols[id].became_global});
    entry.is_known = true;
  }
  return entry.found;
}

std::vector<std::vector<bool>> choose_livepatch_relocations(const diff::Delta& delta,
                                                            Resolver& resolver) {
  return Chooser(delta, resolver).run();
}

} // namespace kpatch::klp
