// SPDX-License-Identifier: GPL-2.0-or-later
//
// A global name stands for one thing in the whole kernel. Where a unit defines
// one that it did not have and the running kernel does, the definition has
// moved there from another unit, or it takes the place of a weak one: the
// linker would have refused anything else. Code of units that the patch does
// not reach goes on with the kernel's, so a function has to replace that one; a
// variable would be there twice, and so would one that such a function brings
// along.
#include "diff/context.h"

#include <set>

namespace kpatch::diff {

namespace {

/// How the parent binds its global of that name.
std::optional<std::uint8_t> binding_in_parent(const Inputs& inputs,
                                              const elf::Symbol& wanted) {
  image::IndexedSymbol found;
  for (const image::EntryId id : inputs.parent_symbols.named(wanted.name))
    if (inputs.parent_symbols.get(id, found) && found.binding != STB_LOCAL &&
        found.type == wanted.type)
      return found.binding;
  return std::nullopt;
}

/// Whether the unit has the symbol newly, and the kernel has it from elsewhere.
bool is_from_elsewhere(const Context& context, SymbolId id) {
  const elf::Symbol& symbol = context.patched.symbol(id);
  if (symbol.is_local() || !context.patched.home(id) ||
      !(symbol.is_function() || symbol.is_object()) || context.patched.symbols[id].twin ||
      context.patched.symbols[id].is_prefix || !binding_in_parent(context.inputs, symbol))
    return false;
  // Which takes long, so of few symbols.
  const SymbolId before = context.original.object.find_symbol(symbol.name);
  return !(before && context.original.home(before));
}

/// Whether the kernel may have the variable, which the unit has newly, from
/// elsewhere.
bool may_be_there(const Context& context, SymbolId id) {
  const Side& patched = context.patched;
  const elf::Symbol& symbol = patched.symbol(id);
  return symbol.is_object() && !patched.symbols[id].twin &&
         (patched.section(patched.home(id)).flags & SHF_WRITE) &&
         !is_special_static(patched, id) &&
         (is_static_local(patched, id) ||
          !context.inputs.parent_symbols.named(symbol.name).empty());
}

/// The first of them that a function uses, by way of others that are new here,
/// too.
SymbolId variable_brought_along(const Context& context, SymbolId function) {
  const Side& patched = context.patched;
  std::set<SectionId> seen = {patched.home(function)};
  std::vector<SectionId> waiting(seen.begin(), seen.end());
  while (!waiting.empty()) {
    const SectionId user = waiting.back();
    waiting.pop_back();
    for (const elf::Relocation& relocation : patched.section(user).relocations) {
      const SectionId home = patched.home(relocation.symbol);
      if (!home)
        continue;
      if (may_be_there(context, relocation.symbol))
        return relocation.symbol;
      if (!patched.sections[home].twin && seen.insert(home).second)
        waiting.push_back(home);
    }
  }
  return kNoSymbol;
}

void refuse_copy(Context& context, const std::string& name) {
  add_problem(context, code::kIncludedData, name,
              fmt::format("{} has the variable {} already, from another unit, and code "
                          "outside of the patch goes on with that one",
                          context.inputs.parent, name),
              "Leave its definition where it is, and declare it extern here.");
}

void take_over(Context& context, SymbolId id) {
  const std::string& parent = context.inputs.parent;
  const std::string& name = context.patched.symbol(id).name;
  SymbolState& state = context.patched.symbols[id];
  if (!state.has_ftrace_entry)
    return add_problem(context, code::kNoFtraceEntry, name,
                       no_ftrace_entry_text(name, parent + " has it from another unit"),
                       "Leave its definition where it is.");
  const bool is_default =
      binding_in_parent(context.inputs, context.patched.symbol(id)) == STB_WEAK;
  if (const SymbolId variable =
          is_default ? kNoSymbol : variable_brought_along(context, id))
    refuse_copy(context, context.patched.symbol(variable).name);
  note(context, NoteKind::kNotice, name,
       "{} has the function {} from another unit: this one takes its place", parent,
       name);
  state.status = Status::kChanged;
}

/// A default for kernels without another definition, and this one has another.
void leave_to_kernel(Context& context, SymbolId id) {
  const std::string& name = context.patched.symbol(id).name;
  note(context, NoteKind::kNotice, name, "{} is weak here, and {} has its own", name,
       context.inputs.parent);
  context.patched.symbols[id].status = Status::kSame;
}

} // namespace

void take_over_moved_definitions(Context& context) {
  for (SymbolId id = 1; id < context.patched.symbols.size(); ++id) {
    if (!is_from_elsewhere(context, id))
      continue;
    if (context.patched.symbol(id).binding == STB_WEAK)
      leave_to_kernel(context, id);
    else if (context.patched.symbol(id).is_function())
      take_over(context, id);
    else
      refuse_copy(context, context.patched.symbol(id).name);
  }
}

} // namespace kpatch::diff
