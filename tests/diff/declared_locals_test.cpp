// SPDX-License-Identifier: GPL-2.0-or-later
// Static variables of one name in several functions, on objects as the compiler makes
// them.
#include "diff/compiled.h"
#include "diff/object_builder.h"

#include <gmock/gmock.h>

namespace kpatch::diff {
namespace {

using namespace kpatch::diff::testing;
using ::testing::Contains;

class DeclaredLocals : public Compiled {
 protected:
  static std::string unit(const std::string& body) {
    const std::string always = "static inline __attribute__((always_inline)) int ";
    return always + "first(int x) { static int seen; return seen += x; }\n" + always +
           "second(int x) { static int seen; return seen ^= x; }\n" +
           "int f(int x) { return " + body + "; }\n" +
           "int g(int x) { return first(x) - 1; }\n" +
           "int h(int x) { return second(x) - 1; }\n";
  }

  /// The variable that a function refers to.
  static std::string variable_of(const elf::Object& object, const std::string& function) {
    const elf::SymbolId user = object.find_symbol(function);
    for (const elf::Relocation& relocation :
         object.sections[object.symbols[user].section].relocations) {
      const elf::Symbol& symbol = object.symbols[relocation.symbol];
      if (symbol.name.starts_with("seen"))
        return symbol.name;
      if (symbol.is_section() &&
          object.sections[symbol.section].name.starts_with(".bss."))
        return object.sections[symbol.section].name.substr(5);
    }
    return {};
  }

  Result compared(const std::string& body, const std::string& patched_body,
                  const std::vector<std::string>& options) {
    original_ = compile(unit(body), options);
    return Diffing().run(original_, compile(unit(patched_body), options));
  }

  elf::Object original_;
};

TEST_F(DeclaredLocals, AreToldApartByTheirFunctions) {
  // f had both variables, and the one that stays is the second that it used.
  const Result result = compared("first(x) + second(x)", "second(x) + 1", {"-g"});
  EXPECT_EQ(codes(result), std::vector<std::string>{});
  ASSERT_TRUE(result.delta);
  EXPECT_EQ(variable_of(result.delta->object, "f"), variable_of(original_, "h"));
}

TEST_F(DeclaredLocals, OfAnotherFunctionAreOthers) {
  // The code is the same but for whose variable it uses.
  const Result result = compared("first(x) + 3", "(first)(x) + 3", {"-g"});
  EXPECT_EQ(result.exit, Exit::kNoChange);
  const std::string same = "static inline __attribute__((always_inline)) int ";
  const auto twins = [&](const std::string& called) {
    return same + "one(int x) { static int seen; return seen += x; }\n" + same +
           "two(int x) { static int seen; return seen += x; }\nint f(int x) { return " +
           called + "(x); }\nint g(int x) { return one(x) - 1; }\n" +
           "int h(int x) { return two(x) - 1; }\n";
  };
  original_ = compile(twins("one"), {"-g"});
  const Result moved = Diffing().run(original_, compile(twins("two"), {"-g"}));
  EXPECT_THAT(lines(moved), Contains("changed function: f"));
  ASSERT_TRUE(moved.delta);
  EXPECT_EQ(variable_of(moved.delta->object, "f"), variable_of(original_, "h"));
}

TEST_F(DeclaredLocals, OfAnotherSizeAreRefused) {
  const auto counting = [](const std::string& type) {
    return "int f(int x) { static " + type + " seen; return (int)(seen += x); }\n";
  };
  EXPECT_EQ(codes(Diffing().run(compile(counting("long")), compile(counting("int")))),
            std::vector<std::string>{code::kLostStaticLocal});
}

TEST_F(DeclaredLocals, AskForDebugInformation) {
  EXPECT_TRUE(compared("first(x) + second(x)", "second(x) + 1", {}).wants_debug_info);
  EXPECT_TRUE(compared("first(x)", "second(x)", {}).wants_debug_info);
}

TEST_F(DeclaredLocals, AskForNoneWhereTheirUsersHaveNotChanged) {
  const std::string before = "int n(int x) { return x + 1; }\n";
  const std::string now = "int n(int x) { static int seen; return seen += x; }\n";
  const std::string body = unit("first(x) + second(x)");
  EXPECT_FALSE(
      Diffing()
          .run(compile(before + body), compile("int n(int x) { return x + 2; }\n" + body))
          .wants_debug_info);
  EXPECT_TRUE(
      Diffing().run(compile(before + body), compile(now + body)).wants_debug_info);
}

TEST_F(DeclaredLocals, AskWhereOneTakesThePlaceOfAnother) {
  // Whether the one that changes is matched before the others or after them.
  const auto users = [](const std::string& called, bool first) {
    const std::string always = "static inline __attribute__((always_inline)) int ";
    const std::string f = "int f(int x) { return " + called + "(x); }\n";
    return always + "one(int x) { static int seen; return seen += x; }\n" + always +
           "two(int x) { static int seen; return seen += x; }\n" + (first ? f : "") +
           "int g(int x) { return one(x) - 1; }\nint h(int x) { return two(x) - 1; }\n" +
           (first ? "" : f);
  };
  for (const bool first : {true, false})
    EXPECT_TRUE(Diffing()
                    .run(compile(users("one", first)), compile(users("two", first)))
                    .wants_debug_info)
        << first;
}

TEST_F(DeclaredLocals, AskWhereAUserOfSeveralHasChanged) {
  EXPECT_TRUE(
      compared("first(x) + second(x)", "first(x) + second(x) + 1", {}).wants_debug_info);
}

TEST_F(DeclaredLocals, AskWhereOneIsGoneAndItsUserHasTheCodeOfAnother) {
  const auto users = [](const std::string& called) {
    const std::string always = "static inline __attribute__((always_inline)) int ";
    return always + "one(int x) { static int seen; return seen += x; }\n" + always +
           "two(int x) { static int seen; return seen += x; }\nint f(int x) { return " +
           called + "(x); }\nint g(int x) { return two(x) - 1; }\n";
  };
  EXPECT_TRUE(
      Diffing().run(compile(users("one")), compile(users("two"))).wants_debug_info);
}

TEST_F(DeclaredLocals, AddedBesideOneOfTheirNameAreRefused) {
  const auto counting = [](const std::string& before) {
    return "int f(int x) { " + before +
           "if (x > 2) { static int seen; return seen += x; } return 0; }\n";
  };
  const elf::Object original = compile(counting(""), {"-g"});
  const Result result = Diffing().run(
      original,
      compile(counting("if (x < 0) { static int seen; return seen ^= x; } "), {"-g"}));
  EXPECT_THAT(codes(result), Contains(code::kLostStaticLocal));
}

} // namespace
} // namespace kpatch::diff
