// SPDX-License-Identifier: GPL-2.0-or-later
// Where the answer is better than a refusal; docs/differences.md tells the reasons.
#include "diff/lookup.h"
#include "diff/patterns.h"

#include <gtest/gtest.h>

namespace kpatch::diff {
namespace {

using namespace testing;

const Bytes kCall = {0xe8, 0, 0, 0, 0, kRet};

bool is_new(const Result& result, const std::string& name) {
  return says(result, "new function: " + name);
}
bool is_changed(const Result& result, const std::string& name) {
  return says(result, "changed function: " + name);
}

/// caller() calls helper(), which has no ftrace entry.
ObjectBuilder with_helper(const Bytes& body, std::uint8_t binding = STB_LOCAL) {
  ObjectBuilder builder;
  const elf::SymbolId helper = builder.plain_function("helper", body, binding);
  builder.function("caller", kCall);
  builder.add_relocation("caller", 6, R_X86_64_PLT32, helper, -4);
  return builder;
}

TEST(Promotion, PatchesTheCallersOfAFunctionWithoutEntry) {
  const Result result =
      Diffing().run(with_helper({kRet}).build(), with_helper({kNop, kRet}).build());
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(is_changed(result, "caller"));
  EXPECT_TRUE(is_new(result, "helper"));
}

TEST(Promotion, GoesUpThroughCallersThatHaveNoEntryEither) {
  const auto make = [](const Bytes& body) {
    ObjectBuilder builder;
    const elf::SymbolId inner = builder.plain_function("inner", body, STB_LOCAL);
    const elf::SymbolId outer = builder.plain_function("outer", kCall, STB_LOCAL);
    builder.add_relocation("outer", 1, R_X86_64_PLT32, inner, -4);
    builder.function("entry", kCall);
    builder.add_relocation("entry", 6, R_X86_64_PLT32, outer, -4);
    return builder.build();
  };
  const Result result = Diffing().run(make({kRet}), make({kNop, kRet}));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(is_changed(result, "entry"));
  EXPECT_TRUE(is_new(result, "outer"));
  EXPECT_TRUE(is_new(result, "inner"));
}

TEST(Promotion, RefusesWhereTheAddressIsStoredAndNamesTheHolder) {
  const auto make = [](const Bytes& body) {
    ObjectBuilder builder = with_helper(body);
    builder.variable("table", Bytes(8));
    builder.add_relocation("table", 0, R_X86_64_64,
                           builder.object().find_symbol("helper"), 0);
    return builder.build();
  };
  const Result result = Diffing().run(make({kRet}), make({kNop, kRet}));
  ASSERT_EQ(codes(result), std::vector<std::string>{code::kNoFtraceEntry});
  EXPECT_NE(result.problems[0].message.find("table"), std::string::npos);
}

TEST(Promotion, RefusesWhereAFunctionTakesTheAddressRelativeToItself) {
  const auto make = [](const Bytes& body) {
    ObjectBuilder builder = with_helper(body);
    builder.function("registrar",
                     {0x48, 0x8d, 0x3d, 0, 0, 0, 0, kRet}); // lea helper(%rip), %rdi
    builder.add_relocation("registrar", 8, R_X86_64_PC32,
                           builder.object().find_symbol("helper"), -4);
    return builder.build();
  };
  const Result result = Diffing().run(make({kRet}), make({kNop, kRet}));
  ASSERT_EQ(codes(result), std::vector<std::string>{code::kNoFtraceEntry});
  EXPECT_NE(result.problems[0].message.find("registrar takes its address"),
            std::string::npos);
}

TEST(Promotion, SaysWhatOtherObjectsMayCall) {
  const Result result = Diffing().run(with_helper({kRet}, STB_GLOBAL).build(),
                                      with_helper({kNop, kRet}, STB_GLOBAL).build());
  EXPECT_EQ(codes(result), std::vector<std::string>{code::kNoFtraceEntry});
  EXPECT_EQ(result.needs_callers, std::vector<std::string>{"helper"});
}

TEST(Promotion, DoesNotAskForCallersOfWhatCannotBePatchedAnyway) {
  const auto make = [](const Bytes& body) {
    ObjectBuilder builder = with_helper(body, STB_GLOBAL);
    builder.variable("table", Bytes(8));
    builder.add_relocation("table", 0, R_X86_64_64,
                           builder.object().find_symbol("helper"), 0);
    return builder.build();
  };
  const Result result = Diffing().run(make({kRet}), make({kNop, kRet}));
  EXPECT_EQ(codes(result), std::vector<std::string>{code::kNoFtraceEntry});
  EXPECT_TRUE(result.needs_callers.empty());
}

TEST(Promotion, BringsAGlobalFunctionForAllWhoCallIt) {
  const auto make = [](const Bytes& body) {
    ObjectBuilder builder = with_helper(body, STB_GLOBAL);
    const elf::SectionId entry = builder.section(
        {.name = "___ksymtab+helper", .flags = SHF_ALLOC, .data = Bytes(12)});
    builder.relocate(entry,
                     {0, R_X86_64_PC32, builder.object().find_symbol("helper"), 0});
    return builder.build();
  };
  Diffing diffing;
  diffing.own_copies = {"helper"};
  const Result result = diffing.run(make({kRet}), make({kNop, kRet}));
  const elf::Object object = delta_of(result);
  EXPECT_TRUE(is_changed(result, "caller"));
  EXPECT_TRUE(is_new(result, "helper"));
  EXPECT_EQ(object.symbols[object.find_symbol("helper")].binding, STB_GLOBAL);
}

/// A unit that calls or refers to a function of another one; nothing in it changes.
elf::Object calling(const std::string& user, const Bytes& code, std::uint64_t field,
                    std::uint32_t type) {
  ObjectBuilder builder;
  builder.function(user, code);
  builder.add_relocation(user, field, type, builder.symbol("helper"),
                         type == R_X86_64_32S ? 0 : -4);
  return builder.build();
}

TEST(Promotion, PatchesTheCallersOfAnotherUnitsFunction) {
  const elf::Object unit = calling("caller", kCall, 6, R_X86_64_PLT32);
  EXPECT_EQ(Diffing().run(unit, unit).exit, Exit::kNoChange);
  Diffing diffing;
  diffing.more_globals = {"helper"};
  diffing.own_copies = {"helper"};
  const Result result = diffing.run(unit, unit);
  const elf::Object object = delta_of(result);
  EXPECT_TRUE(is_changed(result, "caller"));
  EXPECT_TRUE(says(result, "NOTICE: caller is patched because it calls helper, which has "
                           "no ftrace entry"));
  // What the kernel has of that name is not what it calls.
  EXPECT_FALSE(look_up(result.delta->inputs, result.delta->ties, {.name = "helper"}));
}

TEST(Promotion, RefusesAUnitThatTakesTheAddressOfAnothersFunction) {
  const elf::Object unit =
      calling("registrar", {0x48, 0xc7, 0xc7, 0, 0, 0, 0, kRet}, 8, R_X86_64_32S);
  Diffing diffing;
  diffing.own_copies = {"helper"};
  const Result result = diffing.run(unit, unit);
  ASSERT_EQ(codes(result), std::vector<std::string>{code::kNoFtraceEntry});
  EXPECT_NE(result.problems[0].message.find("registrar takes its address"),
            std::string::npos);
}

TEST(Promotion, LeavesAGlobalFunctionThatNothingCallsAsItIs) {
  const auto make = [](const Bytes& body) {
    ObjectBuilder builder;
    builder.plain_function("helper", body, STB_GLOBAL);
    return builder.build();
  };
  Diffing diffing;
  const Result waiting = diffing.run(make({kRet}), make({kNop, kRet}));
  EXPECT_EQ(waiting.needs_callers, std::vector<std::string>{"helper"});
  diffing.uncalled = {"helper"};
  const Result result = diffing.run(make({kRet}), make({kNop, kRet}));
  EXPECT_EQ(result.exit, Exit::kNoChange);
  EXPECT_TRUE(says(result,
                   "NOTICE: KP2021: helper has no ftrace entry, and only init code "
                   "calls it, which has run: it stays as it is"));
}

TEST(Promotion, DoesNotGoUpToAGlobalFunctionThatNothingCalls) {
  const auto make = [](const Bytes& body) {
    ObjectBuilder builder;
    const elf::SymbolId inner = builder.plain_function("inner", body, STB_LOCAL);
    builder.plain_function("outer", kCall, STB_GLOBAL);
    builder.add_relocation("outer", 1, R_X86_64_PLT32, inner, -4);
    builder.function("entry", kCall);
    builder.add_relocation("entry", 6, R_X86_64_PLT32, inner, -4);
    return builder.build();
  };
  Diffing diffing;
  const Result waiting = diffing.run(make({kRet}), make({kNop, kRet}));
  EXPECT_EQ(waiting.needs_callers, std::vector<std::string>{"outer"});
  diffing.uncalled = {"outer"};
  const Result result = diffing.run(make({kRet}), make({kNop, kRet}));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(is_changed(result, "entry"));
  EXPECT_TRUE(is_new(result, "inner"));
  EXPECT_FALSE(is_changed(result, "outer") || is_new(result, "outer"));
}

elf::Object called_by_init(const Bytes& body) {
  ObjectBuilder builder = with_helper(body);
  const elf::SectionId init = builder.section(
      {.name = ".init.text", .flags = SHF_ALLOC | SHF_EXECINSTR, .data = kCall});
  builder.relocate(init, {1, R_X86_64_PLT32, builder.object().find_symbol("helper"), -4});
  return builder.build();
}

TEST(Promotion, RefusesWhereInitCodeOfAModuleCallsIt) {
  Diffing diffing;
  diffing.parent = "mod";
  const Result result = diffing.run(called_by_init({kRet}), called_by_init({kNop, kRet}));
  ASSERT_EQ(codes(result), std::vector<std::string>{code::kNoFtraceEntry});
  EXPECT_NE(result.problems[0].message.find(".init.text"), std::string::npos);
  diffing.init_changes = InitChanges::kLeaveOut;
  EXPECT_EQ(diffing.run(called_by_init({kRet}), called_by_init({kNop, kRet})).exit,
            Exit::kSuccess);
}

TEST(Promotion, LeavesInitCodeOfVmlinuxAsItIs) {
  const Result result =
      Diffing().run(called_by_init({kRet}), called_by_init({kNop, kRet}));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(is_changed(result, "caller"));
  EXPECT_TRUE(is_new(result, "helper"));
  EXPECT_FALSE(result.delta->object.find_section(".init.text"));
}

/// An object with one exported function, or two.
ObjectBuilder exporting(bool both, const Bytes& body = {kRet}) {
  ObjectBuilder builder;
  builder.function("f", body);
  builder.function("g", {kRet});
  builder.section({.name = "__ksymtab_strings",
                   .flags = SHF_ALLOC | SHF_MERGE | SHF_STRINGS,
                   .entry_size = 1,
                   .data = both ? Bytes{'f', 0, 'g', 0} : Bytes{'f', 0}});
  for (const char* name : {"f", "g"}) {
    if (name == std::string("g") && !both)
      break;
    const elf::SectionId entry =
        builder.section({.name = std::string("___ksymtab+") + name,
                         .flags = SHF_ALLOC,
                         .data = Bytes(12)});
    builder.define(std::string("__ksymtab_") + name, STT_NOTYPE, entry, 0);
  }
  return builder;
}

TEST(Exports, ANewOneIsLeftOutWithANotice) {
  const Result result =
      Diffing().run(exporting(false).build(), exporting(true, {kNop, kRet}).build());
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(says(result,
                   "NOTICE: the new export of g is left out: a live patch cannot add to "
                   "the kernel's exports"));
  EXPECT_FALSE(result.delta->object.find_section("__ksymtab_strings"));
}

/// Init code with two functions, one of which can be changed.
elf::Object with_init(std::uint8_t byte, std::uint8_t filler) {
  ObjectBuilder builder;
  builder.function("f", {filler, kRet});
  const elf::SectionId init = builder.section({.name = ".init.text",
                                               .flags = SHF_ALLOC | SHF_EXECINSTR,
                                               .data = {kNop, byte, kRet}});
  builder.define("setup_one", STT_FUNC, init, 1);
  builder.object().symbols[builder.define("setup_two", STT_FUNC, init, 2)].value = 1;
  return builder.build();
}

TEST(InitCode, ChangesAreRefusedByNameOfTheFunction) {
  const Result result = Diffing().run(with_init(1, kNop), with_init(2, 0xcc));
  ASSERT_EQ(codes(result), std::vector<std::string>{code::kInitChange});
  EXPECT_EQ(result.problems[0].symbol, "setup_two");
}

TEST(InitCode, OfANewFileIsTold) {
  ObjectBuilder without;
  const Result result = Diffing().run(without.build(), with_init(1, 0xcc));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(says(result, "NOTICE: setup_one in .init.text is left out: nothing calls "
                           "it, for it would run only when its object is loaded or "
                           "unloaded"));
  EXPECT_FALSE(result.delta->object.find_section(".init.text"));
}

TEST(InitCode, ChangesAreLeftOutOnRequest) {
  Diffing diffing;
  diffing.init_changes = InitChanges::kLeaveOut;
  const Result result = diffing.run(with_init(1, kNop), with_init(2, 0xcc));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(says(result,
                   "NOTICE: the change of setup_two in .init.text is left out: that "
                   "code has run already"));
  EXPECT_FALSE(result.delta->object.find_section(".init.text"));
}

elf::Object with_binding(std::uint8_t binding, std::uint8_t filler) {
  ObjectBuilder builder;
  builder.function("f", {filler, kRet}, binding);
  return builder.build();
}

TEST(Binding, AStaticFunctionThatBecomesGlobalIsFollowed) {
  const Result result =
      Diffing().run(with_binding(STB_LOCAL, kNop), with_binding(STB_GLOBAL, 0xcc));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(is_changed(result, "f"));
  EXPECT_TRUE(result.delta->symbols[result.delta->object.find_symbol("f")].became_global);
}

TEST(Binding, AGlobalFunctionThatBecomesStaticIsFollowed) {
  const Result result =
      Diffing().run(with_binding(STB_GLOBAL, kNop), with_binding(STB_LOCAL, 0xcc));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(is_changed(result, "f"));
}

/// A function that counts its calls in a static local; `user` names the function.
void add_counter(ObjectBuilder& builder, const std::string& user,
                 const std::string& variable) {
  const elf::SymbolId local = builder.variable(variable, {0, 0, 0, 0});
  builder.function(user, {0xff, 0x04, 0x25, 0, 0, 0, 0, kRet});
  builder.add_relocation(user, 8, R_X86_64_32S, local, 0);
}

TEST(StaticLocals, OneThatNothingUsesAnyMoreIsANotice) {
  ObjectBuilder original, patched;
  add_counter(original, "f", "count.0");
  patched.function("f", {kNop, kRet});
  const Result result = Diffing().run(original.build(), patched.build());
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(
      says(result, "NOTICE: static local variable count.0 of f is no longer used"));
}

TEST(StaticLocals, OneWhoseUserWasInlinedIsFoundWhereItIsUsedNow) {
  ObjectBuilder original, patched;
  add_counter(original, "helper", "count.0");
  original.function("f", {kNop, kRet});
  add_counter(patched, "f", "count.7");
  const Result result = Diffing().run(original.build(), patched.build());
  ASSERT_EQ(result.exit, Exit::kSuccess);
  const elf::Object& object = result.delta->object;
  ASSERT_TRUE(object.find_symbol("count.0"));
  EXPECT_FALSE(object.symbols[object.find_symbol("count.0")].is_defined());
}

TEST(StaticLocals, OneWithANewNameIsNew) {
  ObjectBuilder original, patched;
  original.function("f", {kRet});
  original.function("g", {kRet});
  add_counter(patched, "f", "count.0");
  add_counter(patched, "g", "count.1");
  const Result result = Diffing().run(original.build(), patched.build());
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(std::ranges::none_of(result.notes, [](const auto& note) {
    return line_of(note).find("assuming") != std::string::npos;
  }));
}

TEST(StaticLocals, EachThatMayHaveBeenAnotherIsSaidToBeNew) {
  ObjectBuilder original, patched;
  add_counter(original, "f", "count.0");
  patched.function("f", {kNop, kRet});
  original.function("g", {kRet});
  original.function("h", {kRet});
  for (const std::string user : {"g", "h"}) {
    const elf::SymbolId local =
        patched.variable(user == "g" ? "count.7" : "count.8", Bytes(8));
    patched.function(user, {0xff, 0x04, 0x25, 0, 0, 0, 0, kRet});
    patched.add_relocation(user, 8, R_X86_64_32S, local, 0);
  }
  const Result result = Diffing().run(original.build(), patched.build());
  ASSERT_EQ(result.exit, Exit::kSuccess);
  for (const std::string user : {"g", "h"})
    EXPECT_TRUE(std::ranges::any_of(result.notes, [&](const auto& note) {
      return line_of(note).ends_with(" used by " + user + ", assuming variable is new");
    })) << user;
}

TEST(StaticLocals, WhichOfTwoIsMeantIsNotGuessed) {
  ObjectBuilder original, patched;
  add_counter(original, "helper", "count.0");
  add_counter(patched, "f", "count.3");
  add_counter(patched, "g", "count.4");
  original.function("f", {kRet});
  original.function("g", {kRet});
  const Result result = Diffing().run(original.build(), patched.build());
  EXPECT_EQ(codes(result), std::vector<std::string>{code::kLostStaticLocal});
}

TEST(Locals, ThatDoNotMatchTheParentMatterOnlyWhenOneIsNeeded) {
  const auto make = [](std::uint8_t filler, bool uses_local) {
    ObjectBuilder builder;
    builder.function("f", {0xe8, 0, 0, 0, 0, filler, kRet});
    const elf::SymbolId local = builder.function("quiet", {kRet}, STB_LOCAL);
    if (uses_local)
      builder.add_relocation("f", 6, R_X86_64_PLT32, local, -4);
    return builder.build();
  };
  Diffing diffing;
  diffing.more_symbols = {"stranger"}; // a local of unit.c that the object does not have
  EXPECT_EQ(diffing.run(make(kNop, false), make(0xcc, false)).exit, Exit::kSuccess);

  const Result result = diffing.run(make(kNop, true), make(0xcc, true));
  ASSERT_TRUE(result.delta);
  const auto& [file, tie] = *result.delta->ties.begin();
  EXPECT_EQ(tie.matches, 0U);
  EXPECT_EQ(tie.difference, "; only there: stranger");
  EXPECT_THROW(look_up(result.delta->inputs, result.delta->ties,
                       {.name = "quiet", .file = file, .is_local = true}),
               Error);
}

TEST(Locals, AreMatchedWithoutThePaddingThatObjtoolNames) {
  const auto make = [](std::uint8_t filler) {
    ObjectBuilder builder;
    builder.function("f", {filler, kRet}, STB_LOCAL);
    return builder.build();
  };
  Diffing diffing;
  diffing.more_symbols = {"__pfx_of_another_unit"};
  const Result result = diffing.run(make(kNop), make(0xcc));
  ASSERT_TRUE(result.delta);
  EXPECT_EQ(result.delta->ties.begin()->second.matches, 1U);
}

std::string because(const Result& result, const std::string& function) {
  for (const FunctionChange& change : result.functions)
    if (change.name == function)
      return change.because;
  return "(not in the patch)";
}

TEST(Explain, NamesTheFirstReferenceThatDiffers) {
  const auto make = [](const char* callee) {
    ObjectBuilder builder;
    builder.function("f", kCall);
    builder.add_relocation("f", 6, R_X86_64_PLT32, builder.symbol(callee), -4);
    return builder.build();
  };
  EXPECT_EQ(because(Diffing().run(make("one"), make("two")), "f"),
            "at f+0x6 it refers to two instead of one");
}

TEST(Explain, NamesTheFirstByteThatDiffers) {
  EXPECT_EQ(
      because(Diffing().run(with_binding(STB_LOCAL, kNop), with_binding(STB_LOCAL, 0xcc)),
              "f"),
      "at f+0x5 its code differs");
}

TEST(Explain, SaysWhoNeedsANewFunctionAndWhomACallerStandsInFor) {
  const Result result =
      Diffing().run(with_helper({kRet}).build(), with_helper({kNop, kRet}).build());
  EXPECT_EQ(because(result, "caller"), "it calls helper, which has no ftrace entry");
  EXPECT_EQ(because(result, "helper"), "caller refers to it, and caller changed");
}

TEST(Explain, LooksIntoThePartsOfAFunction) {
  const auto make = [](std::uint8_t byte) {
    ObjectBuilder builder;
    builder.function("f", {kRet});
    builder.plain_function("f.cold", {byte, kRet}, STB_LOCAL, ".text.unlikely.");
    return builder.build();
  };
  EXPECT_EQ(because(Diffing().run(make(kNop), make(0xcc)), "f"),
            "its part f.cold changed: at +0x0 its code differs");
}

} // namespace
} // namespace kpatch::diff
