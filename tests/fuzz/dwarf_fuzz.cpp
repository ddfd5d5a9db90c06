// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reads the debug information of an object and asks where its code and data come from.
#include "dwarf/debug_info.h"
#include "fuzz/fuzz.h"

/// On damaged DWARF libdw keeps what dwarf_getscopes() had collected before the error.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libdw.so\n";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kpatch;
  return fuzz::run(data, size, [](std::span<const std::uint8_t> input) {
    const elf::Object object = elf::read_object(input, "input");
    const auto debug = dwarf::DebugInfo::read(object);
    if (!debug)
      return;
    for (elf::SectionId section = 1; section < object.sections.size(); ++section)
      for (const std::uint64_t offset : {0, 8}) {
        debug->find_place(section, offset);
        debug->find_statements(section, offset);
        debug->find_variable(section, offset);
        debug->find_field(section, 0, offset);
      }
  });
}
