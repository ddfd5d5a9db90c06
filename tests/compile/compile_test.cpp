// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/parallel.h"
#include "compile/compile.h"
#include "compile/file_names.h"
#include "fake_kernel.h"
#include "patch/patched_view.h"

#include <gtest/gtest.h>

#include <functional>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace kpatch::compile {
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
  /// That of a run of its own.
  Workshop shop() {
    return {.target = kernel_.target,
            .work = work_.path(),
            .log = log_,
            .jobs = 2,
            .originals = kernel_.root.path() / "cache/originals"};
  }
  /// Compiled, or as it was kept.
  fs::path original(const fs::path& tree) {
    return original_object(shop(), job(tree, "original.o"));
  }
  bool was_compiled() { return fs::remove(shop_.work / "original.o"); }
  fs::path source() const { return kernel_.target.source; }
  fs::path view() {
    if (!view_)
      view_.emplace(kernel_.target.source, shop_.work / "view");
    return view_->root();
  }

  FakeKernel kernel_;
  TempDir work_{"kpatch-compile-test."};
  BuildLog log_;
  Workshop shop_ = shop();
  UnitCommand command_ = parse_unit_command(kernel_.record("x"), "fs/x.c");
  std::optional<patch::PatchedView> view_;
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

/// What a sanitizer has to say of a line names its file.
TEST_F(CompileTest, GivesTheSameObjectWhereverTheTreeIsWithASanitizer) {
  // With -g the assembler, too, has lines of its own, and the path of what it reads.
  command_.compiler.insert(command_.compiler.end(), {"-fsanitize=shift", "-g"});
  kernel_.put("source/fs/x.c", "int f(int x, int y) { return x << y; }\n");
  ASSERT_TRUE(compile(shop_, job(kernel_.target.source, "one/x.o")).ok);
  ASSERT_TRUE(compile(shop_, job(view(), "two/x.o")).ok);
  const Bytes one = read_bytes(shop_.work / "one/x.o");
  EXPECT_EQ(one, read_bytes(shop_.work / "two/x.o"));
  const std::string text(one.begin(), one.end());
  EXPECT_NE(text.find("__ubsan_handle"), std::string::npos);
  EXPECT_EQ(text.find(kernel_.root.path().native()), std::string::npos);
}

TEST(FileNames, AreThoseOfTheTreeInStringsAlone) {
  EXPECT_EQ(with_relative_names("\t.string\t\"/t/fs/x.c\"\n\t.ascii \"/t/fs\\000\"\n"
                                "\t.string \"/tt/x\"\n\t.file \"/t/fs/x.c\"\n",
                                "/t"),
            "\t.string\t\"fs/x.c\"\n\t.ascii \"fs\\000\"\n"
            "\t.string \"/tt/x\"\n\t.file \"/t/fs/x.c\"\n");
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
  const std::vector<std::string> expected{view() / "fs/x.c", view() / "include/label.h"};
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

TEST_F(CompileTest, KnowsACompilerByItsContent) {
  const fs::path compiler = kernel_.root.path() / "cc";
  kernel_.target.compiler.command = compiler;
  write_file(compiler, std::string_view("#!/bin/sh\n:\n"), 0755);
  const fs::path first = shop().kept("commands");
  const auto time = fs::last_write_time(compiler);
  fs::last_write_time(compiler, time + std::chrono::hours(1));
  EXPECT_EQ(shop().kept("commands"), first);
  write_file(compiler, std::string_view("#!/bin/sh\n!\n"), 0755);
  fs::last_write_time(compiler, time);
  EXPECT_NE(shop().kept("commands"), first);
}

TEST_F(CompileTest, MakesAnOriginalObjectOnce) {
  const fs::path first = original(source());
  EXPECT_TRUE(was_compiled());
  EXPECT_EQ(original(source()), first);
  EXPECT_FALSE(was_compiled());
}

TEST_F(CompileTest, KeepsNothingWithoutAStore) {
  Workshop without = shop();
  without.originals.clear();
  const CompileJob wanted = job(source(), "original.o");
  EXPECT_EQ(original_object(without, wanted), wanted.object);
  EXPECT_FALSE(fs::exists("lists"));
}

TEST_F(CompileTest, MakesDoWithoutAStoreThatCannotBeWrittenTo) {
  fs::create_directories(shop().originals);
  kernel_.put("cache/originals/objects", "no directory");
  EXPECT_EQ(original(source()), shop_.work / "original.o");
}

/// Ends with 0 if an object is used from a store that is mounted read-only, another is
/// left where it was compiled, and nothing is said; with 77 if nothing can be mounted.
[[noreturn]] void use_read_only(const fs::path& store, const std::function<bool()>& use) {
  if (unshare(CLONE_NEWNS) != 0 ||
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount(store.c_str(), store.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
      mount(nullptr, store.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) !=
          0)
    _exit(77);
  testing::internal::CaptureStderr();
  const bool is_right = use();
  _exit(is_right && testing::internal::GetCapturedStderr().empty() ? 0 : 1);
}

TEST_F(CompileTest, DoesNotWarnOfAStoreThatIsMountedReadOnly) {
  const fs::path kept = original(source());
  was_compiled();
  const pid_t child = fork();
  if (child == 0)
    use_read_only(shop().originals, [&] {
      const bool is_found = original(source()) == kept;
      kernel_.put("source/include/label.h", "#define LABEL 8\n");
      std::this_thread::sleep_for(std::chrono::milliseconds(50)); // else nothing is kept
      return is_found && original(source()) == shop_.work / "original.o";
    });
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
    GTEST_SKIP() << "nothing can be mounted here";
  EXPECT_EQ(status, 0);
}

TEST_F(CompileTest, FindsAnOriginalObjectAfterATouch) {
  const fs::path first = original(source());
  was_compiled();
  for (const char* file : {"fs/x.c", "include/label.h"})
    fs::last_write_time(source() / file,
                        fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_EQ(original(source()), first);
  EXPECT_FALSE(was_compiled());
}

TEST_F(CompileTest, FindsAnOriginalObjectFromACopyOfTheSource) {
  const fs::path first = original(source());
  was_compiled();
  fs::copy(source(), kernel_.root.path() / "copy", fs::copy_options::recursive);
  EXPECT_EQ(original(kernel_.root.path() / "copy"), first);
  EXPECT_FALSE(was_compiled());
}

TEST_F(CompileTest, MakesAnOriginalObjectAgainWhenAHeaderHasChanged) {
  const Bytes before = read_bytes(original(source()));
  const auto time = fs::last_write_time(source() / "include/label.h");
  kernel_.put("source/include/label.h", "#define LABEL \"other\"\n"); // same size
  fs::last_write_time(source() / "include/label.h", time);
  was_compiled();
  EXPECT_NE(read_bytes(original(source())), before);
  EXPECT_TRUE(was_compiled());

  kernel_.put("source/include/label.h", "#define LABEL \"label\"\n");
  EXPECT_EQ(read_bytes(original(source())), before);
  EXPECT_FALSE(was_compiled());
}

TEST_F(CompileTest, MakesAnOriginalObjectAgainForAnotherObjtool) {
  const auto put_objtool = [&](std::string_view script) {
    kernel_.put("objects/objtool", script);
    fs::permissions(kernel_.target.objects / "objtool", fs::perms::owner_all);
  };
  command_.objtool = {"./objtool"};
  put_objtool("#!/bin/sh\nprintf 1 >> $1\n");
  const fs::path first = original(source());
  put_objtool("#!/bin/sh\nprintf 2 >> $1\n");
  EXPECT_NE(original(source()), first);
}

TEST_F(CompileTest, AddsWhatThePatchNeedsOnBothSides) {
  const Bytes before = read_bytes(original(source()));
  ASSERT_TRUE(compile(shop_, job(view(), "patched.o")).ok);
  command_.for_patch = {"-finstrument-functions"};
  EXPECT_NE(read_bytes(original(source())), before);
  const Bytes patched = read_bytes(shop_.work / "patched.o");
  ASSERT_TRUE(compile(shop_, job(view(), "patched.o")).ok);
  EXPECT_NE(read_bytes(shop_.work / "patched.o"), patched);
}

TEST_F(CompileTest, DoesNotUseADamagedObject) {
  const fs::path first = original(source());
  const Bytes whole = read_bytes(first);
  was_compiled();
  fs::resize_file(first, 100);
  EXPECT_EQ(read_bytes(original(source())), whole);
  EXPECT_TRUE(was_compiled());
}

TEST_F(CompileTest, KeepsNothingIfTheSourceChangesMeanwhile) {
  kernel_.put("objects/objtool",
              "#!/bin/sh\ntouch " + (source() / "include/label.h").string() + "\n");
  fs::permissions(kernel_.target.objects / "objtool", fs::perms::owner_all);
  command_.objtool = {"./objtool"};
  EXPECT_EQ(original(source()), shop_.work / "original.o");
  EXPECT_FALSE(fs::exists(shop_.originals));
}

TEST_F(CompileTest, RefusesAnOriginalThatDoesNotCompile) {
  kernel_.put("source/fs/x.c", "nonsense\n");
  EXPECT_THROW(original(source()), Error);
  EXPECT_FALSE(fs::exists(shop_.originals));
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
} // namespace kpatch::compile
