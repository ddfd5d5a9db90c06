// SPDX-License-Identifier: GPL-2.0-or-later
// Members of live data that a patch sets, on objects as the compiler makes them.
#include "base/endian.h"
#include "diff/compiled.h"
#include "diff/data_words.h"
#include "diff/object_builder.h"
#include "elf/word_record.h"

#include <gmock/gmock.h>

namespace kpatch::diff {
namespace {

using namespace kpatch::diff::testing;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr const char* kTypes = R"(
struct entry { const char *name; unsigned short mode, other; int more; int (*show)(int); void *limit; };
int plain(int), bounded(int);
extern int numbers[3];
void hand_out(struct entry *);
)";

class DataWords : public Compiled {
 protected:
  static std::string table(const std::string& members,
                           const std::string& before = "static ") {
    return std::string(kTypes) + before +
           "struct entry table[2] = {{ .name = \"a\" }, {" + members +
           "}};\nvoid f(void) { hand_out(table); }\n";
  }
  Result compared(const std::string& original, const std::string& patched,
                  std::vector<std::string> options = {"-g"}) {
    diffing_.set_data = true;
    diffing_.more_globals = {"plain", "bounded", "numbers", "hand_out"};
    const elf::Object before = compile(original, options);
    return diffing_.run(before, compile(patched, options));
  }
  static std::string problem(const Result& result) {
    return result.problems.empty() ? "" : result.problems[0].message;
  }
  /// What a field of a record holds: a number, or the symbol that it is a pointer to.
  static std::string field(const elf::Object& object, std::uint64_t at) {
    const elf::Section& words = object.sections[object.find_section(kDataWords)];
    for (const elf::Relocation& relocation : words.relocations)
      if (relocation.offset == at)
        return fmt::format("{}+{}", object.symbols[relocation.symbol].name,
                           relocation.addend);
    return std::to_string(load<std::uint64_t>(words.data, at, std::endian::little));
  }

  Diffing diffing_;
};

TEST_F(DataWords, AreSetToWhatTheKernelHas) {
  const Result result =
      compared(table(".show = plain"), table(".show = bounded, .limit = numbers + 1"));
  ASSERT_EQ(problem(result), "");
  EXPECT_THAT(lines(result),
              Contains("NOTICE: KP2023: table[1].show is set to bounded instead of plain "
                       "while the patch is loaded"));
  EXPECT_EQ(result.delta->words,
            (std::vector<std::string>{"table[1].show", "table[1].limit"}));
  namespace layout = elf::word_record;
  const elf::Object& object = result.delta->object;
  EXPECT_EQ(field(object, layout::kPlace), "table+48");
  EXPECT_EQ(field(object, layout::kBefore), "plain+0");
  EXPECT_EQ(field(object, layout::kAfter), "bounded+0");
  EXPECT_EQ(field(object, layout::kBytes), "8");
  EXPECT_EQ(field(object, layout::kSize + layout::kPlace), "table+56");
  EXPECT_EQ(field(object, layout::kSize + layout::kBefore), "0");
  EXPECT_EQ(field(object, layout::kSize + layout::kAfter), "numbers+4");
  // The table itself is the kernel's.
  EXPECT_TRUE(object.symbols[object.find_symbol("table")].is_undefined());
}

TEST_F(DataWords, AreAsSmallAsTheMemberThatChanges) {
  const Result result = compared(table(".mode = 0644"), table(".mode = 0400"));
  ASSERT_EQ(problem(result), "");
  namespace layout = elf::word_record;
  EXPECT_EQ(field(result.delta->object, layout::kPlace), "table+40");
  EXPECT_EQ(field(result.delta->object, layout::kBefore), std::to_string(0644));
  EXPECT_EQ(field(result.delta->object, layout::kAfter), std::to_string(0400));
  EXPECT_EQ(field(result.delta->object, layout::kBytes), "2");
}

TEST_F(DataWords, AreNotSetUnlessWanted) {
  const elf::Object before = compile(table(".mode = 0644"), {"-g"});
  const Result result = Diffing().run(before, compile(table(".mode = 0400"), {"-g"}));
  EXPECT_EQ(codes(result), std::vector<std::string>{code::kChangedSection});
}

TEST_F(DataWords, NeedDebugInformation) {
  const Result result = compared(table(".mode = 0644"), table(".mode = 0400"), {});
  EXPECT_THAT(problem(result), HasSubstr("there is no debug information"));
  EXPECT_TRUE(result.wants_debug_info);
}

TEST_F(DataWords, DoNotLeadIntoThePatch) {
  const std::string function = "static int mine(int x) { return x * 2; }\n";
  EXPECT_THAT(problem(compared(table(".show = plain"), function + table(".show = mine"))),
              HasSubstr("mine is not there without the patch"));
  EXPECT_THAT(problem(compared(table(".show = plain"),
                               "static int most = 31;\n" +
                                   table(".show = plain, .limit = &most"))),
              HasSubstr("most is not there without the patch"));
  EXPECT_THAT(problem(compared(table(".name = \"b\""), table(".name = \"c\""))),
              HasSubstr("a text is not there without the patch"));
}

TEST_F(DataWords, LeadToFunctionsOfTheUnitThatTheKernelHas) {
  const std::string functions =
      "__attribute__((used)) static int one(int x) { return x; }\n"
      "__attribute__((used)) static int two(int x) { return -x; }\n";
  const Result result =
      compared(functions + table(".show = one"), functions + table(".show = two"));
  ASSERT_EQ(problem(result), "");
  EXPECT_EQ(field(result.delta->object, elf::word_record::kAfter), "two+0");
}

TEST_F(DataWords, AreNotWhatTheKernelWritesToOnlyWhileItBoots) {
  EXPECT_THAT(problem(compared(
                  table(".mode = 0644",
                        "__attribute__((section(\".data..ro_after_init\"))) static "),
                  table(".mode = 0400",
                        "__attribute__((section(\".data..ro_after_init\"))) static "))),
              HasSubstr("changed section .data..ro_after_init"));
  EXPECT_FALSE(problem(compared(table(".mode = 0644", "static const "),
                                table(".mode = 0400", "static const ")))
                   .empty());
}

TEST_F(DataWords, KeepTheirMeaning) {
  // A type of the same size with other members.
  const auto make = [](const std::string& members, const char* values) {
    return "struct pair {" + members + "};\nvoid hand_out(struct pair *);\n" +
           "static struct pair pair = {" + values +
           "};\nvoid f(void) { hand_out(&pair); }\n";
  };
  EXPECT_THAT(problem(compared(make("long a; long b;", ".a = 1, .b = 2"),
                               make("long b; long a;", ".a = 1, .b = 2"))),
              HasSubstr("its layout differs at .b"));
}

TEST_F(DataWords, AreNotWhatOthersHaveToKnowOf) {
  const auto make = [](const std::string& type, const char* value) {
    return "typedef struct { int counter; } atomic_t;\n"
           "struct static_key_true { long type; };\n"
           "struct user { int id; atomic_t count; };\nvoid hand_out(void *);\n"
           "static struct " +
           type + " it = {" + value + "};\nvoid f(void) { hand_out(&it); }\n";
  };
  for (const char* type : {"static_key_true", "user"})
    EXPECT_THAT(problem(compared(make(type, type[0] == 'u' ? "1, {1}" : "1"),
                                 make(type, type[0] == 'u' ? "1, {2}" : "2"))),
                HasSubstr("it is more than a number"))
        << type;
}

TEST_F(DataWords, AreNotPointersOfAVariableToItself) {
  const auto make = [](const char* value) {
    return std::string("struct list { struct list *next, *other; };\n"
                       "void hand_out(struct list *);\nstatic struct list list = {") +
           value + "};\nvoid f(void) { hand_out(&list); }\n";
  };
  EXPECT_THAT(problem(compared(make("&list, 0"), make("&list, &list"))),
              HasSubstr("is not there without the patch"));
}

} // namespace
} // namespace kpatch::diff
