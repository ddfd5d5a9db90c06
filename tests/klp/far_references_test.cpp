// SPDX-License-Identifier: GPL-2.0-or-later
// What a patch refers to outside of itself on processors whose code has a shorter way for
// what is near. The instructions are those of gcc 12 for
//
//   static int show(struct seq_file *m, void *v) { ... }
//   int opens(struct inode *i, struct file *f) { return single_open(f, show, i); }
#include "base/endian.h"
#include "base/error.h"
#include "klp/module_part.h"

#include <gtest/gtest.h>

#include <optional>

namespace kpatch::klp {
namespace {

using namespace diff::testing;
using klp::testing::module_part;

constexpr std::uint16_t kLoongarch = 258;

/// An instruction that refers to something, and the relocation in it.
struct Step {
  Bytes code;
  std::uint64_t field = 0;
  std::uint32_t type = 0;
  std::int64_t addend = 0;
};

struct Processor {
  std::uint16_t machine;
  std::endian order;
  Bytes entry; ///< of a function that can be traced
  std::uint64_t entry_record = 0;
  std::vector<Step> pointer; ///< takes the address of show()
  std::vector<Step> call;    ///< calls it
};

const Processor kS390{.machine = EM_S390,
                      .order = std::endian::big,
                      .entry = {0xc0, 0x04, 0, 0, 0, 0},
                      .pointer = {{{0xc0, 0x30, 0, 0, 0, 0}, 2, R_390_PLT32DBL, 2}},
                      .call = {{{0xc0, 0xe5, 0, 0, 0, 0}, 2, R_390_PLT32DBL, 2}}};
const Processor kAarch64{
    .machine = EM_AARCH64,
    .order = std::endian::little,
    .entry = {0x1f, 0x20, 0x03, 0xd5, 0x1f, 0x20, 0x03, 0xd5},
    .pointer = {{{0x01, 0, 0, 0x90}, 0, R_AARCH64_ADR_PREL_PG_HI21, 0},
                {{0x21, 0, 0, 0x91}, 0, R_AARCH64_ADD_ABS_LO12_NC, 0}},
    .call = {{{0, 0, 0, 0x94}, 0, R_AARCH64_CALL26, 0}}};
const Processor kLoong64{
    .machine = kLoongarch,
    .order = std::endian::little,
    .entry = {0, 0, 0x40, 0x03, 0, 0, 0x40, 0x03},
    .pointer = {{{0x05, 0, 0, 0x1a}, 0, 71, 0}, {{0xa5, 0, 0xc0, 0x02}, 0, 72, 0}},
    .call = {{{0, 0, 0, 0x54}, 0, 66, 0}}};

/// Builds opens(), which does `steps` with show(), and show() itself; f-th version.
class Unit {
 public:
  explicit Unit(const Processor& processor) : processor_(processor) {
    builder_.object().header.machine = processor.machine;
    builder_.object().header.order = processor.order;
  }

  Unit& function(const std::string& name, std::uint8_t filler,
                 const std::vector<Step>& steps = {}, const std::string& target = {}) {
    Bytes code = processor_.entry;
    code.insert(code.end(), {0x07, filler, 0x07, filler});
    std::vector<elf::Relocation> relocations;
    for (const Step& step : steps) {
      relocations.push_back({code.size() + step.field, step.type, 0, step.addend});
      code.insert(code.end(), step.code.begin(), step.code.end());
    }
    code.insert(code.end(), {0x07, 0xfe, 0x07, 0xfe});
    const elf::SymbolId id = builder_.plain_function(name, code, STB_LOCAL);
    if (!builder_.object().find_symbol(target) && !target.empty())
      builder_.symbol(target);
    for (const elf::Relocation& relocation : relocations)
      builder_.add_relocation(name, relocation.offset, relocation.type,
                              builder_.object().find_symbol(target), relocation.addend);
    if (processor_.machine != EM_S390)
      add_entry(id);
    return *this;
  }

  const elf::Object& object() { return builder_.object(); }

 private:
  void add_entry(elf::SymbolId function) {
    elf::Object& object = builder_.object();
    const elf::SectionId home = object.symbols[function].section;
    const elf::SectionId entries =
        builder_.section({.name = "__patchable_function_entries",
                          .flags = SHF_ALLOC | SHF_WRITE | SHF_LINK_ORDER,
                          .alignment = 8,
                          .data = Bytes(8),
                          .link = home});
    builder_.relocate(entries,
                      {0,
                       processor_.machine == EM_AARCH64 ? std::uint32_t{R_AARCH64_ABS64}
                                                        : std::uint32_t{2},
                       object.section_symbol(home), 0});
  }

  const Processor& processor_;
  ObjectBuilder builder_;
};

struct Found {
  elf::Relocation relocation;
  std::string symbol;
  bool is_late = false;
};

/// The relocations in a function, late and ordinary.
std::vector<Found> found_in(const elf::Object& object, const std::string& section) {
  std::vector<Found> found;
  const elf::SectionId id = object.find_section(section);
  for (const elf::Relocation& relocation : object.sections[id].relocations)
    found.push_back({relocation, object.symbols[relocation.symbol].name});
  for (const elf::LivepatchRelocations& table : object.livepatch)
    if (table.target == id)
      for (const elf::Relocation& relocation : table.relocations)
        found.push_back({relocation, object.symbols[relocation.symbol].name, true});
  return found;
}

class Pointers : public ::testing::TestWithParam<Processor> {};

TEST_P(Pointers, ToAPatchedFunctionLeadToTheKernels) {
  const Processor& processor = GetParam();
  const auto make = [&](std::uint8_t filler) {
    return Unit(processor)
        .function("show", filler)
        .function("opens", filler, processor.pointer, "show")
        .object();
  };
  const auto found = found_in(module_part(make(1), make(2)), ".text.opens");
  ASSERT_EQ(found.size(), processor.pointer.size());
  for (const Found& reference : found) {
    EXPECT_TRUE(reference.is_late);
    EXPECT_EQ(reference.symbol, ".klp.sym.vmlinux.show,1");
  }
}

TEST_P(Pointers, AreNotWhatCallsMake) {
  const Processor& processor = GetParam();
  const auto make = [&](std::uint8_t filler) {
    return Unit(processor)
        .function("show", filler)
        .function("opens", filler, processor.call, "show")
        .object();
  };
  const auto found = found_in(module_part(make(1), make(2)), ".text.opens");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_FALSE(found[0].is_late);
  EXPECT_EQ(found[0].symbol, "show");
}

/// show() cannot be traced, and whoever calls it would have to be patched instead.
TEST_P(Pointers, StandAgainstPatchingTheCallers) {
  const Processor& processor = GetParam();
  const auto problems = [&](const std::vector<Step>& steps) {
    const auto make = [&](std::uint8_t filler) {
      Processor untraced = processor;
      untraced.entry = {0x07, 0, 0x07, 0};
      ObjectBuilder builder;
      Unit unit(processor);
      unit.function("opens", 1, steps, "show");
      elf::Object object = unit.object();
      const elf::SectionId home =
          object.add_section({.name = ".text.show",
                              .flags = SHF_ALLOC | SHF_EXECINSTR,
                              .alignment = 16,
                              .data = {0x07, filler, 0x07, 0xfe}});
      object.section_symbol(home);
      object.symbols[object.find_symbol("show")] = {
          .name = "show", .type = STT_FUNC, .section = home, .size = 4};
      return object;
    };
    Diffing diffing;
    return codes(diffing.run(make(1), make(2)));
  };
  EXPECT_EQ(problems(processor.call), std::vector<std::string>());
  EXPECT_EQ(problems(processor.pointer), std::vector<std::string>{"KP2001"});
}

INSTANTIATE_TEST_SUITE_P(All, Pointers, ::testing::Values(kS390, kAarch64, kLoong64));

TEST(S390Pointers, OfFarThingsComeFromTheTableOfAddresses) {
  const auto make = [](std::uint8_t filler) {
    return Unit(kS390)
        .function("show", 1)
        .function("opens", filler, kS390.pointer, "show")
        .object();
  };
  const elf::Object object = module_part(make(1), make(2));
  const auto found = found_in(object, ".text.opens");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].is_late);
  EXPECT_EQ(found[0].symbol, ".klp.sym.vmlinux.show,1");
  EXPECT_EQ(found[0].relocation.type, R_390_GOTENT);
  EXPECT_EQ(found[0].relocation.addend, 2);
  const Bytes& code = object.sections[object.find_section(".text.opens")].data;
  EXPECT_EQ(code[found[0].relocation.offset - 2], 0xc4);
  EXPECT_EQ(code[found[0].relocation.offset - 1], 0x38); // lgrl %r3
}

/// ppc64le: opens() calls show(), and the compiler knew that they share a TOC.
class Calls : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kCall = 0x48000001, kNop = 0x60000000,
                                 kCompare = 0x2c030000, kReturn = 0x4e800020;

  static Bytes words(const std::vector<std::uint32_t>& words) {
    Bytes code(4 * words.size());
    for (std::size_t i = 0; i < words.size(); ++i)
      store(code, 4 * i, words[i], std::endian::little);
    return code;
  }

  static elf::Object unit(std::uint32_t filler, std::uint32_t behind_call,
                          const std::string& callee, std::uint32_t show = 1) {
    ObjectBuilder builder;
    builder.object().header.machine = EM_PPC64;
    builder.plain_function("show", words({kCall, show, kReturn}), STB_LOCAL);
    builder.add_relocation("show", 0, R_PPC64_REL24, builder.symbol("_mcount"), 0);
    builder.plain_function("opens", words({kCall, filler, kCall, behind_call, kReturn}));
    builder.add_relocation("opens", 0, R_PPC64_REL24, builder.symbol("_mcount"), 0);
    builder.add_relocation("opens", 8, R_PPC64_REL24, builder.symbol(callee), 0);
    return builder.build();
  }

  static std::uint32_t word(const elf::Object& object, std::uint64_t offset) {
    return load<std::uint32_t>(object.sections[object.find_section(".text.opens")].data,
                               offset, std::endian::little);
  }

  static std::uint64_t size_of_opens(const elf::Object& object) {
    for (const elf::Symbol& symbol : object.symbols)
      if (symbol.name == "opens")
        return symbol.size;
    return 0;
  }
};

TEST_F(Calls, OutOfTheModuleHaveRoomToRestoreTheToc) {
  const elf::Object object =
      module_part(unit(1, kCompare, "show"), unit(2, kCompare, "show"));
  std::uint64_t call = 0;
  for (const Found& found : found_in(object, ".text.opens"))
    if (found.is_late)
      call = found.relocation.offset;
  ASSERT_EQ(call, 20U);
  EXPECT_EQ(word(object, 8), 0x4800000cU); // b to the call
  EXPECT_EQ(word(object, 12), kCompare);
  EXPECT_EQ(word(object, call), kCall);
  EXPECT_EQ(word(object, call + 4), kNop);
  EXPECT_EQ(word(object, call + 8), 0x4bfffff0U); // b behind the first place
  EXPECT_EQ(size_of_opens(object), 32U);
}

TEST_F(Calls, ThatHaveRoomStay) {
  const elf::Object object = module_part(unit(1, kNop, "show"), unit(2, kNop, "show"));
  EXPECT_EQ(size_of_opens(object), 20U);
  EXPECT_EQ(word(object, 8), kCall);
}

TEST_F(Calls, WithinTheModuleStay) {
  const elf::Object object =
      module_part(unit(1, kCompare, "show"), unit(2, kCompare, "show", 2));
  EXPECT_EQ(size_of_opens(object), 20U);
}

TEST_F(Calls, OfFtraceStay) {
  const elf::Object object =
      module_part(unit(1, kCompare, "_mcount"), unit(2, kCompare, "_mcount"));
  EXPECT_EQ(size_of_opens(object), 20U);
}

/// What ends the section is g(), on whose behalf nobody may call.
TEST_F(Calls, AreNotMadeOnBehalfOfAnotherFunction) {
  Diffing diffing;
  diff::Result result = diffing.run(unit(1, kCompare, "show"), unit(2, kCompare, "show"));
  ASSERT_TRUE(result.delta);
  elf::Object& object = result.delta->object;
  const elf::SectionId home = object.find_section(".text.opens");
  object.add_symbol(
      {.name = "g", .type = STT_FUNC, .section = home, .value = 16, .size = 4});
  result.delta->symbols.push_back({});
  EXPECT_THROW(make_intermediate(std::move(*result.delta)), Error);
}

} // namespace
} // namespace kpatch::klp
