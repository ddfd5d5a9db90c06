// SPDX-License-Identifier: GPL-2.0-or-later
//
// A livepatch relocation is filled in when the patched object is there, and looks for
// what it names in the module that has it (kernel/livepatch/core.c,
// klp_resolve_symbols). If that one is not loaded, the patch is refused, or the patched
// module when it comes later; if it is, nothing holds it, and once it is removed the
// patch calls freed memory. Only what the patched object depends on already is there
// whenever it is: the module loader has seen to that.
#include "klp/foreign_exports.h"

#include "base/module_name.h"
#include "special/names.h"

namespace kpatch::klp {

namespace {

std::vector<bool> referenced_by_code_and_data(const elf::Object& object) {
  std::vector<bool> used(object.symbols.size());
  for (const elf::Section& section : object.sections)
    if (!special::is_debug_section(section.name))
      for (const elf::Relocation& relocation : section.relocations)
        used[relocation.symbol] = true;
  return used;
}

} // namespace

std::set<std::string> lenders_of(const elf::Object& object,
                                 const image::Symvers& symvers) {
  std::set<std::string> lenders;
  for (const elf::Symbol& symbol : object.symbols)
    if (symbol.is_undefined() && !symbol.name.empty())
      lenders.insert(symvers.exporter(symbol.name));
  return lenders;
}

std::vector<Problem> references_to_strangers(const diff::Delta& delta,
                                             const std::set<std::string>& lenders) {
  std::vector<Problem> problems;
  const diff::Inputs& inputs = delta.inputs;
  const std::vector<bool> used = referenced_by_code_and_data(delta.object);
  for (elf::SymbolId id = 1; id < delta.object.symbols.size(); ++id) {
    const elf::Symbol& symbol = delta.object.symbols[id];
    if (!used[id] || !symbol.is_undefined() || symbol.binding != STB_GLOBAL)
      continue;
    const std::string owner = inputs.symvers.exporter(symbol.name);
    if (owner.empty() || owner == kVmlinux || owner == inputs.parent ||
        lenders.contains(owner) || !inputs.parent_symbols.named(symbol.name).empty())
      continue;
    problems.push_back(
        {.code = "KP3002",
         .object = inputs.label,
         .symbol = symbol.name,
         .message = fmt::format("the patch uses {}, which module {} exports and {} does "
                                "not depend on: nothing would load {} or hold it",
                                symbol.name, owner, inputs.parent, owner),
         .remedy = fmt::format("Do without {}, or take it with symbol_get() and put it "
                               "back with symbol_put(), which hold {}.",
                               symbol.name, owner)});
  }
  return problems;
}

} // namespace kpatch::klp
