// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/patch_note.h"

#include <gtest/gtest.h>

namespace kpatch::elf {
namespace {

const ModuleInfo kInfo{
    {"version", "1.2"}, {"cve", "CVE-2026-1111"}, {"cve", "CVE-2026-2222"}};

TEST(PatchNote, ComesBackInBothByteOrders) {
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    const Bytes note = make_patch_note(kInfo, order);
    EXPECT_EQ(note.size() % 4, 0U);
    EXPECT_EQ(parse_patch_note(note, order), kInfo);
  }
  EXPECT_EQ(info_values(kInfo, "cve").size(), 2U);
}

TEST(PatchNote, OfOthersOrDamagedSaysNothing) {
  Bytes note = make_patch_note(kInfo, std::endian::native);
  for (std::size_t size = 0; size < note.size() - 4; ++size)
    EXPECT_TRUE(
        parse_patch_note(std::span(note).first(size), std::endian::native).empty());
  note[13] = 'x'; // the owner
  EXPECT_TRUE(parse_patch_note(note, std::endian::native).empty());
}

} // namespace
} // namespace kpatch::elf
