// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds for each section and symbol of the original its twin in the patched object: the
// first one, in order, that has the same name but for the compiler's numbers. Twins get
// the original's name, so that from here on names can be compared, looked up and printed
// as they are. Data that macros make for each place they are used in (warn-once flags and
// the like) has no twin: the patch brings its own.
#include "diff/context.h"
#include "special/names.h"

#include <unordered_map>
#include <utility>

namespace kpatch::diff {

namespace {

/// Patched elements waiting for a twin, in order, by a key that twins share.
class Waiting {
 public:
  /// For elements with ids below `count`.
  explicit Waiting(std::size_t count) : next_(count) { queues_.reserve(count); }

  void add(std::string key, std::uint32_t id) {
    const auto [queue, is_first] = queues_.try_emplace(std::move(key), Queue{id, id});
    if (!is_first)
      next_[std::exchange(queue->second.last, id)] = id;
  }

  /// The first waiting element of that key that `accepts` takes; 0 if none. `is_taken`
  /// elements are passed over for good.
  template <typename IsTaken, typename Accepts>
  std::uint32_t first(const std::string& key, IsTaken is_taken, Accepts accepts) {
    const auto found = queues_.find(key);
    if (found == queues_.end())
      return 0;
    Queue& queue = found->second;
    while (queue.first && is_taken(queue.first))
      queue.first = next_[queue.first];
    for (std::uint32_t id = queue.first; id; id = next_[id])
      if (!is_taken(id) && accepts(id))
        return id;
    return 0;
  }

 private:
  struct Queue {
    std::uint32_t first;
    std::uint32_t last;
  };
  std::unordered_map<std::string, Queue> queues_;
  std::vector<std::uint32_t> next_; ///< in the queue of each element; 0: it is the last
};

bool holds_cold_part(const Side& side, SectionId id) {
  const SymbolId bundled = side.sections[id].bundled;
  return bundled && side.symbol(bundled).name.find(".cold") != std::string::npos;
}

/// Groups share one name; what tells them apart is the symbol they are for and who is in
/// them. Sections about one piece of code each share one, too; it is their link. Unlikely
/// code of a function is its cold part, or all of it once it always calls a cold
/// function.
std::string section_key(const Side& side, SectionId id) {
  const elf::Section& section = side.section(id);
  std::string key = special::name_key(section.name);
  if (section.flags & SHF_LINK_ORDER)
    key += '\n' + special::name_key(side.section(section.link).name);
  if (holds_cold_part(side, id))
    key += "\ncold part";
  if (section.type != SHT_GROUP)
    return key;
  key += '\n' + side.symbol(section.group_signature).name;
  for (const SectionId member : section.group_members)
    key += '\n' + side.section(member).name;
  return key;
}

std::string symbol_key(const Side& side, SymbolId id) {
  return static_cast<char>('0' + side.symbol(id).type) +
         special::name_key(side.symbol(id).name);
}

bool may_pair_section(const Side& side, SectionId id) {
  const std::string& name = side.section(id).name;
  if (special::is_ubsan_name(name) || special::is_clang_unnamed_data(name))
    return false;
  const SectionState& state = side.sections[id];
  const SymbolId speaker = state.section_symbol ? state.section_symbol : state.bundled;
  return !speaker || !is_special_static(side, speaker);
}

bool may_pair_symbol(const Side& side, SymbolId id) {
  const elf::Symbol& symbol = side.symbol(id);
  if (special::is_ubsan_name(symbol.name) || is_special_static(side, id))
    return false;
  if (symbol.type == STT_NOTYPE && symbol.name.starts_with(".LC"))
    return false;
  return !side.arch.is_mapping_symbol(symbol);
}

void correlate_all_sections(Context& context) {
  Side& original = context.original;
  Side& patched = context.patched;
  Waiting waiting(patched.sections.size());
  for (SectionId id = 1; id < patched.sections.size(); ++id)
    if (may_pair_section(patched, id))
      waiting.add(section_key(patched, id), id);
  for (SectionId id = 1; id < original.sections.size(); ++id) {
    if (original.sections[id].twin || !may_pair_section(original, id))
      continue;
    const SectionId twin = waiting.first(
        section_key(original, id),
        [&](SectionId other) { return patched.sections[other].twin != kNoSection; },
        [](SectionId) { return true; });
    if (twin)
      link_sections(context, id, twin);
  }
}

void correlate_all_symbols(Context& context) {
  Side& original = context.original;
  Side& patched = context.patched;
  Waiting waiting(patched.symbols.size());
  for (SymbolId id = 1; id < patched.symbols.size(); ++id)
    if (may_pair_symbol(patched, id))
      waiting.add(symbol_key(patched, id), id);
  for (SymbolId id = 1; id < original.symbols.size(); ++id) {
    if (original.symbols[id].twin || !may_pair_symbol(original, id))
      continue;
    const SectionId home = original.home(id);
    const bool goes_with_section =
        original.section(home).type == SHT_GROUP || original.symbol(id).is_section();
    const SymbolId twin = waiting.first(
        symbol_key(original, id),
        [&](SymbolId other) { return patched.symbols[other].twin != kNoSymbol; },
        [&](SymbolId other) {
          return !goes_with_section ||
                 original.sections[home].twin == patched.home(other);
        });
    if (twin)
      link_symbols(context, id, twin);
  }
}

} // namespace

void link_symbols(Context& context, SymbolId original, SymbolId patched) {
  SymbolState& old_state = context.original.symbols[original];
  SymbolState& new_state = context.patched.symbols[patched];
  old_state.twin = patched;
  new_state.twin = original;
  old_state.status = new_state.status = Status::kSame;
  elf::Symbol& symbol = context.patched.object.symbols[patched];
  if (!symbol.is_section())
    symbol.name = context.original.symbol(original).name;
  if (!new_state.file)
    new_state.file = old_state.file;
}

void link_sections(Context& context, SectionId original, SectionId patched) {
  SectionState& old_state = context.original.sections[original];
  SectionState& new_state = context.patched.sections[patched];
  old_state.twin = patched;
  new_state.twin = original;
  for (SectionState* state : {&old_state, &new_state})
    state->content = state->relocations = Status::kSame;
  context.patched.rename_section(patched, context.original.section(original).name);
  // Either assembler may leave an unused section symbol out.
  if (old_state.section_symbol && new_state.section_symbol)
    link_symbols(context, old_state.section_symbol, new_state.section_symbol);
  if (old_state.bundled && new_state.bundled)
    link_symbols(context, old_state.bundled, new_state.bundled);
}

void correlate(Context& context) {
  correlate_all_sections(context);
  correlate_all_symbols(context);
}

} // namespace kpatch::diff
