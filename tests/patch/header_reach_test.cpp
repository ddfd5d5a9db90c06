// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "patch/header_reach.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace kpatch::patch {
namespace {
namespace fs = std::filesystem;
using Files = std::vector<std::string>;

/// A small source tree; what is put there under `objects` counts as generated.
class HeaderReach : public testing::Test {
 protected:
  void put(const std::string& path, const std::string& text,
           const char* tree = "source") {
    fs::create_directories((root_.path() / tree / path).parent_path());
    write_file(root_.path() / tree / path, text);
    if (path.ends_with(".c") || path.ends_with(".S"))
      units_.add(path, "vmlinux");
  }
  IncludeIndex index() const {
    return IncludeIndex::scan(root_.path() / "source", root_.path() / "objects", units_);
  }
  Files readers(const std::string& header) const {
    const IncludeIndex index = this->index();
    Files files;
    for (const IncludeIndex::FileId file : index.reaching(index.find(header).value()))
      files.push_back(index.path(file));
    std::ranges::sort(files);
    return files;
  }
  /// The units that use what changes when the headers get these texts.
  Files users(const std::map<std::string, std::string>& patched) const {
    Files all;
    for (const auto& [unit, owners] : units_.all())
      all.push_back(unit);
    const SourceTrees trees{root_.path() / "source", root_.path() / "objects", 2};
    std::vector<HeaderChange> changes;
    for (const auto& [header, text] : patched)
      changes.push_back(
          {header, read_text_if_exists(trees.source / header).value_or(""), text});
    return units_using(index(), trees, changes, all);
  }
  Files users(const std::string& header, const std::string& patched) const {
    return users({{header, patched}});
  }

  TempDir root_{"kpatch-reach-test."};
  kernel::UnitIndex units_;
};

TEST_F(HeaderReach, FollowsIncludesAsTheKernelsMakefilesDo) {
  put("include/linux/a.h", "#include <asm/a.h>\n");
  put("arch/x86/include/asm/b.h", "");
  put("arch/arm/include/asm/b.h", "#include \"never.h\"\n");
  put("arch/x86/include/generated/asm/a.h", "#include <asm/b.h>\n", "objects");
  put("arch/x86/x.c", "  # include <linux/a.h>\n");
  put("fs/y.c", "#include \"priv.h\"\n#include MACRO\n");
  put("fs/priv.h", "#define MACRO <linux/a.h>\n");
  put("net/priv.h", "");
  put("net/sub/z.c", "#include \"priv.h\"\n"); // by -I
  EXPECT_EQ(readers("arch/x86/include/asm/b.h"),
            (Files{"arch/x86/include/generated/asm/a.h", "arch/x86/x.c", "fs/y.c",
                   "include/linux/a.h"}));
  EXPECT_EQ(readers("net/priv.h"), Files{"net/sub/z.c"});
  EXPECT_FALSE(index().find("arch/arm/include/asm/b.h"));
}

TEST_F(HeaderReach, IsOfAHeaderToItsReadersOnly) {
  put("include/a.h", "#define LIMIT 1\n");
  put("include/b.h", "#define SIZE 1\n");
  put("fs/x.c", "#include <b.h>\nint LIMIT;\n"); // a name of its own
  put("fs/y.c", "#include <a.h>\nint y = LIMIT;\n");
  put("fs/z.c", "#include <b.h>\nint z = SIZE;\n");
  EXPECT_EQ(
      users({{"include/a.h", "#define LIMIT 2\n"}, {"include/b.h", "#define SIZE 2\n"}}),
      (Files{"fs/y.c", "fs/z.c"}));
}

TEST_F(HeaderReach, IsOnlyByMacrosForAssembly) {
  put("include/a.h", "struct action { int name; };\n#define SIZE 1\n"
                     "enum { FLAG };\nint helper(void);\n");
  put("include/b.h", "#include <a.h>\n#define DOUBLE (2 * SIZE)\n");
  put("fs/x.S", "#include <b.h>\naction: .long DOUBLE\n call helper\n");
  put("fs/y.S", "#include <a.h>\nname: .long FLAG\n");
  put("fs/z.c", "#include <a.h>\nint f(struct action *a) { return a->name; }\n");
  EXPECT_EQ(users("include/a.h", "struct action { int name, more; };\n#define SIZE 1\n"
                                 "enum { OTHER, FLAG };\nint helper(int);\n"),
            Files{"fs/z.c"});
  EXPECT_EQ(users("include/a.h", "struct action { int name; };\n#define SIZE 2\n"
                                 "enum { FLAG };\nint helper(void);\n"),
            Files{"fs/x.S"});
}

TEST_F(HeaderReach, IsThatOfATypeOnlyWhereItMovesToANewFile) {
  const std::string type = "struct work { int a; };\n";
  const std::string rest = "static inline int work(struct work *w) { return w->a; }\n";
  put("include/linux/types.h", "typedef int s32;\n");
  put("include/linux/work.h",
      "#ifndef WORK_H\n#define WORK_H\n" + type + rest + "#endif\n");
  put("fs/x.c", "#include <linux/types.h>\n#include <linux/work.h>\nint f(struct work "
                "*w) { return work(w); }\n");
  put("fs/y.c", "#include <linux/work.h>\nint y;\n");
  put("fs/z.S", "#include <linux/types.h>\n#include <linux/work.h>\n");
  const auto moved = [&](const std::string& include, const std::string& there) {
    return users({{"include/linux/work.h",
                   "#ifndef WORK_H\n#define WORK_H\n" + include + rest + "#endif\n"},
                  {"include/linux/work_types.h",
                   "#ifndef TYPES_H\n#define TYPES_H\n" + there + "#endif\n"}});
  };
  const std::string include = "#include <linux/work_types.h>\n";
  EXPECT_EQ(moved(include, type), Files{});
  EXPECT_EQ(moved("#include \"work_types.h\"\n", type), Files{});
  EXPECT_EQ(moved(include, "struct work { long a; };\n"), Files{"fs/x.c"});
  EXPECT_EQ(moved(include, "#include <linux/types.h>\n" + type), Files{"fs/y.c"})
      << "what it includes is new to this one";
  EXPECT_EQ(moved("#ifdef A\n" + include + "#endif\n" + type, type),
            (Files{"fs/x.c", "fs/y.c", "fs/z.S"}))
      << "under a condition it is not followed";
  EXPECT_EQ(moved(include, type + "int defined_here = 3;\n"),
            (Files{"fs/x.c", "fs/y.c"}));
}

TEST_F(HeaderReach, IsThatOfReadersOfOneHeaderWhereATypeMovesToAnother) {
  const std::string type = "struct wait { int a; };\n";
  put("include/wait.h", "#ifndef WAIT_H\n#define WAIT_H\n" + type + "#endif\n");
  put("include/types.h", "typedef int s32;\n");
  const std::string use = "int f(struct wait *w) { return w->a; }\n";
  put("fs/both.c", "#include <types.h>\n#include <wait.h>\n" + use);
  put("fs/one.c", "#include <wait.h>\n" + use);
  put("fs/other.c", "#include <types.h>\n" + use);
  put("fs/none.c", "#include <types.h>\n#include <wait.h>\nint g(void) { return 1; }\n");
  const auto moved = [&](const std::string& there) {
    return users({{"include/wait.h", "#ifndef WAIT_H\n#define WAIT_H\n#endif\n"},
                  {"include/types.h",
                   "typedef int s32;\n#ifndef __ASSEMBLY__\n" + there + "#endif\n"}});
  };
  EXPECT_EQ(moved(type), (Files{"fs/one.c", "fs/other.c"}));
  EXPECT_EQ(moved("struct wait { long a; };\n"),
            (Files{"fs/both.c", "fs/one.c", "fs/other.c"}));
  EXPECT_EQ(moved("#ifdef A\n" + type + "#endif\n"),
            (Files{"fs/both.c", "fs/one.c", "fs/other.c"}));
}

TEST_F(HeaderReach, OfAConstantIsThatOfItsUsersNotOfItsTypes) {
  const std::string object = "struct object { enum state state; };\n";
  put("include/a.h", "enum state { OFF, ON };\n" + object);
  put("fs/type.c",
      "#include <a.h>\nint f(struct object *o) { return o->state == ON; }\n");
  put("fs/constant.c",
      "#include <a.h>\nint f(struct object *o) { return o->state == NEW; }\n");
  EXPECT_EQ(users("include/a.h", "enum state { OFF, ON, NEW };\n" + object),
            Files{"fs/constant.c"});
  EXPECT_EQ(users("include/a.h", "enum state { OFF, ON, NEW = -1 };\n" + object),
            (Files{"fs/constant.c", "fs/type.c"}));
  EXPECT_EQ(users("include/a.h", "enum state { NEW, OFF, ON };\n" + object),
            (Files{"fs/constant.c", "fs/type.c"}));
}

TEST_F(HeaderReach, IsByTheValuesOfConstantsToo) {
  put("include/a.h", "#define FIRST 4\n");
  put("include/b.h", "#include <a.h>\nenum state { A = FIRST, B, C, D };\n");
  put("fs/x.c", "#include <b.h>\nint f(int x) { return x == C; }\n");
  put("fs/y.c", "#include <b.h>\nint f(int x) { return x; }\n");
  EXPECT_EQ(users("include/a.h", "#define FIRST 5\n"), Files{"fs/x.c"});
}

TEST_F(HeaderReach, OfACallIsNotThatOfMacrosThatItIsGiven) {
  put("include/flag.h", "#define FLAG(name, check) \\\n"
                        "static inline int is_##name(int x) { return check(x); }\n");
  const std::string header = "#include <flag.h>\n#define CHECK(x) look(x)\n";
  put("include/a.h", header + "FLAG(old, CHECK)\n");
  put("fs/x.c", "#include <a.h>\nint f(int x) { return is_old(x); }\n");
  put("fs/y.c", "#include <a.h>\nint f(int x) { return CHECK(x); }\n");
  EXPECT_EQ(users("include/a.h", header + "FLAG(new, CHECK)\n#undef CHECK\n"),
            (Files{"fs/x.c", "fs/y.c"})); // which no longer has it
  put("include/a.h", header + "#undef CHECK\nFLAG(old, CHECK)\n");
  EXPECT_EQ(users("include/a.h", header + "#undef CHECK\nFLAG(new, CHECK)\n"),
            (Files{"fs/x.c", "fs/y.c"}));
  put("include/a.h", header + "FLAG(old, CHECK)\n");
  EXPECT_EQ(users("include/a.h", header + "FLAG(new, CHECK)\n"), Files{"fs/x.c"});
  put("include/a.h", "#ifdef A\n" + header + "#endif\nFLAG(old, CHECK)\n");
  EXPECT_EQ(users("include/a.h", "#ifdef A\n" + header + "#endif\nFLAG(new, CHECK)\n"),
            (Files{"fs/x.c", "fs/y.c"}));
}

TEST_F(HeaderReach, OfACallIsNotThatOfConstantsByTheSameName) {
  put("include/flag.h", "#define FLAG(name) static inline int is_##name(int x) \\\n"
                        "{ return x >> PG_##name; }\n");
  const auto header = [](const std::string& call) {
    return "#include <flag.h>\n"
           "enum flags {\n\tPG_old,\n#ifdef X\n\tPG_more,\n#endif\n\tPG_last\n};\n" +
           call;
  };
  put("include/a.h", header("FLAG(old)\n"));
  put("fs/x.c", "#include <a.h>\nint f(int x) { return is_old(x); }\n");
  put("fs/y.c", "#include <a.h>\nint f(int x) { return x == PG_old; }\n");
  EXPECT_EQ(users("include/a.h", header("")), Files{"fs/x.c"});
  put("include/a.h", header("#ifdef Y\nFLAG(old)\n#endif\n"));
  EXPECT_EQ(users("include/a.h", header("")), Files{"fs/x.c"});
  put("fs/x.c", "#include <a.h>\nint f(int x) { return is_more(x); }\n");
  put("fs/y.c", "#include <a.h>\nint f(int x) { return x == PG_more; }\n");
  put("include/a.h", header("#ifndef X\nFLAG(more)\n#endif\n"));
  EXPECT_EQ(users("include/a.h", header("")), (Files{"fs/x.c", "fs/y.c"}));
}

TEST_F(HeaderReach, OfPastedNamesIsThatOfWhatCallsAreGiven) {
  put("include/a.h", "#define JOIN(a, b) a##_##b\n"
                     "static inline int signal_pending(int x) { return x; }\n");
  const std::string rest = "#define JOIN(a, b) a##_##b\n"
                           "static inline int signal_pending(int x) { return x + 1; }\n";
  put("include/b.h",
      "#include <a.h>\n#if JOIN(1, 2)\nstruct task { int signal, pending; };\n"
      "#endif\n");
  put("fs/x.c", "#include <b.h>\nint f(struct task *t) { return t->signal; }\n");
  put("fs/y.c", "#include <a.h>\nint f(int x) { return JOIN(signal, pending)(x); }\n");
  EXPECT_EQ(users("include/a.h", rest), Files{"fs/y.c"});
}

TEST_F(HeaderReach, IsThatOfIncludesWhoseConditionChanges) {
  put("include/b.h", "#define SIZE 1\n");
  put("include/a.h", "#ifdef A\n#include <b.h>\n#endif\n");
  put("fs/x.c", "#include <a.h>\nint x;\n");
  put("fs/y.c", "#include <b.h>\n#include <a.h>\nint y = SIZE;\n");
  EXPECT_EQ(users("include/a.h", "#ifdef B\n#include <b.h>\n#endif\n"), Files{"fs/x.c"});
}

TEST_F(HeaderReach, KeepsAnIndexAsText) {
  put("include/linux/a.h", "");
  put("fs/x.c", "#include <linux/a.h>\n");
  const std::string text = index().text();
  EXPECT_EQ(IncludeIndex::parse(text, "list").text(), text);
  EXPECT_THROW(IncludeIndex::parse("fs/x.c\t7\n", "list"), Error);
  EXPECT_THROW(IncludeIndex::parse("fs/x.c\tx\n", "list"), Error);
  EXPECT_THROW(IncludeIndex::parse("fs/x.c\t0\nfs/x.c\t0\n", "list"), Error);
}

TEST_F(HeaderReach, FindsUsersByWayOfMacrosAndFunctions) {
  put("include/linux/a.h", "static inline int changed(int x) { return x; }\n"
                           "static inline int other(int x) { return x; }\n");
  put("include/linux/b.h", "#include <linux/a.h>\n#define USE(x) changed(x)\n"
                           "static inline int indirect(int x) { return USE(x); }\n");
  const std::string include = "#include <linux/b.h>\n";
  put("fs/direct.c", include + "int f(void) { return changed(1); }\n");
  put("fs/macro.c", include + "int f(void) { return USE(1); }\n");
  put("fs/function.c", include + "int f(void) { return indirect(1); }\n");
  put("fs/unused.c", include + "int f(void) { return other(1); }\n");
  put("fs/elsewhere.c", "int changed(int);\n");
  EXPECT_EQ(users("include/linux/a.h",
                  "static inline int changed(int x) { return x + 1; }\n"
                  "static inline int other(int x) { return x; }\n"),
            (Files{"fs/direct.c", "fs/function.c", "fs/macro.c"}));
}

TEST_F(HeaderReach, FindsUsersOfTypesByWayOfDeclarations) {
  put("include/linux/a.h", "struct inner { int x; };\nstruct outer { struct inner i; };\n"
                           "struct outer *get_it(void);\nstruct far { int y; };\n");
  const std::string include = "#include <linux/a.h>\n";
  put("fs/user.c", include + "int f(void) { return get_it()->i.x; }\n");
  put("fs/other.c", include + "int f(struct far *p) { return p->y; }\n");
  EXPECT_EQ(users("include/linux/a.h",
                  "struct inner { long w; int x; };\nstruct outer { struct inner i; };\n"
                  "struct outer *get_it(void);\nstruct far { int y; };\n"),
            Files{"fs/user.c"});
}

TEST_F(HeaderReach, FindsNamesThatAreSpelledNowhere) {
  put("include/linux/a.h", "static inline int op_inc(int x) { return x; }\n"
                           "static inline int op_dec(int x) { return x; }\n"
                           "#define OP(name) op_##name\n#define WAY(name) OP(name)(1)\n"
                           "#define JOIN(a, b) a##b\n");
  const std::string include = "#include <linux/a.h>\n";
  put("fs/inc.c", include + "int f(void) { return OP(inc)(1); }\n");
  put("fs/way.c", include + "int f(void) { return WAY(inc); }\n");
  put("fs/join.c", include + "int f(void) { return JOIN(op_, inc)(1); }\n");
  put("fs/dec.c", include + "int f(void) { return OP(dec)(1); }\n");
  put("fs/word.c", include + "int inc;\n");
  EXPECT_EQ(users("include/linux/a.h",
                  "static inline int op_inc(int x) { return x + 1; }\n"
                  "static inline int op_dec(int x) { return x; }\n"
                  "#define OP(name) op_##name\n#define WAY(name) OP(name)(1)\n"
                  "#define JOIN(a, b) a##b\n"),
            (Files{"fs/inc.c", "fs/join.c", "fs/way.c"}));
}

/// As in <linux/page-flags.h>.
constexpr const char* kFlagMacros =
    "#ifndef BOUNDS\n"
    "#define TEST(name, page) static inline bool test_##name(int *f) \\\n"
    "{ return FLAG_##name & f[page]; }\n"
    "#define FOLIO_FLAG(name, page) \\\n"
    "TEST(name, page) \\\n"
    "static inline void set_##name(int *f) { f[page] |= FLAG_##name; }\n"
    "#define PAGE_FLAG(uname, lname, policy) \\\n"
    "FOLIO_FLAG(lname, FOLIO_##policy) \\\n"
    "static inline bool Page##uname(int *f) { return policy(f) & FLAG_##lname; }\n"
    "#define ANY(f) f\n#define FOLIO_ANY 0\n#define HEAD 0\n";

TEST_F(HeaderReach, FindsUsersOfWhatMacroCallsDeclare) {
  const std::string macros = kFlagMacros;
  put("include/a.h", "enum { FLAG_old = 1, FLAG_old_2 = 2 };\n" + macros +
                         "PAGE_FLAG(Old, old, ANY)\nPAGE_FLAG(Old2, old_2, ANY)\n"
                         "#undef ANY\n#endif\n");
  const std::string include = "#include <a.h>\n";
  put("fs/page.c", include + "int f(int *p) { return PageOld2(p); }\n");
  put("fs/folio.c", include + "int f(int *p) { return test_old_2(p); }\n");
  put("fs/flag.c", include + "int f(int *p) { return FLAG_old_2; }\n");
  put("fs/near.c", include + "int f(int *p) { return PageOld(p) + test_old(p); }\n");
  put("fs/policy.c", include + "int f(int *p) { return HEAD + FOLIO_ANY; }\n");
  put("include/b.h", "static inline int count_old_2(void) { return 1; }\n");
  put("fs/other.c", include + "#include <b.h>\nint f(void) { return count_old_2(); }\n");
  EXPECT_EQ(users("include/a.h",
                  "enum { FLAG_old = 1, FLAG_old_2 = 2 };\n" + macros +
                      "PAGE_FLAG(Old, old, ANY)\nFOLIO_FLAG(old_2, HEAD)\n#undef ANY\n"
                      "#endif\n"),
            (Files{"fs/folio.c", "fs/page.c"}));
}

TEST_F(HeaderReach, FollowsChangedMacrosThroughWhatTheirCallsDeclare) {
  const std::string macros = kFlagMacros;
  const std::string calls = "PAGE_FLAG(Old, old, ANY)\nFOLIO_FLAG(new, HEAD)\n#endif\n";
  put("include/a.h", macros + calls);
  const std::string include = "#include <a.h>\n";
  put("fs/page.c", include + "int f(int *p) { return PageOld(p); }\n");
  put("fs/old.c", include + "void f(int *p) { set_old(p); }\n");
  put("fs/new.c", include + "void f(int *p) { set_new(p); }\n");
  put("fs/test.c", include + "int f(int *p) { return test_new(p); }\n");
  std::string other = macros;
  other.replace(other.find("|="), 2, "^=");
  EXPECT_EQ(users("include/a.h", other + calls), (Files{"fs/new.c", "fs/old.c"}));
  other = macros;
  other.replace(other.find("ANY(f) f"), 8, "ANY(f) *f");
  EXPECT_EQ(users("include/a.h", other + calls), Files{"fs/page.c"});
}

TEST_F(HeaderReach, KnowsWhichHeadersAUnitDependsOn) {
  put("include/a.h", "#define A 1\n#define A2 1\n");
  put("include/b.h", "#define B 1\n");
  put("include/c.h", "#include <b.h>\nstatic inline int c(void) { return B; }\n");
  put("include/d.h", "#ifndef D_H\n#define D_H\nint d[1] = {};\n#endif\n");
  put("fs/a.c", "#include <a.h>\n#include <b.h>\nint f(void) { return A; }\n");
  put("fs/c.c", "#include <a.h>\n#include <c.h>\nint f(void) { return c(); }\n");
  put("fs/d.c", "#include <a.h>\n#include <d.h>\nint f(void) { return A2; }\n");
  put("fs/no.c", "#include <a.h>\nint f(void) { return 1; }\n");
  put("fs/x.S", "#include <a.h>\n#include <b.h>\n.long B\n");
  std::vector<HeaderChange> changes;
  for (const auto& [header, text] : std::map<std::string, std::string>{
           {"include/a.h", "#define A 2\n#define A2 1\n"},
           {"include/b.h", "#define B 2\n"},
           {"include/d.h", "#ifndef D_H\n#define D_H\nint d[2] = {};\n#endif\n"}})
    changes.push_back({header, read_text(root_.path() / "source" / header), text});
  Files all;
  for (const auto& [unit, owners] : units_.all())
    all.push_back(unit);
  const SourceTrees trees{root_.path() / "source", root_.path() / "objects", 2};
  EXPECT_EQ(headers_by_unit(index(), trees, changes, all),
            (std::map<std::string, Files>{{"fs/a.c", {"include/a.h"}},
                                          {"fs/c.c", {"include/b.h"}},
                                          {"fs/d.c", {"include/d.h"}},
                                          {"fs/x.S", {"include/b.h"}}}));
}

TEST_F(HeaderReach, MindsMacrosAmongWhatMacroCallsHandOn) {
  const std::string macros = kFlagMacros;
  put("include/a.h", macros + "FOLIO_FLAG(locked, HEAD)\n#endif\n");
  put("include/b.h", "#define locked closed\n#include <a.h>\n");
  put("include/c.h", "#define locked(x) x\n#include <a.h>\n");
  put("fs/closed.c", "#include <b.h>\nint f(int *p) { return test_closed(p); }\n");
  put("fs/call.c", "#include <c.h>\nint f(int *p) { return test_closed(p); }\n");
  put("fs/own.c", "#define locked closed\n#include <a.h>\n"
                  "int f(int *p) { return test_closed(p); }\n");
  EXPECT_EQ(users("include/a.h", macros + "FOLIO_FLAG(locked, 1)\n#endif\n"),
            (Files{"fs/closed.c", "fs/own.c"}));
}

TEST_F(HeaderReach, FindsNamesThatMacroCallsDefine) {
  put("include/linux/a.h",
      "#define POLICY(x) x\n"
      "#define FLAG(name) static inline int Has##name(int x) { return "
      "POLICY(x); }\nFLAG(Error)\nFLAG(Dirty)\n");
  put("fs/x.c", "#include <linux/a.h>\nint f(void) { return HasError(1); }\n");
  put("fs/y.c", "#include <linux/a.h>\nint f(void) { return 1; }\n");
  EXPECT_EQ(users("include/linux/a.h",
                  "#define POLICY(x) (x + 1)\n"
                  "#define FLAG(name) static inline int Has##name(int x) { return "
                  "POLICY(x); }\nFLAG(Error)\nFLAG(Dirty)\n"),
            Files{"fs/x.c"});
}

TEST_F(HeaderReach, TakesEveryReaderWhereNamesDoNotTell) {
  put("include/linux/table.h", "ENTRY(1)\n");
  put("include/linux/data.h", "static const int data[] = { 1 };\n");
  put("include/linux/new.h", "");
  put("include/linux/plain.h", "int plain(void);\n");
  put("fs/x.c", "#define ENTRY(x) x,\nint t[] = {\n#include <linux/table.h>\n};\n");
  put("fs/y.c", "#include <linux/data.h>\n");
  put("fs/z.c", "#include <linux/plain.h>\n");
  put("fs/both.c", "#include <linux/plain.h>\n#include <linux/new.h>\n");
  EXPECT_EQ(users("include/linux/table.h", "ENTRY(2)\n"), Files{"fs/x.c"});
  EXPECT_EQ(users("include/linux/data.h", "static const int data[] = { 2 };\n"),
            Files{"fs/y.c"});
  EXPECT_EQ(users("include/linux/plain.h", "#include <linux/new.h>\nint plain(void);\n"),
            Files{"fs/z.c"});
}

TEST_F(HeaderReach, TakesTracepointsWhereTheyAreMade) {
  put("include/trace/define_trace.h", "");
  put("include/trace/events/e.h",
      "#include <linux/t.h>\nTRACE_EVENT(e, TP_PROTO(struct t *x))\n"
      "#include <trace/define_trace.h>\n");
  put("include/linux/t.h", "#define TRACE_EVENT(...)\nstruct t { int x; };\n");
  put("fs/makes.c", "#define CREATE_TRACE_POINTS\n#include <trace/events/e.h>\n");
  put("fs/reads.c", "#include <trace/events/e.h>\n");
  EXPECT_EQ(users("include/linux/t.h",
                  "#define TRACE_EVENT(...)\nstruct t { long y; int x; };\n"),
            Files{"fs/makes.c"});
}

TEST_F(HeaderReach, IsEveryUnitForAHeaderThatIsAlwaysRead) {
  put("include/linux/kconfig.h", "#define ALWAYS 1\n");
  put("fs/x.c", "int x = ALWAYS;\n");
  put("fs/y.c", "int y;\n");
  EXPECT_EQ(readers("include/linux/kconfig.h"), (Files{"fs/x.c", "fs/y.c"}));
  EXPECT_EQ(users("include/linux/kconfig.h", "#define ALWAYS 2\n"), Files{"fs/x.c"});
}

} // namespace
} // namespace kpatch::patch
