// SPDX-License-Identifier: GPL-2.0-or-later
//
// Code and data that stay must not refer to what is gone. Whatever lies in a section
// named .init* is freed once its object has started, in vmlinux
// (asm-generic/vmlinux.lds.h, INIT_TEXT and INIT_DATA between __init_begin and
// __init_end) and in a module, the patch module included (kernel/module/main.c,
// module_init_section). Exit code of vmlinux was never there, or goes with it. Nothing
// says so when the module is loaded: the names are still in kallsyms, and the first call
// runs into freed memory. Code that refers to such things and is right (__ref) did so
// before; what is new with the patch is refused.
#include "arch/toc.h"
#include "base/module_name.h"
#include "diff/context.h"
#include "elf/orc.h"
#include "special/names.h"
#include "special/special_table.h"

#include <algorithm>
#include <array>
#include <set>

namespace kpatch::diff {

namespace {

constexpr std::string_view kInit = ".init";
constexpr std::string_view kExit = ".exit";
/// Tables with entries for all code of the unit, that of switches among them.
constexpr std::array<std::string_view, 5> kTables = {
    ".rodata", arch::kTocSection, elf::kOrcEntries, elf::kOrcPlaces, ".eh_frame"};

bool is_init_or_exit(std::string_view name) {
  return name.starts_with(kInit) || name.starts_with(kExit);
}

/// Whether a symbol of vmlinux lies in the memory that is freed after boot. Templates of
/// per-CPU variables lie there too, and are referred to for their offsets only.
class FreedMemory {
 public:
  explicit FreedMemory(const Inputs& inputs) : inputs_(inputs) {}

  bool has(std::string_view name) const {
    const auto begin = address("__init_begin"), end = address("__init_end");
    const auto at = address(name);
    if (inputs_.parent != kVmlinux || !begin || !end || !at || *at < *begin ||
        *at >= *end)
      return false;
    const auto per_cpu = address("__per_cpu_start"),
               per_cpu_end = address("__per_cpu_end");
    return !per_cpu || !per_cpu_end || *at < *per_cpu || *at >= *per_cpu_end;
  }

 private:
  /// Of the only symbol of that name.
  std::optional<std::uint64_t> address(std::string_view name) const {
    std::optional<std::uint64_t> found;
    image::IndexedSymbol symbol;
    for (const image::EntryId id : inputs_.parent_symbols.named(name)) {
      if (!inputs_.parent_symbols.get(id, symbol) || symbol.type == STT_FILE)
        continue;
      if (found)
        return std::nullopt;
      found = symbol.value;
    }
    return found;
  }

  const Inputs& inputs_;
};

class Check {
 public:
  explicit Check(Context& context)
      : context_(context), patched_(context.patched), freed_(context.inputs) {}

  void run() {
    for (SectionId id = 1; id < patched_.sections.size(); ++id)
      if (stays(id))
        check(id);
  }

 private:
  bool stays(SectionId id) const {
    const elf::Section& section = patched_.section(id);
    return patched_.sections[id].included && (section.flags & SHF_ALLOC) &&
           !is_init_or_exit(section.name) &&
           std::ranges::find(kTables, section.name) == kTables.end() &&
           !special::is_special_section(section.name, patched_.arch);
  }

  void check(SectionId id) {
    const std::set<std::string_view> before = known_targets(id);
    std::set<SymbolId> told;
    for (const elf::Relocation& relocation : patched_.section(id).relocations) {
      const Reference to = patched_.through_toc(relocation);
      if (!to.relocation || !is_gone(to.relocation->symbol) ||
          !told.insert(to.relocation->symbol).second)
        continue;
      const std::string& target = patched_.symbol(to.relocation->symbol).name;
      if (before.contains(target))
        note(context_, NoteKind::kNotice, user(id, relocation.offset),
             "{} refers to {} as before, which is gone once its object has "
             "started",
             user(id, relocation.offset), target);
      else
        refuse(id, user(id, relocation.offset), to.relocation->symbol);
    }
  }

  std::set<std::string_view> known_targets(SectionId id) const {
    std::set<std::string_view> names;
    const Side& original = context_.original;
    for (const elf::Relocation& relocation :
         original.section(patched_.sections[id].twin).relocations)
      if (const Reference to = original.through_toc(relocation); to.relocation)
        names.insert(original.symbol(to.relocation->symbol).name);
    return names;
  }

  bool is_gone(SymbolId id) const {
    const SectionId home = patched_.home(id);
    if (!home)
      return freed_.has(patched_.symbol(id).name);
    const std::string& section = patched_.section(home).name;
    if (section.starts_with(kInit))
      return true;
    if (patched_.symbols[id].status == Status::kNew)
      return false; // travels, in a section that stays
    return (section.starts_with(kExit) && context_.inputs.parent == kVmlinux) ||
           (!patched_.sections[home].included && freed_.has(patched_.symbol(id).name));
  }

  std::string user(SectionId id, std::uint64_t offset) const {
    if (const SymbolId owner = patched_.sections[id].bundled)
      return patched_.symbol(owner).name;
    for (SymbolId symbol = 1; symbol < patched_.symbols.size(); ++symbol)
      if (patched_.home(symbol) == id && !patched_.symbol(symbol).is_section() &&
          offset >= patched_.symbol(symbol).value &&
          offset - patched_.symbol(symbol).value < patched_.symbol(symbol).size)
        return patched_.symbol(symbol).name;
    return patched_.section(id).name;
  }

  void refuse(SectionId from, const std::string& user, SymbolId target) {
    const SectionId home = patched_.home(target);
    const std::string& name = patched_.symbol(target).name;
    const std::string where = home && patched_.section(home).name != name
                                  ? fmt::format(" in {}", patched_.section(home).name)
                                  : std::string(home ? "" : " (init memory of vmlinux)");
    const bool is_its_own = home && patched_.symbols[target].status == Status::kNew;
    add_problem(context_, code::kGone, user,
                fmt::format("{} newly {} {}{}, which is freed once {} has started", user,
                            patched_.section(from).is_text() ? "uses" : "points to", name,
                            where,
                            is_its_own ? std::string("the patch module")
                                       : context_.inputs.parent),
                remedy(name, home, is_its_own));
  }

  static std::string remedy(const std::string& name, SectionId home, bool is_its_own) {
    if (is_its_own)
      return fmt::format("Take the __init or __initdata mark off {}, then build again.",
                         name);
    if (!home)
      return fmt::format("Use what the kernel keeps instead of {}; a function can be "
                         "copied into the patch, under a new name and without its mark.",
                         name);
    return fmt::format("Add a copy of {} with a new name and without its __init mark to "
                       "the patch, and use that instead.",
                       name);
  }

  Context& context_;
  const Side& patched_;
  FreedMemory freed_;
};

} // namespace

void refuse_references_to_gone(Context& context) {
  Check(context).run();
}

} // namespace kpatch::diff
