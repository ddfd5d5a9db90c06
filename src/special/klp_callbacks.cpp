// SPDX-License-Identifier: GPL-2.0-or-later
//
// KLP_PRE_PATCH_CALLBACK() and its like (include/linux/livepatch_helpers.h, 6.19) put a
// pointer into one section that linkers discard. What kind of callback it is only the
// pointer's name says (include/linux/livepatch_external.h):
//
//   __klp_pre_patch_callback_<object>
//
// The object is the one that the unit is part of; it is known, so it is not read.
#include "special/klp_callbacks.h"

#include "base/error.h"
#include "elf/kernel_sections.h"

#include <algorithm>
#include <array>
#include <utility>

namespace kpatch::special {

namespace {

constexpr std::size_t kRecordSize = 16; ///< of kmod/include/kpatch-records.h

struct Kind {
  std::string_view prefix;
  std::string_view name;
};
constexpr std::array<Kind, 4> kKinds = {
    {{"__klp_pre_patch_callback_", "pre_patch"},
     {"__klp_post_patch_callback_", "post_patch"},
     {"__klp_pre_unpatch_callback_", "pre_unpatch"},
     {"__klp_post_unpatch_callback_", "post_unpatch"}}};

const Kind* kind_of(std::string_view pointer) {
  const auto found = std::ranges::find_if(
      kKinds, [&](const Kind& kind) { return pointer.starts_with(kind.prefix); });
  return found == kKinds.end() ? nullptr : &*found;
}

/// The variable at that place; kNoSymbol if there is none.
elf::SymbolId variable_at(const elf::Object& object, elf::SectionId section,
                          std::uint64_t offset) {
  const auto found = std::ranges::find_if(object.symbols, [&](const elf::Symbol& symbol) {
    return symbol.section == section && symbol.value == offset &&
           symbol.type == STT_OBJECT;
  });
  return found == object.symbols.end()
             ? elf::kNoSymbol
             : static_cast<elf::SymbolId>(found - object.symbols.begin());
}

/// A record whose first word is the pointer; the object's name is filled in later.
void add_record(elf::Object& object, const Kind& kind, elf::SymbolId variable,
                elf::Relocation pointer) {
  pointer.offset = 0;
  const elf::SectionId record =
      object.add_section({.name = fmt::format("{}{}", elf::kCallbacks, kind.name),
                          .flags = SHF_ALLOC | SHF_WRITE,
                          .alignment = 8,
                          .data = Bytes(kRecordSize),
                          .has_relocations = true,
                          .relocations = {pointer}});
  elf::Symbol& symbol = object.symbols[variable];
  symbol.binding = STB_LOCAL; // each unit may have one
  symbol.section = record;
  symbol.value = 0;
  symbol.size = kRecordSize;
}

void name_callbacks_in(elf::Object& object, elf::SectionId section) {
  const std::vector<elf::Relocation> pointers =
      std::exchange(object.sections[section].relocations, {});
  for (const elf::Relocation& pointer : pointers) {
    const elf::SymbolId variable = variable_at(object, section, pointer.offset);
    const Kind* const kind = variable ? kind_of(object.symbols[variable].name) : nullptr;
    if (!kind)
      fail_with_remedy("Register callbacks with KLP_PRE_PATCH_CALLBACK() or one of its "
                       "three fellows.",
                       "{}: {}: the pointer at {:#x} does not say by its name what kind "
                       "of callback it is",
                       object.label, kKlpCallbacks, pointer.offset);
    add_record(object, *kind, variable, pointer);
  }
}

} // namespace

void name_klp_callbacks(elf::Object& object) {
  const std::size_t count = object.sections.size();
  for (elf::SectionId id = 1; id < count; ++id)
    if (object.sections[id].name == kKlpCallbacks)
      name_callbacks_in(object, id);
}

} // namespace kpatch::special
