// SPDX-License-Identifier: GPL-2.0-or-later
#include "klp/info_object.h"

#include <gtest/gtest.h>

namespace kpatch::klp {
namespace {

TEST(InfoObject, HasTheSameInFileAndMemory) {
  const elf::ModuleInfo info{{"description", "d"}, {"cve", "CVE-2026-1111"}};
  elf::Object sample;
  sample.header.machine = EM_S390;
  sample.header.order = std::endian::big;
  const elf::Object object =
      elf::read_object(elf::write_object(info_object(info, sample)), "info.o");
  EXPECT_EQ(object.header, sample.header);
  const auto section = [&](std::string_view name) {
    return object.sections[object.find_section(name)];
  };
  EXPECT_EQ(elf::parse_info_strings(section(".modinfo").data), info);
  EXPECT_EQ(elf::parse_patch_note(section(".note.kpatch").data, std::endian::big), info);
  // Only of notes that are loaded the kernel makes files (add_notes_attrs).
  EXPECT_EQ(section(".note.kpatch").type, static_cast<std::uint32_t>(SHT_NOTE));
  EXPECT_TRUE(section(".note.kpatch").flags & SHF_ALLOC);
  EXPECT_TRUE(has_description(info));
  EXPECT_FALSE(has_description({{"cve", "x"}}));
}

} // namespace
} // namespace kpatch::klp
