// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "verify/patch_difference.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::verify {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A module with functions of `mov text, %rdi; ret`.
class Module {
 public:
  Module() {
    module.label = "livepatch-x.ko";
    module.header.machine = EM_X86_64;
    strings = module.add_section({.name = ".rodata.str1.1",
                                  .flags = SHF_ALLOC | SHF_MERGE | SHF_STRINGS,
                                  .entry_size = 1});
    names = module.add_section({.name = ".kpatch.strings", .flags = SHF_ALLOC});
  }

  std::int64_t text(elf::SectionId section, std::string_view text) {
    Bytes& data = module.sections[section].data;
    const auto at = static_cast<std::int64_t>(data.size());
    data.insert(data.end(), text.begin(), text.end());
    data.push_back(0);
    return at;
  }

  elf::SymbolId function(const std::string& name, std::string_view shown,
                         std::uint8_t last = 0xc3) {
    const auto code = module.add_section({.name = ".text." + name,
                                          .flags = SHF_ALLOC | SHF_EXECINSTR,
                                          .data = {0x48, 0xc7, 0xc7, 0, 0, 0, 0, last},
                                          .has_relocations = true});
    module.sections[code].relocations = {
        {3, R_X86_64_32S, module.section_symbol(strings), text(strings, shown)}};
    return module.add_symbol(
        {.name = name, .type = STT_FUNC, .section = code, .size = 8});
  }

  void replace(const std::string& name, std::string_view shown,
               std::uint8_t last = 0xc3) {
    const elf::SymbolId code = function(name + ".kpatch", shown, last);
    const elf::SymbolId texts = module.section_symbol(names);
    elf::Section* table = nullptr;
    if (const auto id = module.find_section(".kpatch.funcs"))
      table = &module.sections[id];
    else
      table = &module.sections[module.add_section(
          {.name = ".kpatch.funcs", .flags = SHF_ALLOC, .has_relocations = true})];
    const std::uint64_t at = table->data.size();
    const std::int64_t name_at = text(names, name), object_at = text(names, "vmlinux");
    table->data.resize(at + 56);
    table->relocations.insert(table->relocations.end(),
                              {{at, R_X86_64_64, code, 0},
                               {at + 40, R_X86_64_64, texts, name_at},
                               {at + 48, R_X86_64_64, texts, object_at}});
  }

  /// A constant of two bytes without a name, that a new function reads.
  void constant(const std::string& reader, std::uint8_t value) {
    const auto section = module.add_section(
        {.name = ".rodata." + reader, .flags = SHF_ALLOC, .data = {value, 0}});
    const elf::SymbolId symbol = function(reader, "");
    module.sections[module.symbols[symbol].section].relocations = {
        {3, R_X86_64_32S, module.section_symbol(section), 0}};
  }

  elf::Object module;
  elf::SectionId strings, names;
};

std::vector<std::string> names(const std::vector<PatchFunction>& functions) {
  std::vector<std::string> names;
  for (const PatchFunction& function : functions)
    names.push_back(function.object + ":" + function.name);
  return names;
}

TEST(PatchDifference, IsInTheFunctionsThatWereAddedDroppedAndChanged) {
  Module older, newer;
  older.replace("dropped", "d");
  older.replace("kept", "k");
  older.replace("changed", "c");
  newer.replace("changed", "c", 0xcc);
  newer.replace("kept", "k");
  newer.replace("added", "a");
  const PatchDifference difference = compare_patches(older.module, newer.module);
  EXPECT_THAT(names(difference.added), ElementsAre("vmlinux:added"));
  EXPECT_THAT(names(difference.dropped), ElementsAre("vmlinux:dropped"));
  EXPECT_THAT(names(difference.changed), ElementsAre("vmlinux:changed"));
  EXPECT_THAT(names(difference.same), ElementsAre("vmlinux:kept"));
}

TEST(PatchDifference, IsNotInWhereThingsLie) {
  Module older, newer;
  older.replace("f", "text");
  newer.replace("other", "something longer before it");
  newer.replace("f", "text");
  newer.function("behind", "and after it");
  const PatchDifference difference = compare_patches(older.module, newer.module);
  EXPECT_THAT(difference.changed, IsEmpty());
  EXPECT_THAT(names(difference.same), ElementsAre("vmlinux:f"));
}

TEST(PatchDifference, IsInTheTextThatAFunctionPrints) {
  Module older, newer;
  older.replace("f", "a text");
  newer.replace("f", "a word");
  EXPECT_THAT(names(compare_patches(older.module, newer.module).changed),
              ElementsAre("vmlinux:f"));
}

TEST(PatchDifference, IsInAConstantThatAFunctionReads) {
  Module older, newer, same;
  older.constant("helper", 1);
  newer.constant("helper", 2);
  same.constant("helper", 1);
  EXPECT_THAT(names(compare_patches(older.module, newer.module).changed),
              ElementsAre(":helper"));
  EXPECT_TRUE(compare_patches(older.module, same.module).is_empty());
}

TEST(PatchDifference, IsNotInACountedName) {
  Module older, newer;
  older.function("helper.12", "x");
  newer.function("helper.7", "x");
  EXPECT_TRUE(compare_patches(older.module, newer.module).is_empty());
}

TEST(PatchDifference, NeedsOneProcessor) {
  Module older, newer;
  newer.module.header.machine = EM_AARCH64;
  EXPECT_THROW(compare_patches(older.module, newer.module), Error);
}

} // namespace
} // namespace kpatch::verify
