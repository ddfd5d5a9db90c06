// SPDX-License-Identifier: GPL-2.0-or-later
//
// Pointers to what the patch brings that its code writes somewhere, on objects as the
// compiler makes them.
#include "diff/compiled.h"
#include "review/review.h"

#include <gmock/gmock.h>

namespace kpatch::review {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StoredPointers : public diff::testing::Compiled {
 protected:
  /// What is found where the body of f becomes this one, as "symbol: message".
  std::vector<std::string> findings(const std::string& body,
                                    const std::string& more = {}) {
    const std::string common =
        "struct ops { void (*run)(int); };\n"
        "struct object { long a; void (*run)(int); const struct ops *ops; };\n"
        "void ask(struct object *);\nvoid use(void *);\nextern void (*hook)(int);\n"
        "int known(int);\nvoid old(int a) { known(a); }\n";
    elf::Object original = compile(common + "void f(struct object *o) { ask(o); }\n");
    elf::Object patched =
        compile(common +
                "static __attribute__((noinline)) void fresh(int a) { known(a + 1); }\n" +
                "static const struct ops fresh_ops = { fresh };\n" +
                "static struct object own __attribute__((used)) = { 1 };\n" + more +
                "void f(struct object *o) { " + body + " }\n");
    keep_what_is_reviewed(original); // as kpatch-build does
    keep_what_is_reviewed(patched);
    const ReviewedUnit unit{"fs/unit.c", original, patched, {"f"}};
    std::vector<std::string> found;
    for (const Problem& problem : review({&unit, 1}))
      if (problem.code == "KP4006")
        found.push_back(problem.symbol + ": " + problem.message);
    return found;
  }
};

constexpr const char* kSaid = ": f writes its address to memory that is not of the patch";

TEST_F(StoredPointers, InTheKernelsStructuresAreNamed) {
  EXPECT_THAT(findings("o->run = fresh;"),
              ElementsAre(HasSubstr(std::string("fresh") + kSaid)));
  EXPECT_THAT(findings("o->ops = &fresh_ops;"),
              ElementsAre(HasSubstr(std::string("fresh_ops") + kSaid)));
}

TEST_F(StoredPointers, ToTablesAndVariablesAreNamedToo) {
  EXPECT_THAT(findings("o->ops = &quiet;", "static const struct ops quiet = { old };\n"),
              ElementsAre(HasSubstr(std::string("quiet") + kSaid)));
  EXPECT_THAT(findings("o->a = (long)&own;"),
              ElementsAre(HasSubstr(std::string("own") + kSaid)));
}

TEST_F(StoredPointers, AreFollowedThroughRegistersAndCalls) {
  EXPECT_THAT(findings("void (*run)(int) = o->a ? fresh : old; ask(o); o->run = run;"),
              ElementsAre(HasSubstr("fresh: f writes")));
  EXPECT_THAT(findings("__atomic_exchange_n(&o->run, fresh, __ATOMIC_SEQ_CST);"),
              ElementsAre(HasSubstr("fresh: f writes")));
}

TEST_F(StoredPointers, InTheKernelsVariablesAreNamed) {
  EXPECT_THAT(findings("hook = fresh;"), ElementsAre(HasSubstr("fresh: f writes")));
}

TEST_F(StoredPointers, OnTheStackOrInThePatchAreGoneWithIt) {
  EXPECT_THAT(findings("struct object mine = { .run = fresh }; ask(&mine);"), IsEmpty());
  EXPECT_THAT(findings("own.run = fresh; ask(&own);"), IsEmpty());
  EXPECT_THAT(findings("use(fresh); ask(o);"), IsEmpty());
  EXPECT_THAT(findings("if (o->run == fresh) ask(o);"), IsEmpty());
}

TEST_F(StoredPointers, ToWhatTheKernelHasMayBeStored) {
  EXPECT_THAT(findings("o->run = old;"), IsEmpty());
}

TEST_F(StoredPointers, AreTheConcernOfTheCallbackThatTakesThemBack) {
  EXPECT_THAT(findings("o->run = fresh;",
                       "static void undo(void *o) { use(o); }\n"
                       "static void *undo_pointer __attribute__((used, "
                       "section(\".kpatch.callbacks.post_unpatch\"))) = undo;\n"),
              IsEmpty());
}

TEST_F(StoredPointers, NothingIsHandedOverWhereAnArrayIsIndexed) {
  const std::string more = "struct work { void (*run)(int); };\nextern int "
                           "queue_work_on(int, void *, void *);\n"
                           "static long weights[8];\nstatic const char *const names[] = "
                           "{ \"a\", \"b\", \"c\" };\n";
  EXPECT_THAT(findings("use((void *)names[o->a & 1]); weights[o->a & 7]++; "
                       "queue_work_on(0, o, o->run);",
                       more),
              IsEmpty());
  EXPECT_THAT(findings("queue_work_on(0, o, &weights[o->a & 7]);", more),
              ElementsAre(HasSubstr("weights: f hands it to")));
}

/// What is found of texts that the patched f uses.
class KeptTexts : public StoredPointers {
 protected:
  std::vector<std::string> texts(const std::string& body, const std::string& more = {}) {
    return findings("extern int request_threaded_irq(int, void *, void *, long, const "
                    "char *, void *);"
                    "extern int printk(const char *, ...);\n"
                    "struct named { long a; const char *name; } *n = (void *)o; " +
                        body,
                    more);
  }
};

TEST_F(KeptTexts, ThatAreNamesOfInterruptsAreNamed) {
  EXPECT_THAT(
      texts("request_threaded_irq(1, o, o, 0, \"board\", o);"),
      ElementsAre(HasSubstr("f: the patch has a text \"board\" of its own, which the "
                            "function hands to request_threaded_irq()")));
}

TEST_F(KeptTexts, ThatAreOnlyReadAreNot) {
  EXPECT_THAT(texts("printk(\"hello %ld\", o->a); ask(o);"), IsEmpty());
  EXPECT_THAT(
      texts("printk(\"irq\"); request_threaded_irq(1, o, o, 0, n->name, o); ask(o);"),
      IsEmpty());
  EXPECT_THAT(texts("n->name = \"Bad argument\"; ask(o);"), IsEmpty());
}

TEST_F(KeptTexts, OfAnAnswerToARequestAreNot) {
  EXPECT_THAT(texts("static const char __msg[] = \"no such thing\"; n->name = __msg;"),
              IsEmpty());
}

TEST_F(KeptTexts, AreTheConcernOfTheCallbackThatTakesThemBack) {
  EXPECT_THAT(texts("request_threaded_irq(1, o, o, 0, \"board\", o);",
                    "static void undo(void *o) { use(o); }\n"
                    "static void *undo_pointer __attribute__((used, "
                    "section(\".kpatch.callbacks.post_unpatch\"))) = undo;\n"),
              IsEmpty());
}

} // namespace
} // namespace kpatch::review
