// SPDX-License-Identifier: GPL-2.0-or-later
//
// Turns jump labels whose key a module owns into tests of that key, as jump_labels.cpp
// has planned:
//
//   f:  nop          becomes      f:  jmp 1f
//       ...                           ...
//                                 1:  cmpl $0, key;  jne target;  jmp f+5
//
// A key counts as enabled whenever its counter is not zero (linux/jump_label.h,
// static_key_count). This is the last change of the object: until here every pass sees
// the code that the compiler made. The unwinder finds the stack at the test as it is at
// the site, so the site's ORC entry is repeated for it.
#include "diff/context.h"
#include "elf/orc.h"

namespace kpatch::diff {

namespace {

void repeat_unwind_entry(Context& context, SymbolId function, std::uint64_t site,
                         std::uint64_t added) {
  elf::Object& object = context.patched.object;
  std::optional<elf::OrcTable> table = elf::OrcTable::read(
      object, special::size_of(context.inputs.sizes, special::kOrcEntry).value(),
      context.inputs.label);
  if (!table)
    return;
  const elf::Symbol& symbol = object.symbols[function];
  const std::optional<std::size_t> in_force = table->find(object, symbol.section, site);
  if (!in_force)
    return;
  table->repeat(object, *in_force, function,
                static_cast<std::int64_t>(added - symbol.value));
  table->write(object);
}

} // namespace

void add_key_tests(Context& context) {
  Side& patched = context.patched;
  for (const PlannedKeyTest& planned : context.key_tests) {
    const SymbolId function = patched.sections[planned.section].bundled;
    elf::Section& section = patched.object.sections[planned.section];
    elf::Symbol& symbol = patched.object.symbols[function];
    const std::uint64_t added = section.data.size();
    patched.arch.add_key_test(section, planned.test);
    symbol.size = section.data.size() - symbol.value;
    if (special::size_of(context.inputs.sizes, special::kOrcEntry))
      repeat_unwind_entry(context, function, planned.test.site, added);
  }
}

} // namespace kpatch::diff
