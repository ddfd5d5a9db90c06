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

#include <algorithm>

namespace kpatch::diff {

namespace {

constexpr std::uint64_t kPlaceSize = 4; // int, relative to itself (asm/orc_types.h)

void repeat_unwind_entry(Context& context, SymbolId function, std::uint64_t site,
                         std::uint64_t added) {
  elf::Object& object = context.patched.object;
  elf::Section& entries = object.sections[object.find_section(".orc_unwind")];
  elf::Section& places = object.sections[object.find_section(".orc_unwind_ip")];
  const elf::Relocation* in_force = nullptr;
  for (const elf::Relocation& place : places.relocations)
    if (place.symbol == function && static_cast<std::uint64_t>(place.addend) <= site &&
        (!in_force || place.addend >= in_force->addend))
      in_force = &place;
  if (!in_force)
    return;
  const std::uint64_t entry_size =
      special::size_of(context.inputs.sizes, special::kOrcEntry).value();
  const auto from =
      static_cast<std::ptrdiff_t>(in_force->offset / kPlaceSize * entry_size);
  const Bytes entry(entries.data.begin() + from,
                    entries.data.begin() + from +
                        static_cast<std::ptrdiff_t>(entry_size));
  elf::Relocation place = *in_force;
  place.offset = places.data.size();
  place.addend = static_cast<std::int64_t>(added);
  entries.data.insert(entries.data.end(), entry.begin(), entry.end());
  places.data.resize(places.data.size() + kPlaceSize);
  places.relocations.push_back(place);
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
      repeat_unwind_entry(context, function, planned.test.site - symbol.value,
                          added - symbol.value);
  }
}

} // namespace kpatch::diff
