// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/endian.h"
#include "base/error.h"
#include "klp/core_identity.h"

#include <gtest/gtest.h>

namespace kpatch::klp {
namespace {

constexpr std::uint64_t kNotesAt = 0xffffffff82000000;
constexpr std::uint64_t kAnchorAt = 0xffffffff81100000;
const Bytes kId = {1, 2, 3, 4, 5, 6, 7, 8};

/// A note as the linker writes it.
void add_note(Bytes& notes, std::string_view name, std::uint32_t type, Bytes content) {
  const auto add32 = [&](std::uint32_t value) {
    notes.resize(notes.size() + 4);
    store(notes, notes.size() - 4, value, std::endian::little);
  };
  add32(static_cast<std::uint32_t>(name.size() + 1));
  add32(static_cast<std::uint32_t>(content.size()));
  add32(type);
  for (std::string text :
       {std::string(name) + '\0', std::string(content.begin(), content.end())}) {
    text.resize((text.size() + 3) & ~std::size_t{3});
    notes.insert(notes.end(), text.begin(), text.end());
  }
}

image::Image kernel(Bytes notes, unsigned anchors = 1) {
  std::vector<image::ImageSymbol> symbols(
      anchors, {.name = std::string(kAnchor), .address = kAnchorAt, .type = STT_FUNC});
  const std::uint64_t size = notes.size();
  return {
      "vmlinux",
      std::endian::little,
      {{.name = ".notes", .address = kNotesAt, .size = size, .data = std::move(notes)}},
      std::move(symbols)};
}

Bytes usual_notes() {
  Bytes notes;
  add_note(notes, "Linux", 3, {9, 9, 9}); // the number means something else there
  add_note(notes, "GNU", 3, kId);
  return notes;
}

TEST(CoreIdentity, IsTheBuildIdAndItsPlace) {
  const CoreIdentity identity = core_identity(kernel(usual_notes()));
  EXPECT_EQ(identity.anchor, kAnchorAt);
  EXPECT_EQ(identity.build_id, kId);
  // Two headers and names, and the content of the first.
  EXPECT_EQ(identity.build_id_at, kNotesAt + 12 + 8 + 4 + 12 + 4);
}

TEST(CoreIdentity, RefusesAKernelThatCannotBeTold) {
  EXPECT_THROW(core_identity(kernel({})), Error);
  EXPECT_THROW(core_identity(kernel(usual_notes(), 0)), Error);
  EXPECT_THROW(core_identity(kernel(usual_notes(), 2)), Error);
  Bytes cut = usual_notes();
  cut.resize(cut.size() - 4);
  EXPECT_THROW(core_identity(kernel(cut)), Error);
}

TEST(CoreIdentity, TravelsInAPartOfTheModule) {
  elf::Object sample;
  sample.header.order = std::endian::big;
  const elf::Object part =
      identity_object({.anchor = 0x1122, .build_id_at = 0x3344, .build_id = kId}, sample);
  const elf::Symbol& symbol = part.symbols[part.find_symbol("kpatch_identity")];
  const Bytes& data = part.sections[symbol.section].data;
  EXPECT_EQ(symbol.size, data.size());
  EXPECT_EQ(load<std::uint64_t>(data, 0, std::endian::big), 0x1122u);
  EXPECT_EQ(load<std::uint64_t>(data, 8, std::endian::big), 0x3344u);
  EXPECT_EQ(load<std::uint64_t>(data, 16, std::endian::big), kId.size());
  EXPECT_EQ(Bytes(data.begin() + 24, data.begin() + 32), kId);
}

} // namespace
} // namespace kpatch::klp
