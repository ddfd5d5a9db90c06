// SPDX-License-Identifier: GPL-2.0-or-later
// What has the same name but lies elsewhere, has another size, or became global.
#include "diff/object_builder.h"

#include <gtest/gtest.h>

namespace kpatch::diff {
namespace {

using namespace testing;

constexpr std::uint8_t kRet = 0xc3;
constexpr std::uint8_t kNop = 0x90;

std::vector<std::string> functions_of(const Result& result, Status status) {
  std::vector<std::string> names;
  for (const FunctionChange& function : result.functions)
    if (function.status == status)
      names.push_back(function.name);
  return names;
}

void expect_one_problem(const Result& result, const char* code, const char* symbol) {
  ASSERT_EQ(codes(result), std::vector<std::string>{code});
  EXPECT_EQ(result.problems[0].symbol, symbol);
  EXPECT_FALSE(result.problems[0].remedy.empty());
}

/// The caller refers to what it calls as an assembler does: by another type if global.
elf::Object calling(std::uint8_t binding) {
  ObjectBuilder builder;
  builder.function("scaled", {kNop, kRet}, binding);
  builder.function("account", {0xe8, 0, 0, 0, 0, kRet});
  const elf::SectionId home = builder.object().find_section(".text.scaled");
  if (binding == STB_LOCAL)
    builder.add_relocation("account", 6, R_X86_64_PC32,
                           builder.object().section_symbol(home), -4);
  else
    builder.add_relocation("account", 6, R_X86_64_PLT32, builder.symbol("scaled"), -4);
  return builder.build();
}

TEST(BecameGlobal, TheCallersOfAFunctionThatMerelyBecameGlobalAreTheSame) {
  EXPECT_EQ(Diffing().run(calling(STB_LOCAL), calling(STB_GLOBAL)).exit, Exit::kNoChange);
  EXPECT_EQ(Diffing().run(calling(STB_GLOBAL), calling(STB_LOCAL)).exit, Exit::kNoChange);
}

/// f in the section, and g that calls it.
elf::Object with_code_in(const std::string& prefix, std::uint8_t filler) {
  ObjectBuilder builder;
  if (prefix == ".text.") {
    builder.function("f", {0xb0, 1, kRet});
  } else {
    const elf::SectionId section = builder.section({.name = prefix,
                                                    .flags = SHF_ALLOC | SHF_EXECINSTR,
                                                    .alignment = 16,
                                                    .data = {0xb0, 1, kRet}});
    builder.define("f", STT_FUNC, section, 3, STB_GLOBAL);
  }
  builder.function("g", {0xe8, 0, 0, 0, 0, filler, kRet});
  builder.add_relocation("g", 6, R_X86_64_PLT32, builder.symbol("f"), -4);
  return builder.build();
}

TEST(Moved, AFunctionThatIsNoLongerInitCodeIsNew) {
  const Result result =
      Diffing().run(with_code_in(".init.text", kNop), with_code_in(".text.", 0xcc));
  std::vector<std::string> messages;
  for (const Problem& problem : result.problems)
    if (problem.code != code::kInitChange)
      messages.push_back(problem.message);
  EXPECT_EQ(messages, std::vector<std::string>{});
  EXPECT_EQ(functions_of(result, Status::kNew), std::vector<std::string>{"f"});
  EXPECT_EQ(functions_of(result, Status::kChanged), std::vector<std::string>{"g"});
}

TEST(Moved, ANoinstrFunctionIsNamedAsCodeThatNoTracerCanRedirect) {
  ObjectBuilder before, after;
  for (const auto& [builder, value] : {std::pair(&before, 1), std::pair(&after, 2)}) {
    const elf::SectionId section =
        builder->section({.name = ".noinstr.text",
                          .flags = SHF_ALLOC | SHF_EXECINSTR,
                          .alignment = 16,
                          .data = {0xb0, static_cast<std::uint8_t>(value), kRet}});
    builder->define("enter", STT_FUNC, section, 3, STB_GLOBAL);
  }
  const Result result = Diffing().run(before.build(), after.build());
  expect_one_problem(result, code::kNoFtraceEntry, "enter");
  EXPECT_NE(result.problems[0].message.find("no tracer can redirect"), std::string::npos);
}

elf::Object with_object(std::uint32_t type, std::size_t size) {
  ObjectBuilder builder;
  const bool is_nobits = type == SHT_NOBITS;
  const elf::SectionId section =
      builder.section({.name = is_nobits ? ".bss.limit" : ".data.limit",
                       .type = type,
                       .flags = SHF_ALLOC | SHF_WRITE,
                       .alignment = 4,
                       .data = is_nobits ? Bytes() : Bytes(size, 1),
                       .nobits_size = is_nobits ? size : 0});
  const elf::SymbolId limit = builder.define("limit", STT_OBJECT, section, size);
  builder.function("f", {0x8b, 0x04, 0x25, 0, 0, 0, 0, kRet});
  builder.add_relocation("f", 8, R_X86_64_32S, limit, 0);
  return builder.build();
}

TEST(Moved, AnObjectWhoseFirstValueIsNoLongerZeroIsChangedData) {
  expect_one_problem(
      Diffing().run(with_object(SHT_NOBITS, 4), with_object(SHT_PROGBITS, 4)),
      code::kChangedSection, "limit");
}

TEST(Moved, AnObjectOfAnotherSizeIsChangedData) {
  expect_one_problem(
      Diffing().run(with_object(SHT_PROGBITS, 4), with_object(SHT_PROGBITS, 8)),
      code::kChangedSection, "limit");
  expect_one_problem(
      Diffing().run(with_object(SHT_NOBITS, 4), with_object(SHT_NOBITS, 8)),
      code::kChangedSection, "limit");
}

} // namespace
} // namespace kpatch::diff
