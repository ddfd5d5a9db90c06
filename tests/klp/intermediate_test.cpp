// SPDX-License-Identifier: GPL-2.0-or-later
// From two objects to the records and the livepatch relocations: mistakes here build
// without complaint and bring a kernel down later.
#include "base/endian.h"
#include "base/error.h"
#include "diff/object_builder.h"
#include "klp/convert.h"
#include "klp/intermediate.h"
#include "klp/policy.h"

#include <gtest/gtest.h>

#include <optional>

namespace kpatch::klp {
namespace {

using namespace diff::testing;
using diff::Result;

constexpr std::uint8_t kRet = 0xc3;
constexpr std::uint8_t kNop = 0x90;
constexpr std::uint8_t kOther = 0xcc;

/// The intermediate object of a diff that succeeds.
elf::Object intermediate(Diffing& diffing, const elf::Object& original,
                         const elf::Object& patched) {
  Result result = diffing.run(original, patched);
  for (const Problem& problem : result.problems)
    ADD_FAILURE() << problem.message;
  return result.delta ? make_intermediate(std::move(*result.delta)) : elf::Object();
}

/// The livepatch relocation for a place, after the records have been read back.
std::optional<elf::Relocation> livepatch_at(elf::Object object,
                                            const std::string& section,
                                            std::uint64_t offset,
                                            const std::string& symbol) {
  convert_to_livepatch(object, {});
  for (const elf::LivepatchRelocations& table : object.livepatch)
    for (const elf::Relocation& relocation : table.relocations)
      if (object.sections[table.target].name == section && relocation.offset == offset &&
          object.symbols[relocation.symbol].name == symbol)
        return relocation;
  return std::nullopt;
}

const elf::Relocation* ordinary_at(const elf::Object& object, const std::string& section,
                                   std::uint64_t offset) {
  for (const elf::Relocation& relocation :
       object.sections[object.find_section(section)].relocations)
    if (relocation.offset == offset)
      return &relocation;
  return nullptr;
}

TEST(Addends, KeepTheirSignAndAllTheirBits) {
  constexpr std::int64_t kHalf = 0x80000000;
  for (const std::int64_t addend : {kHalf, -kHalf, std::int64_t{0x123456789a}}) {
    const auto make = [&](std::uint8_t filler) {
      ObjectBuilder builder;
      builder.function("f", {0x48, 0xc7, 0xc7, 0, 0, 0, 0, filler, kRet});
      builder.add_relocation("f", 8, R_X86_64_32S, builder.symbol("empty_zero_page"),
                             addend);
      return builder.build();
    };
    Diffing diffing;
    diffing.more_globals = {"empty_zero_page"};
    const auto found = livepatch_at(intermediate(diffing, make(kNop), make(kOther)),
                                    ".text.f", 8, ".klp.sym.vmlinux.empty_zero_page,0");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->addend, addend);
  }
}

TEST(MissingSymbols, AreNamedWithARemedy) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    builder.function("f", {0xe8, 0, 0, 0, 0, filler, kRet});
    builder.function("helper", {kNop, kRet}, STB_LOCAL);
    builder.add_relocation("f", 1, R_X86_64_PLT32, builder.object().find_symbol("helper"),
                           -4);
    return builder.build();
  };
  Diffing diffing;
  diffing.inlined = "helper";
  Result result = diffing.run(make(kNop), make(kOther));
  ASSERT_TRUE(result.delta);
  try {
    make_intermediate(std::move(*result.delta));
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("can't find local symbol 'helper'"),
              std::string::npos);
    EXPECT_EQ(error.remedy(), kMissingSymbolRemedy);
  }
}

/// aarch64, f with a patchable entry; its types need more than a byte.
elf::Object aarch64_unit(std::uint8_t filler) {
  ObjectBuilder builder;
  builder.object().header.machine = EM_AARCH64;
  constexpr std::array<std::uint8_t, 4> kNopWord = {0x1f, 0x20, 0x03, 0xd5};
  Bytes code;
  for (int i = 0; i < 2; ++i)
    code.insert(code.end(), kNopWord.begin(), kNopWord.end());
  code.insert(code.end(), {0, 0, 0, 0x90, filler, 0, 0, 0x91});
  const elf::SymbolId f = builder.plain_function("f", code);
  builder.add_relocation("f", 8, R_AARCH64_ADR_PREL_PG_HI21, builder.symbol("state"), 0);
  const elf::SectionId entries = builder.section({.name = "__patchable_function_entries",
                                                  .flags = SHF_ALLOC | SHF_WRITE,
                                                  .alignment = 8,
                                                  .data = Bytes(8)});
  builder.relocate(
      entries, {0, R_AARCH64_ABS64,
                builder.object().section_symbol(builder.object().symbols[f].section), 0});
  return builder.build();
}

TEST(RelocationTypes, MayBeLargerThanAByte) {
  static_assert(R_AARCH64_ADR_PREL_PG_HI21 > 0xff);
  Diffing diffing;
  diffing.more_globals = {"state"};
  const auto found = livepatch_at(intermediate(diffing, aarch64_unit(0), aarch64_unit(1)),
                                  ".text.f", 8, ".klp.sym.vmlinux.state,0");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->type, static_cast<std::uint32_t>(R_AARCH64_ADR_PREL_PG_HI21));
}

/// f registers g by its address and calls it.
elf::Object registering(std::uint8_t filler, const std::string& callee, bool has_callee) {
  ObjectBuilder builder;
  builder.function("f", {0x48, 0xc7, 0xc7, 0, 0, 0, 0, 0xe8, 0, 0, 0, 0, filler, kRet});
  if (has_callee)
    builder.function(callee, {filler, kRet}, STB_LOCAL);
  builder.add_relocation("f", 8, R_X86_64_32S, builder.symbol(callee), 0);
  builder.add_relocation("f", 13, R_X86_64_PLT32, builder.symbol(callee), -4);
  return builder.build();
}

TEST(PointersToFunctions, NameTheOriginalOfAPatchedOne) {
  Diffing diffing;
  const elf::Object object =
      intermediate(diffing, registering(kNop, "g", true), registering(kOther, "g", true));
  EXPECT_TRUE(livepatch_at(object, ".text.f", 8, ".klp.sym.vmlinux.g,1"));
  EXPECT_EQ(ordinary_at(object, ".text.f", 8), nullptr);
  const elf::Relocation* call = ordinary_at(object, ".text.f", 13);
  ASSERT_NE(call, nullptr) << "a call goes straight to the new code";
  EXPECT_EQ(object.symbols[call->symbol].name, "g");
}

TEST(PointersToFunctions, NameANewOneItself) {
  Diffing diffing;
  ObjectBuilder original;
  original.function("f", {kRet});
  const elf::Object object =
      intermediate(diffing, original.build(), registering(kOther, "fresh", true));
  const elf::Relocation* pointer = ordinary_at(object, ".text.f", 8);
  ASSERT_NE(pointer, nullptr);
  EXPECT_TRUE(object.symbols[pointer->symbol].is_defined());
}

TEST(PointersToFunctions, NameACloneItself) {
  Diffing diffing;
  const elf::Object object = intermediate(diffing, registering(kNop, "walk.isra.0", true),
                                          registering(kOther, "walk.isra.0", true));
  EXPECT_NE(ordinary_at(object, ".text.f", 8), nullptr);
}

TEST(PatchedFunctions, AreNoGlobalsOfTheModule) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    builder.function("exported", {filler, kRet}, STB_GLOBAL);
    return builder.build();
  };
  Diffing diffing;
  const elf::Object object = intermediate(diffing, make(kNop), make(kOther));
  const elf::SymbolId id = object.find_symbol("exported");
  ASSERT_TRUE(id);
  EXPECT_EQ(object.symbols[id].binding, STB_LOCAL)
      << "init code of the module would run it before its relocations are complete";
}

/// With changed code in f.
elf::Object with_unique_names() {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    builder.function("f", {filler, kRet}, STB_GLOBAL);
    builder.function("same", {kNop, kRet}, STB_GLOBAL);
    return builder.build();
  };
  Diffing diffing;
  Result result = diffing.run(make(kNop), make(kOther));
  return make_intermediate(std::move(*result.delta), true);
}

TEST(UniqueNames, AreThoseOfNewCodeOnly) {
  const elf::Object object = with_unique_names();
  EXPECT_FALSE(object.find_symbol("f"));
  EXPECT_TRUE(object.find_symbol("f.kpatch"));
  EXPECT_FALSE(object.find_symbol("same.kpatch"));
  const Bytes& strings = object.sections[object.find_section(".kpatch.strings")].data;
  const std::string text(strings.begin(), strings.end());
  EXPECT_NE(text.find(std::string("f\0", 2)), std::string::npos)
      << "the kernel is asked for what is replaced by its own name";
  EXPECT_EQ(text.find("f.kpatch"), std::string::npos);
}

TEST(Callbacks, AloneMakeAPatchAndNameTheirObject) {
  const auto make = [](bool is_patched) {
    ObjectBuilder builder;
    builder.function("f", {kRet});
    if (is_patched) {
      const elf::SymbolId callback =
          builder.plain_function("before", {kNop, kRet}, STB_LOCAL);
      const elf::SectionId record =
          builder.section({.name = ".kpatch.callbacks.pre_patch",
                           .flags = SHF_ALLOC | SHF_WRITE,
                           .alignment = 8,
                           .data = Bytes(16)});
      builder.define("kpatch_pre_patch_data", STT_OBJECT, record, 16);
      builder.relocate(record, {0, R_X86_64_64, callback, 0});
    }
    return builder.build();
  };
  Diffing diffing;
  diffing.parent = "ext4";
  const elf::Object object = intermediate(diffing, make(false), make(true));
  const std::string name = ".kpatch.callbacks.pre_patch";
  const elf::Relocation* function = ordinary_at(object, name, 0);
  const elf::Relocation* owner = ordinary_at(object, name, 8);
  ASSERT_TRUE(function && owner);
  const elf::Symbol& callback = object.symbols[function->symbol];
  EXPECT_EQ(callback.name, "before");
  EXPECT_EQ(object.sections[callback.section].name, ".text.before");
  const elf::Section& strings = object.sections[object.symbols[owner->symbol].section];
  EXPECT_EQ(
      std::string(reinterpret_cast<const char*>(strings.data.data()) + owner->addend),
      "ext4");
}

/// ppc64le as gcc 6 makes it: eight bytes with the distance to .toc, then the function.
elf::Object behind_toc_distance(std::uint8_t filler) {
  ObjectBuilder builder;
  elf::Object& object = builder.object();
  object.header.machine = EM_PPC64;
  const auto function = [&](const std::string& name, Bytes body) {
    Bytes code(8);
    code.insert(code.end(), {1, 0, 0, 0x48}); // bl _mcount
    code.insert(code.end(), body.begin(), body.end());
    const elf::SymbolId id = builder.plain_function(name, code, STB_LOCAL);
    object.symbols[id].value = 8;
    object.symbols[id].size = code.size() - 8;
    object.symbols[id].other = 0x60; // the local entry is 8 bytes behind the global
    builder.add_relocation(name, 8, R_PPC64_REL24, builder.symbol("_mcount"), 0);
    return id;
  };
  const elf::SymbolId f = function("f", {filler, 0, 0, 0x60, 0x20, 0, 0x80, 0x4e});
  const elf::SectionId home = object.symbols[f].section;
  const elf::SectionId table = builder.section(
      {.name = ".rodata.f", .flags = SHF_ALLOC, .alignment = 8, .data = Bytes(8)});
  builder.relocate(table, {0, R_PPC64_ADDR64, object.section_symbol(home), 12});
  builder.add_relocation("f", 12, R_PPC64_ADDR16_LO, object.section_symbol(table), 0);
  return builder.build();
}

TEST(LocalEntry, DoesNotShiftJumpTables) {
  Diffing diffing;
  const elf::Object object =
      intermediate(diffing, behind_toc_distance(0), behind_toc_distance(1));
  const elf::Relocation* slot = ordinary_at(object, ".rodata.f", 0);
  ASSERT_NE(slot, nullptr);
  EXPECT_EQ(object.symbols[slot->symbol].value + static_cast<std::uint64_t>(slot->addend),
            12U);
}

TEST(ExportedSymbols, OfTheKernelStayOrdinaryAndThoseOfModulesDoNot) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    builder.function("f", {0xe8, 0, 0, 0, 0, 0xe8, 0, 0, 0, 0, filler, kRet});
    builder.add_relocation("f", 6, R_X86_64_PLT32, builder.symbol("kfree"), -4);
    builder.add_relocation("f", 11, R_X86_64_PLT32, builder.symbol("nf_hook"), -4);
    return builder.build();
  };
  Diffing diffing;
  diffing.parent = "ip_vs";
  diffing.symvers =
      image::Symvers::parse("0x0\tkfree\tvmlinux\tEXPORT_SYMBOL\t\n"
                            "0x0\tnf_hook\tnet/netfilter/nf_conntrack\tEXPORT_SYMBOL\t\n",
                            "Module.symvers");
  const elf::Object object = intermediate(diffing, make(kNop), make(kOther));
  EXPECT_NE(ordinary_at(object, ".text.f", 6), nullptr);
  EXPECT_TRUE(livepatch_at(object, ".text.f", 11, ".klp.sym.nf_conntrack.nf_hook,0"));
}

TEST(Toc, BaseIsNoLivepatchSymbol) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    builder.object().header.machine = EM_PPC64;
    // addis r2,r12,.TOC.@ha; addi r2,r2,.TOC.@l; bl _mcount; a word that varies; blr
    builder.plain_function("f", {0, 0,    0x4c,   0x3c, 0, 0,    0x42, 0x38, 1,    0,
                                 0, 0x48, filler, 0,    0, 0x60, 0x20, 0,    0x80, 0x4e});
    builder.add_relocation("f", 0, R_PPC64_REL16_HA, builder.symbol(".TOC."), 0);
    builder.add_relocation("f", 4, R_PPC64_REL16_LO, builder.symbol(".TOC."), 4);
    builder.add_relocation("f", 8, R_PPC64_REL24, builder.symbol("_mcount"), 0);
    return builder.build();
  };
  Diffing diffing;
  diffing.more_globals = {".TOC."};
  const elf::Object object = intermediate(diffing, make(0), make(1));
  EXPECT_NE(ordinary_at(object, ".text.f", 0), nullptr);
  EXPECT_NE(ordinary_at(object, ".text.f", 4), nullptr);
}

TEST(PatchableEntries, AreTiedToTheirCodeOnlyWhereTheCompilerDoesSo) {
  for (const std::uint64_t tie : {std::uint64_t{0}, std::uint64_t{SHF_LINK_ORDER}}) {
    const auto make = [&](std::uint8_t filler) {
      elf::Object object = aarch64_unit(filler);
      elf::Section& entries =
          object.sections[object.find_section("__patchable_function_entries")];
      entries.flags |= tie;
      entries.link = tie ? object.find_section(".text.f") : elf::kNoSection;
      return object;
    };
    Diffing diffing;
    diffing.more_globals = {"state"};
    const elf::Object object = intermediate(diffing, make(0), make(1));
    const elf::Section& entries =
        object.sections[object.find_section("__patchable_function_entries")];
    EXPECT_EQ(entries.flags & SHF_LINK_ORDER, tie);
    EXPECT_EQ(entries.size(), 8U);
  }
}

TEST(OutOfRange, ReferencesAreRefusedByTheirPlace) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    builder.function("f", {0x48, 0xc7, 0xc7, 0, 0, 0, 0, filler, kRet});
    const elf::SectionId text =
        builder.section({.name = ".rodata.str1.1",
                         .flags = SHF_ALLOC | SHF_MERGE | SHF_STRINGS,
                         .entry_size = 1,
                         .data = {'a', 0}});
    builder.add_relocation("f", 8, R_X86_64_32S, builder.object().section_symbol(text),
                           -9);
    return builder.build();
  };
  Diffing diffing;
  Result result = diffing.run(make(kNop), make(kOther));
  ASSERT_TRUE(result.delta);
  try {
    make_intermediate(std::move(*result.delta));
    FAIL() << "taken";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("unit.o: .text.f+0x8: out-of-range"),
              std::string::npos)
        << error.what();
  }
}

/// f, which uses a new per-CPU variable in the patched unit.
elf::Object with_per_cpu(bool is_patched, const std::string& section) {
  ObjectBuilder builder;
  builder.function("f", {0x48, 0xc7, 0xc7, 0, 0, 0, 0, is_patched ? kNop : kOther, kRet});
  if (is_patched) {
    const auto home = builder.section(
        {.name = section, .flags = SHF_ALLOC | SHF_WRITE, .data = Bytes(8)});
    builder.define("counter", STT_OBJECT, home, 8);
    builder.add_relocation("f", 8, R_X86_64_32S, builder.symbol("counter"), 0);
  }
  return builder.build();
}

class PerCpuSections : public ::testing::TestWithParam<const char*> {};

TEST_P(PerCpuSections, GetTheOneNameThatTheLoaderKnows) {
  Diffing diffing;
  const elf::Object object = intermediate(diffing, with_per_cpu(false, GetParam()),
                                          with_per_cpu(true, GetParam()));
  const elf::Symbol& counter = object.symbols[object.find_symbol("counter")];
  ASSERT_TRUE(counter.is_defined());
  EXPECT_EQ(object.sections[counter.section].name, ".data..percpu");
  EXPECT_NE(ordinary_at(object, ".text.f", 8), nullptr);
}

INSTANTIATE_TEST_SUITE_P(, PerCpuSections,
                         ::testing::Values(".data..percpu", ".data..percpu..read_mostly",
                                           ".data..percpu..shared_aligned",
                                           ".data..percpu..page_aligned",
                                           ".data..percpu..first",
                                           ".data..percpu.counter",
                                           ".data..percpu..read_mostly.counter",
                                           ".data..percpu..hot.counter"));

TEST(ReadOnlyAfterInit, IsTheSectionOfThatNameOnly) {
  const std::string name = ".data..ro_after_init";
  Diffing diffing;
  const elf::Object object = intermediate(diffing, with_per_cpu(false, name),
                                          with_per_cpu(true, name + ".counter"));
  const elf::Symbol& counter = object.symbols[object.find_symbol("counter")];
  EXPECT_EQ(object.sections[counter.section].name, name);
}

} // namespace
} // namespace kpatch::klp
