// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel's tables say of a function is compared with the function, and the code
// that alternatives bring travels with the function that it belongs to.
#include "diff/compiled.h"
#include "diff/object_builder.h"

#include <gmock/gmock.h>

namespace kpatch::diff {
namespace {

using namespace testing;

/// The kernel's own macros, cut down to what they put into sections.
constexpr const char* kMacros = R"(
#define BRANCH(KEY) asm goto("1: .byte 15,31,68,0,0\n" \
  ".pushsection __jump_table,\"aw\"\n.balign 8\n" \
  ".long 1b-., %l[on]-.\n.quad %c0-.\n.popsection" :: "i"(&KEY) :: on)
#define WARNING(FILE, LINE, FLAGS) asm volatile("1: ud2\n" \
  ".pushsection __bug_table,\"aw\"\n2: .long 1b-., %c0-.\n.word " #LINE ", " #FLAGS \
  "\n.org 2b+12\n.popsection" :: "i"(FILE))
#define MAY_FAULT(TARGET, TYPE) asm volatile("1: .byte 0x90\n2: .byte 0x90\n3:\n" \
  ".pushsection __ex_table,\"a\"\n.balign 4\n" \
  ".long 1b-., " #TARGET "-., " #TYPE "\n.popsection")
#define INSTEAD(NEW, FEATURE) \
  ".pushsection .altinstructions,\"a\"\n.long 661b-., 663f-.\n" \
  ".word " #FEATURE "\n.byte 662b-661b, 664f-663f\n.popsection\n" \
  ".pushsection .altinstr_replacement,\"ax\"\n663: " NEW "\n664:\n.popsection\n"
#define ALTERNATIVE(NEW, FEATURE) \
  asm volatile("661: .byte 0x90,0x90,0x90,0x90,0x90\n662:\n" INSTEAD(NEW, FEATURE))
#define HAS(BYTE) asm goto("661: jmp 6f\n662:\n" INSTEAD("", 1) \
  ".pushsection .altinstr_aux,\"ax\"\n6: testb $1, capabilities+" #BYTE "(%%rip)\n" \
  "jnz %l[on]\njmp %l[off]\n.popsection" :::: on, off)
struct key { int n; void *p; } fast, safe;
char capabilities[16];
int slow(int);
void warn(int) __attribute__((cold));
)";

class Entries : public Compiled {
 protected:
  Entries() {
    diffing_.sizes["jump_entry"] = 16;
    diffing_.sizes["bug_entry"] = 12;
    diffing_.sizes["exception_table_entry"] = 12;
    diffing_.sizes["alt_instr"] = 12;
    diffing_.explain = true;
  }

  Result diff(const std::string& original, const std::string& patched) {
    const elf::Object before = compile(kMacros + original);
    return diffing_.run(before, compile(kMacros + patched));
  }

  /// One function around a statement.
  static std::string submit(const std::string& statement) {
    return "int submit(int n) { " + statement +
           "; off: return n; on: return slow(n); }\n";
  }

  Result diff_of(const std::string& original, const std::string& patched) {
    return diff(submit(original), submit(patched));
  }

  static std::string why(const Result& result, const std::string& function) {
    for (const Problem& problem : result.problems)
      ADD_FAILURE() << problem.message;
    for (const FunctionChange& change : result.functions)
      if (change.name == function)
        return change.because;
    return "it is not changed";
  }

  static const elf::Section& section(const Result& result, const std::string& name) {
    static const elf::Section none;
    if (!result.delta)
      return none;
    const elf::Object& object = result.delta->object;
    const elf::SectionId id = object.find_section(name);
    EXPECT_TRUE(id) << name;
    return object.sections[id];
  }

  Diffing diffing_;
};

TEST_F(Entries, OfAnotherKeyChangeTheFunction) {
  EXPECT_EQ(why(diff_of("BRANCH(fast)", "BRANCH(safe)"), "submit"),
            "its entry in __jump_table refers to safe instead of fast");
}

TEST_F(Entries, AreSeenBesideOtherChanges) {
  const std::string other = "int other(int n) { return n + STEP; }\n";
  const Result result = diff("#define STEP 1\n" + submit("BRANCH(fast)") + other,
                             "#define STEP 2\n" + submit("BRANCH(safe)") + other);
  EXPECT_NE(why(result, "submit"), "it is not changed");
  EXPECT_NE(why(result, "other"), "it is not changed");
}

TEST_F(Entries, OfAWarningCountButForFileAndLine) {
  const std::string given = R"(WARNING("a.c", 10, 2305))";
  EXPECT_EQ(diff_of(given, R"(WARNING("b.c", 17, 2305))").exit, Exit::kNoChange);
  EXPECT_EQ(why(diff_of(given, R"(WARNING("a.c", 10, 2307))"), "submit"),
            "its entry in __bug_table differs");
}

TEST_F(Entries, WithoutFileHaveNoLine) {
  diffing_.sizes["bug_entry"] = 8;
  const auto make = [](const char* flags) {
    return submit(std::string("asm volatile(\"1: ud2\\n"
                              ".pushsection __bug_table,\\\"aw\\\"\\n2: .long 1b-.\\n"
                              ".word ") +
                  flags + "\\n.org 2b+8\\n.popsection\")");
  };
  EXPECT_EQ(why(diff(make("1"), make("3")), "submit"),
            "its entry in __bug_table differs");
}

TEST_F(Entries, OfAFaultCountByTypeAndTarget) {
  EXPECT_EQ(why(diff_of("MAY_FAULT(2b, 1)", "MAY_FAULT(2b, 3)"), "submit"),
            "its entry in __ex_table differs");
  EXPECT_THAT(why(diff_of("MAY_FAULT(2b, 1)", "MAY_FAULT(3b, 1)"), "submit"),
              ::testing::MatchesRegex("its entry in __ex_table refers to submit.0x. "
                                      "instead of submit.0x."));
}

TEST_F(Entries, OfAnAlternativeCountWithItsReplacement) {
  const std::string given = "ALTERNATIVE(\"call fast_way\", 5)";
  EXPECT_EQ(why(diff_of(given, "ALTERNATIVE(\"call fast_way\", 6)"), "submit"),
            "its entry in .altinstructions differs");
  EXPECT_EQ(why(diff_of(given, "ALTERNATIVE(\"call safe_way\", 5)"), "submit"),
            "its entry in .altinstructions has replacement code that refers to safe_way "
            "instead of fast_way");
  EXPECT_EQ(
      why(diff_of("ALTERNATIVE(\"sfence\", 5)", "ALTERNATIVE(\"mfence\", 5)"), "submit"),
      "its entry in .altinstructions has replacement code that differs");
}

TEST_F(Entries, OfAFeatureCountWithTheirAuxiliaryCode) {
  EXPECT_THAT(why(diff_of("HAS(1)", "HAS(2)"), "submit"),
              ::testing::StartsWith("it has code in .altinstr_aux that refers to "
                                    "capabilities"));
}

TEST_F(Entries, OfAFeatureElsewhereAreNoReason) {
  const auto busy = [](const char* number) {
    return std::string("int busy(int n) { HAS(3); off: return n; on: return slow(n + ") +
           number + "); }\n";
  };
  EXPECT_THAT(why(diff(submit("n++") + busy("1"), submit("HAS(1)") + busy("2")), "busy"),
              ::testing::EndsWith("its code differs"));
}

TEST_F(Entries, OfAColdPartChangeItsFunction) {
  const auto make = [](const char* flags) {
    return submit(std::string("if (n > 1000) { WARNING(\"a.c\", 1, ") + flags +
                  "); warn(n); }");
  };
  const Result result = diff(make("1"), make("3"));
  EXPECT_THAT(why(result, "submit"),
              ::testing::EndsWith("its entry in __bug_table differs"));
}

TEST_F(Entries, ThatComeAndGoAreCounted) {
  const std::string entry =
      "; asm volatile(\".pushsection __ex_table,\\\"a\\\"\\n.long 1b-., 1b-., 1\\n"
      ".popsection\")";
  const std::string site = "asm volatile(\"1: .byte 0x90\")";
  EXPECT_EQ(why(diff_of(site, site + entry), "submit"),
            "it has a new entry in __ex_table");
  EXPECT_EQ(why(diff_of(site + entry, site), "submit"),
            "it has an entry less in __ex_table");
}

TEST_F(Entries, OfNeighboursChangeNobodyElse) {
  const std::string tail = R"(
int steady(int n) { HAS(3); off: return n; on: return slow(n); }
int calm(int n) { ALTERNATIVE("call fast_way", 5); WARNING("a.c", 1, 1);
  BRANCH(fast); MAY_FAULT(2b, 1); return n; on: return slow(n); }
)";
  const Result result =
      diff(submit("") + tail, submit("ALTERNATIVE(\"nop\", 1); WARNING(\"a.c\", 2, 1); "
                                     "MAY_FAULT(2b, 1); BRANCH(safe); HAS(1)") +
                                  tail);
  EXPECT_EQ(why(result, "steady"), "it is not changed");
  EXPECT_EQ(why(result, "calm"), "it is not changed");
  EXPECT_NE(why(result, "submit"), "it is not changed");
}

TEST_F(Entries, OfAnIgnoredFunctionAreIgnored) {
  const std::string ignore = R"(
void *__kpatch_ignore_func_submit __attribute__((section(".kpatch.ignore.functions"))) =
  submit;
)";
  EXPECT_EQ(
      diff(submit("BRANCH(fast)"), submit("BRANCH(safe)") + ignore).functions.size(), 0U);
}

TEST_F(Entries, OfNeighboursLeaveTheirReplacementsBehind) {
  const std::string start = R"(
int start(int n) { ALTERNATIVE("call start_only", 5); HAS(3); off: return n; on: return slow(n); }
)";
  const Result result = diff(start + submit("HAS(1)"),
                             start + submit("ALTERNATIVE(\"lfence; call fast_way\", 5); "
                                            "ALTERNATIVE(\"\", 5); HAS(1)"));
  EXPECT_EQ(why(result, "start"), "it is not changed");
  ASSERT_TRUE(result.delta);
  EXPECT_FALSE(result.delta->object.find_symbol("start_only"));
  EXPECT_FALSE(result.delta->object.find_symbol("start"));
  const elf::Section& code = section(result, ".altinstr_replacement");
  EXPECT_EQ(code.data, (Bytes{0x0f, 0xae, 0xe8, 0xe8, 0, 0, 0, 0}));
  ASSERT_EQ(code.relocations.size(), 1U);
  EXPECT_EQ(code.relocations[0].offset, 4U);
  const elf::Section& entries = section(result, ".altinstructions");
  ASSERT_EQ(entries.relocations.size(), 6U);
  EXPECT_EQ(entries.relocations[1].addend, 0);
  const elf::Section& auxiliary = section(result, ".altinstr_aux");
  EXPECT_LE(auxiliary.size(), 18U);
  EXPECT_EQ(auxiliary.relocations.size(), 3U);
  EXPECT_EQ(auxiliary.relocations[0].offset, 2U);
}

TEST_F(Entries, ThatReplaceByNothingNeedNoCode) {
  const std::string start =
      "int start(int n) { ALTERNATIVE(\"lfence\", 5); return n; }\n";
  const Result result = diff(start + submit(""), start + submit("ALTERNATIVE(\"\", 5)"));
  EXPECT_EQ(why(result, "start"), "it is not changed");
  EXPECT_EQ(section(result, ".altinstr_replacement").size(), 0U);
  const elf::Section& entries = section(result, ".altinstructions");
  ASSERT_EQ(entries.relocations.size(), 2U);
  EXPECT_EQ(entries.relocations[1].addend, 0);
}

TEST_F(Entries, ThatAreGoneLeaveNothingBehind) {
  const std::string step = "int other(int n) { return n + STEP; }\n";
  const std::string calm =
      "int calm(int n) { ALTERNATIVE(\"nop\", 5); HAS(3); off: return n; "
      "on: return slow(n); }\n";
  for (const std::string& rest : {step, step + calm}) {
    const Result result =
        diff("#define STEP 1\n" + rest + submit("ALTERNATIVE(\"lfence\", 5); HAS(1)"),
             "#define STEP 2\n" + rest + submit("BRANCH(fast)"));
    EXPECT_NE(why(result, "submit"), "it is not changed");
    EXPECT_EQ(why(result, "calm"), "it is not changed");
    ASSERT_TRUE(result.delta);
    EXPECT_FALSE(result.delta->object.find_section(".altinstr_replacement"));
    EXPECT_FALSE(result.delta->object.find_section(".altinstr_aux"));
  }
}

TEST_F(Entries, BringNewCodeWithItsOwnEntries) {
  const Result result = diff(submit(""), R"(
static __attribute__((used, noinline)) int fresh(int n) { WARNING("a.c", 1, 1); return n; }
)" + submit("ALTERNATIVE(\"call fresh\", 5)"));
  ASSERT_NE(why(result, "fresh"), "it is not changed");
  EXPECT_EQ(section(result, "__bug_table").size(), 12U);
}

TEST_F(Entries, OfAnUnknownLayoutAreRefused) {
  diffing_.sizes["alt_instr"] = 10;
  EXPECT_THROW(diff_of("ALTERNATIVE(\"lfence\", 5)", "ALTERNATIVE(\"mfence\", 5)"),
               Error);
}

/// Code that names the entry that describes it, as x86's WARN() with a text does.
constexpr const char* kNaming = R"(
#define ENTRY(TABLE, WHICH) asm volatile("lea " #WHICH "(%%rip), %%rdi\n1: ud2\n" \
  ".pushsection " TABLE ",\"aw\"\n2: .long 1b-., 1b-.\n.long 0\n.popsection" ::: "rdi")
#define NAMED(TABLE, NAME) asm volatile("1: ud2\n" \
  ".pushsection " TABLE ",\"aw\"\n" NAME ": .long 1b-., 1b-.\n.long 0\n.popsection")
)";

/// Every row whose entries are as long as the kernel says follows one rule.
class NamedEntries : public Entries, public ::testing::WithParamInterface<const char*> {
 protected:
  Result diff_naming(const std::string& original, const std::string& patched) {
    const std::string table = std::string("#define TABLE \"") + GetParam() + "\"\n";
    return diff(kNaming + table + original, kNaming + table + patched);
  }
  static std::int64_t entry_that(const Result& result, const std::string& function) {
    const elf::Object& object = result.delta->object;
    for (const elf::Relocation& relocation :
         section(result, ".text." + function).relocations)
      if (object.symbols[relocation.symbol].section == object.find_section(GetParam()))
        return relocation.addend + 4;
    return -1;
  }
};

constexpr const char* kBefore = "int before(int n) { ENTRY(TABLE, 2f); return n; }\n";
constexpr const char* kMoreBefore =
    "int before(int n) { ENTRY(TABLE, 2f); ENTRY(TABLE, 2f); return n; }\n";

TEST_P(NamedEntries, ThatShiftChangeNothing) {
  const std::string steady = "int steady(int n) { ENTRY(TABLE, 2f); return n + 1; }\n";
  const Result result = diff_naming(kBefore + steady, kMoreBefore + steady);
  EXPECT_EQ(lines(result), std::vector<std::string>{"changed function: before"});
}

TEST_P(NamedEntries, TakeReferencesAlong) {
  const auto make = [](const char* step) {
    return std::string(kMoreBefore) +
           "int submit(int n) { ENTRY(TABLE, 2f); n += " + step +
           "; ENTRY(TABLE, 2f); return n; }\n";
  };
  const Result result = diff_naming(make("1"), make("2"));
  ASSERT_EQ(lines(result), std::vector<std::string>{"changed function: submit"});
  ASSERT_TRUE(result.delta);
  EXPECT_EQ(section(result, GetParam()).size(), 24U);
  EXPECT_EQ(entry_that(result, "submit"), 0);
}

TEST_P(NamedEntries, ThatAreOthersChangeTheFunction) {
  const auto make = [](const char* which) {
    return std::string("int submit(int n) { NAMED(TABLE, \".Lone\"); NAMED(TABLE, "
                       "\".Ltwo\"); asm volatile(\"lea ") +
           which + "(%%rip), %%rdi\" ::: \"rdi\"); return n; }\n";
  };
  EXPECT_NE(why(diff_naming(make(".Lone"), make(".Ltwo")), "submit"),
            "it is not changed");
}

TEST_P(NamedEntries, OfAnotherFunctionAreMissedIfTheyStayBehind) {
  const auto make = [](const char* step) {
    return std::string("int other(int n) { NAMED(TABLE, \".Ltheirs\"); return n; }\n"
                       "int submit(int n) { ENTRY(TABLE, .Ltheirs); return n + ") +
           step + "; }\n";
  };
  const Result result = diff_naming(make("1"), make("2"));
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_EQ(result.problems[0].code, "KP2020");
  EXPECT_EQ(result.problems[0].symbol, "submit");
}

INSTANTIATE_TEST_SUITE_P(Rows, NamedEntries,
                         ::testing::Values("__bug_table", "__ex_table",
                                           ".altinstructions"),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::erase_if(name, [](char c) { return c == '.'; });
                           return name;
                         });

} // namespace
} // namespace kpatch::diff
