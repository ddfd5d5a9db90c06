// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "build/compile.h"
#include "build/fake_kernel.h"
#include "build/patched_view.h"

#include <gtest/gtest.h>

namespace kpatch::build {
namespace {
namespace fs = std::filesystem;

class CompileTest : public testing::Test {
 protected:
  CompileJob job(const fs::path& tree, const std::string& name) {
    return {.command = command_,
            .source_tree = tree,
            .build_tree = kernel_.target.objects,
            .object = shop_.work / name};
  }
  fs::path view() {
    if (!view_)
      view_.emplace(kernel_.target.source, shop_.work / "view");
    return view_->root();
  }

  FakeKernel kernel_;
  TempDir work_{"kpatch-compile-test."};
  BuildLog log_;
  Workshop shop_{kernel_.target, work_.path(), log_, 2};
  UnitCommand command_ = parse_unit_command(kernel_.record("x"), "fs/x.c");
  std::optional<PatchedView> view_;
};

TEST_F(CompileTest, GivesTheSameObjectWhereverTheTreeIs) {
  ASSERT_TRUE(compile(shop_, job(kernel_.target.source, "one/x.o")).ok);
  ASSERT_TRUE(compile(shop_, job(view(), "two/x.o")).ok);
  const Bytes one = read_bytes(shop_.work / "one/x.o");
  EXPECT_EQ(one, read_bytes(shop_.work / "two/x.o"));
  const std::string text(one.begin(), one.end());
  EXPECT_NE(text.find("fs/x.c"), std::string::npos);
  EXPECT_EQ(text.find(kernel_.root.path().native()), std::string::npos);
}

TEST_F(CompileTest, NamesFilesAsInTheTreeWhenTheSourceIsWrong) {
  view();
  write_file(view_->own_file("fs/x.c"),
             std::string_view("int f(void)\n{\n  return y;\n}\n"));
  const Compiled compiled = compile(shop_, job(view(), "x.o"));
  EXPECT_FALSE(compiled.ok);
  EXPECT_NE(compiled.messages.find("fs/x.c:3:10: error: "), std::string::npos);
  EXPECT_EQ(compiled.messages.find(shop_.work.native()), std::string::npos);
  EXPECT_FALSE(fs::exists(shop_.work / "x.o"));
}

TEST_F(CompileTest, ListsTheFilesItRead) {
  const Compiled compiled = compile(shop_, job(view(), "x.o"));
  const std::vector<fs::path> expected{view() / "fs/x.c", view() / "include/label.h"};
  EXPECT_EQ(compiled.dependencies, expected);
}

TEST_F(CompileTest, TakesAnythingObjtoolSaysForAFailure) {
  kernel_.put("objects/objtool", "#!/bin/sh\necho warning: $2 >&2\nexit 0\n");
  fs::permissions(kernel_.target.objects / "objtool", fs::perms::owner_all);
  command_.objtool = {"./objtool", "--orc"};
  try {
    compile(shop_, job(view(), "x.o"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what())
                  .find("fs/x.c: objtool does not accept the object "
                        "(exit status 0):\nwarning: "),
              std::string::npos);
    EXPECT_NE(error.remedy().find("/objects/objtool "), std::string::npos);
  }
  kernel_.put("objects/objtool", "#!/bin/sh\nprintf done >> $2\n");
  fs::permissions(kernel_.target.objects / "objtool", fs::perms::owner_all);
  EXPECT_TRUE(compile(shop_, job(view(), "x.o")).ok);
  const Bytes object = read_bytes(shop_.work / "x.o");
  EXPECT_EQ(std::string(object.end() - 4, object.end()), "done");
}

TEST_F(CompileTest, KeepsObjectsOfEachCompilerApart) {
  const fs::path compiler = kernel_.root.path() / "cc";
  kernel_.target.compiler.command = compiler;
  write_file(compiler, std::string_view("#!/bin/sh\n"), 0755);
  const fs::path first = shop_.kept("originals");
  EXPECT_EQ(shop_.kept("originals"), first);
  write_file(compiler, std::string_view("#!/bin/sh\ntrue\n"), 0755);
  EXPECT_NE(shop_.kept("originals"), first);
}

TEST_F(CompileTest, MakesAnOriginalObjectOnce) {
  const fs::path first = original_object(shop_, job(kernel_.target.source, "1.o"));
  const auto time = fs::last_write_time(first);
  fs::remove_all(shop_.work / "1.o");
  EXPECT_EQ(original_object(shop_, job(kernel_.target.source, "2.o")), first);
  EXPECT_EQ(fs::last_write_time(first), time);
  EXPECT_FALSE(fs::exists(shop_.work / "2.o"));
}

TEST_F(CompileTest, MakesAnOriginalObjectAgainWhenAHeaderHasChanged) {
  const fs::path first = original_object(shop_, job(kernel_.target.source, "1.o"));
  const Bytes before = read_bytes(first);
  kernel_.put("source/include/label.h", "#define LABEL \"other label\"\n");
  const fs::path second = original_object(shop_, job(kernel_.target.source, "2.o"));
  EXPECT_NE(read_bytes(second), before);
}

TEST_F(CompileTest, RefusesAnOriginalThatDoesNotCompile) {
  kernel_.put("source/fs/x.c", "nonsense\n");
  EXPECT_THROW(original_object(shop_, job(kernel_.target.source, "1.o")), Error);
  EXPECT_TRUE(kernel_.files("cache").empty());
}

TEST(ForEachInParallel, RunsEveryJobOnceAndPassesTheFailureOn) {
  std::vector<std::atomic<int>> runs(50);
  for_each_in_parallel(50, 4, [&](std::size_t i) { ++runs[i]; });
  for (const auto& count : runs)
    EXPECT_EQ(count, 1);
  EXPECT_THROW(for_each_in_parallel(50, 4,
                                    [](std::size_t i) {
                                      if (i == 7)
                                        fail("seven");
                                    }),
               Error);
}

} // namespace
} // namespace kpatch::build
