// SPDX-License-Identifier: GPL-2.0-or-later
#include "special/klp_callbacks.h"

#include <gtest/gtest.h>

#include <elf.h>

namespace kpatch::special {
namespace {

/// On aarch64 the assembler puts "$d" where data begins: at the first of the pointers.
TEST(KlpCallbacks, AreNamedByVariablesAndNotByMarks) {
  elf::Object object;
  object.header.machine = EM_AARCH64;
  const elf::SectionId pointers = object.add_section(
      {.name = std::string(kKlpCallbacks), .data = Bytes(8), .has_relocations = true});
  const elf::SymbolId callback =
      object.add_symbol({.name = "in", .type = STT_FUNC, .section = pointers});
  object.add_symbol({.name = "$d", .type = STT_NOTYPE, .section = pointers});
  object.add_symbol({.name = "__klp_pre_patch_callback_vmlinux",
                     .binding = STB_GLOBAL,
                     .type = STT_OBJECT,
                     .section = pointers,
                     .size = 8});
  object.sections[pointers].relocations = {{.type = R_AARCH64_ABS64, .symbol = callback}};
  name_klp_callbacks(object);
  EXPECT_TRUE(object.find_section(".kpatch.callbacks.pre_patch"));
}

} // namespace
} // namespace kpatch::special
