// SPDX-License-Identifier: GPL-2.0-or-later
// Whose address is taken, on processors where the type of a relocation does not say.
#include "review/call_map.h"
#include "review/review.h"

#include <gtest/gtest.h>

namespace kpatch::review {
namespace {

/// caller(), whose code refers to called() and handed().
class Caller {
 public:
  Caller(std::uint16_t machine, Bytes code) {
    object_.header.machine = machine;
    text_ = object_.add_section({.name = ".text.caller",
                                 .flags = SHF_ALLOC | SHF_EXECINSTR,
                                 .data = std::move(code)});
    object_.add_symbol(
        {.name = "caller", .type = STT_FUNC, .section = text_, .size = 16});
  }

  elf::SymbolId function(const std::string& name) {
    const elf::SectionId home = object_.add_section(
        {.name = ".text." + name, .flags = SHF_ALLOC | SHF_EXECINSTR, .data = Bytes(4)});
    return object_.add_symbol(
        {.name = name, .type = STT_FUNC, .section = home, .size = 4});
  }

  void refer(const elf::Relocation& relocation) {
    object_.sections[text_].relocations.push_back(relocation);
  }

  elf::Object& object() { return object_; }

  /// Of what is left for a review.
  CallMap map() {
    keep_what_is_reviewed(object_);
    return CallMap(object_);
  }

 private:
  elf::Object object_;
  elf::SectionId text_ = elf::kNoSection;
};

TEST(TakenAddresses, OfS390AreThoseOfLarl) {
  Caller unit(EM_S390, {0xc0, 0xe5, 0, 0, 0, 0, 0xc0, 0x30, 0, 0, 0, 0});
  unit.refer({2, R_390_PLT32DBL, unit.function("called"), 2});
  unit.refer({8, R_390_PLT32DBL, unit.function("handed"), 2});
  const CallMap map = unit.map();
  EXPECT_EQ(map.handed_out(), Names{"handed"});
  EXPECT_EQ(map.takers("handed"), Names{"caller"});
  EXPECT_EQ(map.direct("caller"), (Names{"called", "handed"}));
}

TEST(TakenAddresses, OfPpc64AreInSlots) {
  Caller unit(EM_PPC64, Bytes(16));
  const elf::SymbolId handed = unit.function("handed");
  const elf::SectionId toc =
      unit.object().add_section({.name = ".toc",
                                 .flags = SHF_ALLOC,
                                 .data = Bytes(16),
                                 .relocations = {{8, R_PPC64_ADDR64, handed, 0}}});
  const elf::SymbolId slots = unit.object().section_symbol(toc);
  unit.refer({0, R_PPC64_REL24, unit.function("called"), 0});
  unit.refer({4, R_PPC64_TOC16_HA, slots, 8});
  unit.refer({8, R_PPC64_TOC16_LO_DS, slots, 8});
  unit.refer({12, R_PPC64_TOC16_HA, slots, 0}); // a constant
  const CallMap map = unit.map();
  EXPECT_EQ(map.handed_out(), Names{"handed"});
  EXPECT_EQ(map.takers("handed"), Names{"caller"});
  EXPECT_EQ(map.direct("caller"), (Names{"called", "handed"}));
}

} // namespace
} // namespace kpatch::review
