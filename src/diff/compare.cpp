// SPDX-License-Identifier: GPL-2.0-or-later
//
// Decides for each section and symbol of the patched object whether it is the same as its
// twin, changed, or new. Code and data are compared byte by byte with relocated fields as
// zeroes, and relocations by what they mean: string literals by their text, everything
// else by name and addend. Where something lies (offsets into string sections, section
// numbers) never matters.
#include "arch/toc.h"
#include "base/endian.h"
#include "base/error.h"
#include "diff/constants.h"
#include "diff/constants_of_unit.h"
#include "diff/context.h"
#include "diff/entry_references.h"
#include "elf/kernel_sections.h"
#include "special/names.h"
#include "special/special_table.h"

#include <algorithm>
#include <array>

namespace kpatch::diff {

namespace {

/// Made again for every patch module, so a difference means nothing.
bool is_regenerated(const Side& side, std::string_view name) {
  const special::SpecialSection* row = special::find_special_section(name, side.arch);
  return row && row->policy == special::Policy::kRegenerate;
}

constexpr const char* kNewName =
    "The kernel has it as it was: leave it so, give what is new another name in the "
    "patch, and use that in the functions that need it.";
constexpr const char* kOtherOptions =
    "Both sides must be compiled by one compiler with the same options: build again with "
    "the compiler and the configuration of the kernel.";

[[noreturn]] void not_patchable(const Context& context, const std::string& what,
                                const std::string& remedy) {
  throw Error(fmt::format("{}: {}", context.inputs.label, what), remedy,
              Exit::kNotPatchable);
}

class Comparison {
 public:
  explicit Comparison(Context& context)
      : context_(context), original_(context.original), patched_(context.patched) {}

  void compare(SectionId id) {
    SectionState& state = patched_.sections[id];
    if (!state.twin)
      return;
    const elf::Section& now = patched_.section(id);
    const elf::Section& before = original_.section(state.twin);
    check_header(now, before, state);
    if (is_regenerated(patched_, now.name)) {
      state.content = state.relocations = Status::kSame;
      return;
    }
    const bool same_tables = now.has_relocations == before.has_relocations;
    state.content =
        same_tables && has_same_content(now, before) ? Status::kSame : Status::kChanged;
    if (!same_tables)
      state.relocations = now.has_relocations ? Status::kNew : Status::kSame;
    else if (now.name == arch::kTocSection || state.ignored)
      state.relocations = Status::kSame;
    else
      state.relocations =
          has_same_relocations(id, state.twin) ? Status::kSame : Status::kChanged;
  }

 private:
  void check_header(const elf::Section& now, const elf::Section& before,
                    const SectionState& state) const {
    if (state.ignored || special::is_debug_section(now.name))
      return;
    const bool same = now.type == before.type && now.flags == before.flags &&
                      now.entry_size == before.entry_size &&
                      (now.alignment == before.alignment || now.is_text() ||
                       now.size() != before.size()); // what grows is aligned by more
    if (!same)
      not_patchable(
          context_,
          fmt::format("{} section header details differ from {}", now.name, before.name),
          kNewName);
  }

  bool has_same_content(const elf::Section& now, const elf::Section& before) const {
    if (now.type == SHT_GROUP)
      return true; // twins by their members already
    return now.size() == before.size() && (now.is_nobits() || now.data == before.data);
  }

  bool has_same_relocations(SectionId now, SectionId before) const {
    const auto& ours = patched_.section(now).relocations;
    const auto& theirs = original_.section(before).relocations;
    return std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                      [&](const elf::Relocation& a, const elf::Relocation& b) {
                        return refers_to_same(context_, now, a, b);
                      });
  }

  Context& context_;
  Side& original_;
  Side& patched_;
};

/// A bundled symbol has changed if its code, its relocations, or a piece split off it
/// have.
void hand_status_to_symbols(Side& patched) {
  for (SectionId id = 1; id < patched.sections.size(); ++id) {
    const SectionState& state = patched.sections[id];
    if (!state.bundled)
      continue;
    SymbolState& symbol = patched.symbols[state.bundled];
    if (symbol.status != Status::kChanged)
      symbol.status = state.content;
    if (symbol.status != Status::kChanged && patched.section(id).has_relocations)
      symbol.status = state.relocations;
  }
}

bool is_section_changed(const Side& side, SectionId id) {
  return side.sections[id].content == Status::kChanged ||
         (side.section(id).has_relocations &&
          side.sections[id].relocations == Status::kChanged);
}

/// Whether a piece of the function changed that ftrace cannot redirect by itself.
bool has_changed_piece(const Side& side, SymbolId function, int depth = 0) {
  constexpr int kDeepest = 16; // f.part.0.cold is 2 deep
  if (depth > kDeepest)
    return false;
  for (const SymbolId child : side.children(function)) {
    if (side.symbols[child].has_ftrace_entry || !side.home(child))
      continue;
    if (is_section_changed(side, side.home(child)) ||
        has_changed_piece(side, child, depth + 1))
      return true;
  }
  return false;
}

enum class Temperature { kNormal, kUnlikely, kHot };

Temperature temperature(std::string_view section) {
  if (section.starts_with(".text.unlikely."))
    return Temperature::kUnlikely;
  return section.starts_with(".text.hot.") ? Temperature::kHot : Temperature::kNormal;
}

/// What turned from static to global or back is the same thing, and the kernel's: what
/// became global is still the local that the kernel has, what became static its global.
void follow_binding(Side& patched, SymbolId id, std::uint8_t before) {
  if (before != STB_LOCAL)
    patched.object.symbols[id].binding = before;
  else
    patched.symbols[id].became_global = true;
}

/// Init code is gone after boot, exit code is never run or cannot be redirected.
bool is_gone(std::string_view section) {
  return section.starts_with(".init.") || section.starts_with(".exit.");
}

/// What no longer is init code is needed at run time, when the kernel's copy is gone: the
/// patch brings its own.
bool outlives_its_original(const Context& context, SymbolId id) {
  const SectionId home = context.patched.home(id);
  const SectionId old_home = context.original.home(context.patched.symbols[id].twin);
  return home && old_home && context.patched.sections[home].twin != old_home &&
         is_gone(context.original.section(old_home).name) &&
         !is_gone(context.patched.section(home).name);
}

void part(Context& context, SymbolId id) {
  SymbolState& state = context.patched.symbols[id];
  context.original.symbols[state.twin].twin = kNoSymbol;
  state.twin = kNoSymbol;
  state.status = Status::kNew;
}

/// A variable that the kernel has elsewhere (.bss for .data) or in another size.
void refuse_changed_object(Context& context, SymbolId id, const std::string& what,
                           const char* remedy) {
  Side& patched = context.patched;
  add_problem(context, code::kChangedSection, patched.symbol(id).name,
              fmt::format("{}: {}", what, patched.symbol(id).name), remedy);
  patched.symbols[id].status = Status::kSame;
  if (SectionState& home = patched.sections[patched.home(id)];
      home.bundled == id && home.twin)
    home.content = home.relocations = Status::kSame;
}

constexpr const char* kSetFirstValue =
    "The kernel has the variable already, with its old first value: set the new one from "
    "a pre- or post-patch callback, or change the code that reads it.";

void compare_homes(Context& context, SymbolId id) {
  Side& patched = context.patched;
  const std::string& name = patched.symbol(id).name;
  const SectionId home = patched.home(id);
  const SectionId old_home = context.original.home(patched.symbols[id].twin);
  const std::string& before = context.original.section(old_home).name;
  const std::string& now = patched.section(home).name;
  const SectionId moved_to = context.original.sections[old_home].twin;
  const bool is_ignored = moved_to && patched.sections[moved_to].ignored;
  // Padding goes where its function goes, which it describes. It is not a function:
  // ftrace has no place for it, and a record of it makes the kernel refuse the module
  // (kernel/livepatch/patch.c: klp_patch_func).
  if (patched.symbols[id].is_prefix)
    return;
  if (!is_ignored && patched.symbol(id).is_object())
    return refuse_changed_object(
        context, id, fmt::format("changed data: it moves from {} to {}", before, now),
        kSetFirstValue);
  if (!is_ignored && temperature(now) == temperature(before))
    not_patchable(
        context, "symbol changed sections: " + name,
        fmt::format("It moves from {} to {}, where the kernel does not have it. "
                    "{}",
                    before, now, kNewName));
  patched.symbols[id].status = Status::kChanged;
}

void compare_symbol(Context& context, SymbolId id) {
  Side& patched = context.patched;
  const Side& original = context.original;
  SymbolState& state = patched.symbols[id];
  if (!state.twin) {
    state.status = Status::kNew;
    return;
  }
  const elf::Symbol& now = patched.symbol(id);
  const elf::Symbol& before = original.symbol(state.twin);
  const SectionId home = patched.home(id);
  const SectionId old_home = original.home(state.twin);
  if (outlives_its_original(context, id))
    return part(context, id);
  if (now.type != before.type || !home != !old_home)
    not_patchable(context, "symbol info mismatch: " + now.name, kNewName);
  if (now.binding != before.binding)
    follow_binding(patched, id, before.binding);
  if (home && patched.sections[home].twin != old_home)
    compare_homes(context, id);
  if (now.is_object() && now.size != before.size && !patched.sections[home].ignored &&
      !is_constant_of_unit(context, id))
    refuse_changed_object(context, id, "object size mismatch",
                          "The kernel has it in the old size: keep what was added in "
                          "shadow variables or in a variable with a new name.");
  if (!home)
    state.status = Status::kSame;
}

/// Assemblers call what is global with another type of relocation than what lies in the
/// same file (x86-64: PLT32 and PC32), though a field is filled in the same way.
bool is_filled_in_alike(const arch::Arch& arch, std::uint32_t a, std::uint32_t b) {
  if (a == b)
    return true;
  const auto field = arch.field(a);
  const auto other = arch.field(b);
  return field && other && field->size > 0 && *field == *other;
}

} // namespace

void check_headers(const Context& context) {
  const elf::Header& before = context.original.object.header;
  const elf::Header& now = context.patched.object.header;
  if (before != now)
    not_patchable(context, "ELF headers differ", kOtherOptions);
  if (now.program_headers != 0)
    not_patchable(context, "ELF contains program header", kOtherOptions);
}

bool refers_to_same(const Context& context, SectionId now, const elf::Relocation& a,
                    const elf::Relocation& b) {
  return a.offset == b.offset &&
         means_same(context, {now, a}, {context.patched.sections[now].twin, b});
}

namespace {

/// Descriptors that -fsanitize=undefined hands to its handlers are numbered through the
/// unit, so a new one renames all that follow. What they say counts, but for the line and
/// the column of the place: these are for the message (lib/ubsan.h, where a
/// source_location is the first member of all).
bool is_same_report(const Context& context, SectionId now, SectionId before) {
  constexpr std::size_t kPlace = 8, kPlaceEnd = 16;
  const elf::Section& ours = context.patched.section(now);
  const elf::Section& theirs = context.original.section(before);
  if (ours.data.size() != theirs.data.size())
    return false;
  const bool has_place = special::is_ubsan_report(ours.name);
  for (std::size_t at = 0; at < ours.data.size(); ++at)
    if (ours.data[at] != theirs.data[at] &&
        !(has_place && at >= kPlace && at < kPlaceEnd))
      return false;
  return std::ranges::equal(
      ours.relocations, theirs.relocations,
      [&](const elf::Relocation& a, const elf::Relocation& b) {
        return a.offset == b.offset && means_same(context, {now, a}, {before, b});
      });
}

/// The section of the descriptor that a reference leads to, if it leads to one.
SectionId report_of(const Side& side, const elf::Relocation& reference) {
  const SectionId home = side.home(reference.symbol);
  return home && special::is_ubsan_name(side.section(home).name) ? home : kNoSection;
}

} // namespace

bool means_same(const Context& context, const Placed& now, const Placed& before) {
  const Side& patched = context.patched;
  const Side& original = context.original;
  const elf::Relocation& a = now.relocation;
  const elf::Relocation& b = before.relocation;
  if (!is_filled_in_alike(patched.arch, a.type, b.type))
    return false;
  const std::string& name = patched.symbol(a.symbol).name;
  if (name == elf::kAlternativesAside &&
      original.symbol(b.symbol).name == elf::kAlternativesAside)
    return true;
  const Reference ours = patched.through_toc(a);
  const Reference theirs = original.through_toc(b);
  if (!ours.relocation || !theirs.relocation)
    return !ours.relocation && !theirs.relocation && ours.constant == theirs.constant;
  const elf::Relocation& to = *ours.relocation;
  const elf::Relocation& from = *theirs.relocation;
  const auto constant = constant_target(patched, now.section, to);
  const auto old_constant = constant_target(original, before.section, from);
  if (constant || old_constant)
    return constant == old_constant;
  const auto entry = entry_referred_to(context, patched, {now.section, to});
  const auto old_entry = entry_referred_to(context, original, {before.section, from});
  if (entry && old_entry)
    return entry->row == old_entry->row && entry->number == old_entry->number &&
           entry->offset == old_entry->offset &&
           patched.symbols[entry->owner].twin == old_entry->owner;
  if (to.addend != from.addend)
    return false;
  const SectionId report = report_of(patched, to);
  const SectionId old_report = report_of(original, from);
  if (report && old_report)
    return is_same_report(context, report, old_report);
  // Names are compared without numbers, and clones or variables that differ in nothing
  // else are not each other: what has a twin is that and nothing else.
  if (patched.symbols[to.symbol].twin || original.symbols[from.symbol].twin)
    return patched.symbols[to.symbol].twin == from.symbol;
  return special::is_same_name(patched.symbol(to.symbol).name,
                               original.symbol(from.symbol).name);
}

void compare_sections(Context& context) {
  Comparison comparison(context);
  for (SectionId id = 1; id < context.patched.sections.size(); ++id)
    comparison.compare(id);
  for (SectionId id = 1; id < context.patched.sections.size(); ++id)
    if (is_line_number_change(context, id)) {
      context.patched.sections[id].content = Status::kSame;
      context.patched.sections[id].relocations = Status::kSame;
    }

  Side& patched = context.patched;
  hand_status_to_symbols(patched);
  for (SectionId id = 1; id < patched.sections.size(); ++id)
    if (const SymbolId function = patched.sections[id].bundled;
        function && patched.symbols[function].status == Status::kSame &&
        has_changed_piece(patched, function))
      patched.symbols[function].status = Status::kChanged;
}

void compare_symbols(Context& context) {
  for (SymbolId id = 1; id < context.patched.symbols.size(); ++id)
    compare_symbol(context, id);
}

} // namespace kpatch::diff
