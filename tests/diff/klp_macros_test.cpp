// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel's own header for patch authors leaves in an object.
#include "diff/compiled.h"
#include "diff/diff.h"
#include "diff/object_builder.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::diff {
namespace {

using namespace testing;
using ::testing::HasSubstr;

constexpr const char* kOriginal = "int f(int i) { return i + 1; }\n";

/// As KLP_PRE_PATCH_CALLBACK() and its fellows put it.
std::string pointer(const std::string& kind, const std::string& function) {
  return "void (*__klp_" + kind +
         "_callback_vmlinux)(void *) __attribute__((used, "
         "section(\".discard.klp_callback_ptrs\"))) = " +
         function + ";\n";
}

class KlpMacros : public Compiled {
 protected:
  Result compare_with(const std::string& patched) {
    return Diffing().run(compile(kOriginal), compile(patched));
  }
};

TEST_F(KlpMacros, CallbacksOfTheKernelsMacrosBecomeOurs) {
  const Result result =
      compare_with("int ready; int f(int i) { return i + ready; }\n"
                   "static void in(void *o) { ready = 5; }\nstatic void out(void *o) { "
                   "ready = 6; }\n" +
                   pointer("post_patch", "in") + pointer("pre_unpatch", "out"));
  ASSERT_EQ(result.exit, Exit::kSuccess);
  EXPECT_TRUE(says(result, "found callback: in"));
  EXPECT_TRUE(says(result, "found callback: out"));
  const elf::Object& object = result.delta->object;
  for (const auto& [kind, function] :
       {std::pair{"post_patch", "in"}, std::pair{"pre_unpatch", "out"}}) {
    const elf::SectionId section =
        object.find_section(std::string(".kpatch.callbacks.") + kind);
    ASSERT_NE(section, elf::kNoSection) << kind;
    ASSERT_EQ(object.sections[section].relocations.size(), 1U);
    const elf::Relocation& held = object.sections[section].relocations[0];
    EXPECT_EQ(held.offset, 0U);
    EXPECT_EQ(object.symbols[held.symbol].name, function);
    EXPECT_EQ(object.sections[section].data, Bytes(16));
  }
  EXPECT_FALSE(object.find_section(".discard.klp_callback_ptrs"));
}

TEST_F(KlpMacros, ACallbackAloneIsAChange) {
  const Result result = compare_with(std::string(kOriginal) +
                                     "static void in(void *o) { "
                                     "asm(\"nop\"); }\n" +
                                     pointer("pre_patch", "in"));
  EXPECT_EQ(result.exit, Exit::kSuccess);
}

TEST_F(KlpMacros, APointerWithAnotherNameIsNoCallback) {
  EXPECT_THROW(compare_with(std::string(kOriginal) + "void in(void *o) {}\n" +
                            pointer("mid_patch", "in")),
               Error);
}

TEST_F(KlpMacros, WhatIsDiscardedIsKnownByName) {
  const std::string changed = "int f(int i) { return i + 2; }\n";
  const auto note = [](const std::string& section) {
    return "static int n __attribute__((used, section(\"" + section + "\"))) = 1;\n";
  };
  EXPECT_EQ(compare_with(changed + note(".discard.annotate_insn")).exit, Exit::kSuccess);
  EXPECT_EQ(Diffing()
                .run(compile(kOriginal + note(".discard.hooks")),
                     compile(changed + note(".discard.hooks")))
                .exit,
            Exit::kSuccess);
  const Result result = compare_with(changed + note(".discard.hooks"));
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_EQ(result.problems[0].code, "KP2016");
  EXPECT_EQ(result.problems[0].symbol, ".discard.hooks");
  EXPECT_THAT(result.problems[0].message, HasSubstr("linkers drop it"));
}

} // namespace
} // namespace kpatch::diff
