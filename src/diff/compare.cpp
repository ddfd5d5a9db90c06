// SPDX-License-Identifier: GPL-2.0-or-later
//
// Decides for each section and symbol of the patched object whether it is the same as its
// twin, changed, or new. Code and data are compared byte by byte with relocated fields as
// zeroes, and relocations by what they mean: string literals by their text, everything
// else by name and addend. Where something lies (offsets into string sections, section
// numbers) never matters.
#include "base/endian.h"
#include "base/error.h"
#include "diff/context.h"
#include "diff/names.h"
#include "diff/special_table.h"

#include <algorithm>
#include <array>

namespace kpatch::diff {

namespace {

constexpr std::string_view kToc = ".toc";
constexpr std::string_view kAltinstrAux = ".altinstr_aux";

/// Made anew for every patch module, so a difference means nothing.
bool is_regenerated(const Side& side, std::string_view name) {
  const SpecialSection* row = find_special_section(name, side.arch);
  return row && row->policy == Policy::kRegenerate;
}

[[noreturn]] void not_patchable(const Context& context, const std::string& what,
                                const char* remedy = "") {
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
    else if (now.name == kToc || state.ignored)
      state.relocations = Status::kSame;
    else
      state.relocations =
          has_same_relocations(id, state.twin) ? Status::kSame : Status::kChanged;
  }

 private:
  void check_header(const elf::Section& now, const elf::Section& before,
                    const SectionState& state) const {
    if (state.ignored)
      return;
    const bool same = now.type == before.type && now.flags == before.flags &&
                      now.entry_size == before.entry_size &&
                      (now.is_text() || now.alignment == before.alignment);
    if (!same)
      not_patchable(context_, fmt::format("{} section header details differ from {}",
                                          now.name, before.name));
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

/// A function that turned from static to global or back is the same function. What became
/// global may be called from other objects of the patch, so the patch brings it; what
/// became static is still the global that the kernel knows.
void follow_binding(Side& patched, SymbolId id, std::uint8_t before) {
  if (before != STB_LOCAL)
    patched.object.symbols[id].binding = before;
  else if (patched.symbol(id).is_function())
    patched.symbols[id].became_global = true;
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
  if (now.type != before.type || !home != !old_home)
    not_patchable(context, "symbol info mismatch: " + now.name);
  if (now.binding != before.binding)
    follow_binding(patched, id, before.binding);
  if (home && patched.sections[home].twin != old_home) {
    const SectionId moved_to = original.sections[old_home].twin;
    const bool is_ignored = moved_to && patched.sections[moved_to].ignored;
    const bool is_reheated = temperature(patched.section(home).name) !=
                             temperature(original.section(old_home).name);
    if (!is_ignored && !is_reheated)
      not_patchable(context, "symbol changed sections: " + now.name);
    state.status = Status::kChanged;
  }
  if (now.is_object() && now.size != before.size)
    not_patchable(context, "object size mismatch: " + now.name,
                  "The kernel has it in the old size: keep what was added in shadow "
                  "variables or in a variable with a new name.");
  if (!home)
    state.status = Status::kSame;
}

} // namespace

void check_headers(const Context& context) {
  const elf::Header& before = context.original.object.header;
  const elf::Header& now = context.patched.object.header;
  if (before != now)
    not_patchable(context, "ELF headers differ");
  if (now.program_headers != 0)
    not_patchable(context, "ELF contains program header");
}

bool refers_to_same(const Context& context, SectionId now, const elf::Relocation& a,
                    const elf::Relocation& b) {
  const Side& patched = context.patched;
  const Side& original = context.original;
  if (a.type != b.type || a.offset != b.offset)
    return false;
  const std::string& name = patched.symbol(a.symbol).name;
  if (name == kAltinstrAux && original.symbol(b.symbol).name == kAltinstrAux)
    return true;
  const Reference ours = patched.through_toc(a);
  const Reference theirs = original.through_toc(b);
  if (!ours.relocation || !theirs.relocation)
    return !ours.relocation && !theirs.relocation && ours.constant == theirs.constant;
  const elf::Relocation& to = *ours.relocation;
  const elf::Relocation& from = *theirs.relocation;
  if (const auto text = patched.string_target(now, to))
    return text == original.string_target(patched.sections[now].twin, from);
  if (to.addend != from.addend)
    return false;
  return patched.symbols[to.symbol].twin == from.symbol ||
         is_same_name(patched.symbol(to.symbol).name, original.symbol(from.symbol).name);
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
