// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel finds an unexported symbol by name and position: the n-th of that name. A
// vmlinux counts in the order of addresses (kallsyms is sorted), a module in the order of
// its symbol table. Which of several locals of one name is meant follows from the FILE
// symbol above it: the block of locals under it in the parent's table must be the very
// locals of the object. Several units may share a file name (there are dozens of core.c),
// so blocks are matched by all their symbols.
#include "diff/lookup.h"

#include "base/error.h"
#include "base/module_name.h"
#include "special/names.h"

#include <algorithm>
#include <limits>
#include <set>
#include <span>

namespace kpatch::diff {

namespace {

using image::EntryId;
using image::IndexedSymbol;
using image::SymbolIndex;

using LocalName = std::pair<std::uint8_t, std::string_view>; ///< type and name

/// Symbols of padding do not count: objtool adds them when a kernel or module is linked,
/// and then they stand behind the last block.
template <typename Symbol>
bool is_local_thing(const Symbol& symbol) {
  return symbol.binding == STB_LOCAL &&
         (symbol.type == STT_FUNC || symbol.type == STT_OBJECT) &&
         !special::is_padding_name(symbol.name);
}

IndexedSymbol entry_at(const SymbolIndex& index, EntryId id) {
  IndexedSymbol symbol;
  index.get(id, symbol);
  return symbol;
}

EntryId end_of_block(const SymbolIndex& index, EntryId file) {
  EntryId end = file + 1;
  IndexedSymbol symbol;
  while (end < index.size() && !(index.get(end, symbol) && symbol.type == STT_FILE))
    ++end;
  return end;
}

/// The locals under one FILE symbol of the original.
struct Block {
  std::set<LocalName> all;
  std::set<LocalName> lasting; ///< without those that a linker may drop
};

/// How a block of the parent's table differs from the object's.
struct BlockDifference {
  std::vector<std::string_view> missing; ///< the object has it, the table does not
  std::vector<std::string_view> extra;
  std::size_t size() const { return missing.size() + extra.size(); }
};

BlockDifference differences(const Block& block, const SymbolIndex& index, EntryId file) {
  BlockDifference result;
  std::set<LocalName> found;
  IndexedSymbol entry;
  for (EntryId id = file + 1; id < index.size(); ++id) {
    if (!index.get(id, entry))
      continue;
    if (entry.type == STT_FILE)
      break;
    if (!is_local_thing(entry))
      continue;
    const LocalName name{entry.type, entry.name};
    found.insert(name);
    if (!block.all.contains(name))
      result.extra.push_back(entry.name);
  }
  for (const LocalName& name : block.lasting)
    if (!found.contains(name))
      result.missing.push_back(name.second);
  return result;
}

std::string listed(std::string_view heading, const std::vector<std::string_view>& names) {
  constexpr std::size_t kShown = 5;
  if (names.empty())
    return {};
  const std::span<const std::string_view> shown(names.data(),
                                                std::min(names.size(), kShown));
  return fmt::format("; {}: {}{}", heading, fmt::join(shown, ", "),
                     names.size() > kShown ? ", ..." : "");
}

FileTie find_tie(const Block& block, const SymbolIndex& index, std::string_view name) {
  FileTie result;
  std::size_t nearest = std::numeric_limits<std::size_t>::max();
  for (const EntryId id : index.named(name)) {
    if (entry_at(index, id).type != STT_FILE)
      continue;
    const BlockDifference difference = differences(block, index, id);
    if (difference.size() < nearest) {
      nearest = difference.size();
      result.difference = listed("missing there", difference.missing) +
                          listed("only there", difference.extra);
    }
    if (difference.size() == 0 && result.matches++ == 0)
      result.entry = id;
  }
  if (block.lasting.empty() && result.matches > 1)
    result.matches = 1; // nothing in it can be asked for
  if (result.matches == 1)
    result.end = end_of_block(index, result.entry);
  return result;
}

std::uint64_t position(const Inputs& inputs, EntryId id) {
  const SymbolIndex& index = inputs.parent_symbols;
  const IndexedSymbol symbol = entry_at(index, id);
  const bool by_address = inputs.parent == kVmlinux;
  std::uint64_t rank = 0;
  for (const EntryId other : index.named(symbol.name)) {
    const IndexedSymbol rival = entry_at(index, other);
    if (rival.type != STT_FILE &&
        (by_address ? rival.value <= symbol.value : other <= id))
      ++rank;
  }
  return rank;
}

bool is_only_one(const Inputs& inputs, std::string_view name) {
  std::size_t count = 0;
  for (const EntryId id : inputs.parent_symbols.named(name))
    count += entry_at(inputs.parent_symbols, id).type != STT_FILE;
  return count == 1;
}

Found found_at(const Inputs& inputs, EntryId id) {
  const IndexedSymbol entry = entry_at(inputs.parent_symbols, id);
  Found result{.object = inputs.parent, .address = entry.value, .size = entry.size};
  result.is_global = entry.binding != STB_LOCAL;
  result.is_exported = result.is_global && is_linkable(inputs.symvers, entry.name);
  if (!result.is_global || !is_only_one(inputs, entry.name))
    result.sympos = position(inputs, id);
  return result;
}

std::optional<Found> only_one(const Inputs& inputs, const std::vector<EntryId>& ids,
                              std::string_view kind, std::string_view name) {
  if (ids.size() > 1)
    fail_with_remedy("Rename the function in the patch, or change its callers instead.",
                     "{}: duplicate {} symbol found for {} in {}", inputs.label, kind,
                     name, inputs.parent);
  return ids.empty() ? std::nullopt : std::optional(found_at(inputs, ids[0]));
}

/// Locals of that name in the block that the object's FILE symbol stands for.
std::optional<Found> find_local(const Inputs& inputs, const FileTie& file,
                                const Wanted& wanted) {
  const SymbolIndex& index = inputs.parent_symbols;
  std::vector<EntryId> ids;
  std::vector<EntryId> elsewhere;
  for (const EntryId id : index.named(wanted.name)) {
    const IndexedSymbol entry = entry_at(index, id);
    if (entry.binding != STB_LOCAL || entry.type == STT_FILE)
      continue;
    (file.matches == 1 && id > file.entry && id < file.end ? ids : elsewhere)
        .push_back(id);
  }
  if (file.matches != 1 && wanted.is_local && !elsewhere.empty())
    fail_with_remedy(
        "The original source, its configuration or the compiler differ from what the "
        "running kernel was built with; build with the kernel's own.",
        "{}: {} this unit's local symbols in the symbol table of {}, so it is unclear "
        "which {} is meant{}",
        inputs.label,
        file.matches == 0 ? "couldn't find matching" : "found duplicate matches for",
        inputs.parent, wanted.name, file.difference);
  return only_one(inputs, ids, "local", wanted.name);
}

/// What the image says of that name; a local of which it says nothing if there is but
/// one.
std::optional<Found> find_located(const Inputs& inputs, const Wanted& wanted) {
  if (const auto found = inputs.located->find(wanted.name);
      found != inputs.located->end()) {
    const image::LocatedSymbol& symbol = found->second;
    Found result{.object = inputs.parent, .address = symbol.address, .size = symbol.size};
    result.is_global = symbol.is_global;
    result.is_exported = result.is_global && is_linkable(inputs.symvers, wanted.name);
    if (!result.is_global || !symbol.is_only_one)
      result.sympos = symbol.position;
    return result;
  }
  if (!wanted.is_local)
    return std::nullopt;
  const std::vector<EntryId> ids = inputs.parent_symbols.named(wanted.name);
  if (ids.size() > 1)
    fail_with_remedy("Let the patch do without it, or refer to it through something "
                     "else of the unit.",
                     "{}: {} has {} symbols named {}, and no code of this unit in the "
                     "running kernel tells which one is meant",
                     inputs.label, inputs.parent, ids.size(), wanted.name);
  return ids.empty() ? std::nullopt : std::optional(found_at(inputs, ids[0]));
}

} // namespace

bool is_linkable(const image::Symvers& symvers, std::string_view symbol) {
  return !symvers.exporter(symbol).empty() &&
         !symvers.import_namespace(symbol).starts_with("module:");
}

void tie_files(Context& context) {
  Side& original = context.original;
  SymbolId file = kNoSymbol;
  std::unordered_map<SymbolId, Block> blocks;
  for (SymbolId id = 1; id < original.symbols.size(); ++id) {
    const elf::Symbol& symbol = original.symbol(id);
    if (symbol.is_file()) {
      file = id;
      blocks.try_emplace(file);
    }
    original.symbols[id].file = file;
    if (!file || !is_local_thing(symbol))
      continue;
    const LocalName name{symbol.type, symbol.name};
    blocks[file].all.insert(name);
    if (!special::is_possibly_discarded(symbol.name))
      blocks[file].lasting.insert(name);
  }
  for (const auto& [id, block] : blocks)
    context.ties[id] =
        find_tie(block, context.inputs.parent_symbols, original.symbol(id).name);
}

std::optional<Found> look_up(const Inputs& inputs,
                             const std::unordered_map<SymbolId, FileTie>& ties,
                             const Wanted& wanted) {
  if (!wanted.is_local && inputs.own_copies.contains(std::string(wanted.name)))
    return std::nullopt;
  if (inputs.located) {
    if (auto located = find_located(inputs, wanted))
      return located;
  } else if (const auto file = ties.find(wanted.file); file != ties.end())
    if (auto local = find_local(inputs, file->second, wanted))
      return local;
  std::vector<EntryId> globals;
  for (const EntryId id : inputs.parent_symbols.named(wanted.name))
    if (entry_at(inputs.parent_symbols, id).binding != STB_LOCAL)
      globals.push_back(id);
  if (auto global = only_one(inputs, globals, "global", wanted.name))
    return global;
  std::string exporter = inputs.symvers.exporter(wanted.name);
  if (exporter.empty())
    return std::nullopt;
  if (inputs.symvers.is_ambiguous(wanted.name))
    fail("{}: duplicate exported symbol found for {}", inputs.label, wanted.name);
  return Found{.object = std::move(exporter),
               .is_global = true,
               .is_exported = is_linkable(inputs.symvers, wanted.name)};
}

std::optional<Found> look_up(const Context& context, const Side& side, SymbolId id) {
  return look_up(context.inputs, context.ties,
                 {.name = side.symbol(id).name,
                  .file = side.symbols[id].file,
                  .is_local = side.symbol(id).is_local()});
}

} // namespace kpatch::diff
