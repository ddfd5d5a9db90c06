// SPDX-License-Identifier: GPL-2.0-or-later
//
// Runs the hook of patch modules in user space against a pretended kernel of a version of
// our choice, linked with the linker script of real modules.
#include "base/files.h"
#include "base/process.h"

#include <gtest/gtest.h>

namespace kpatch::klp {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = KPATCH_SOURCE_DIR;

/// What the program prints when it is compiled with these definitions.
std::string output_of_hook(std::initializer_list<std::string> definitions) {
  const TempDir scratch("kpatch-hook-test-");
  fs::create_directories(scratch.path() / "linux");
  for (const char* header : {"compiler", "jiffies", "kernel", "livepatch", "module",
                             "printk", "slab", "string", "syscalls", "version"})
    write_file(scratch.path() / "linux" / (std::string(header) + ".h"),
               std::string_view("#include <fake_kernel.h>\n"));

  const fs::path object = scratch.path() / "program.o";
  Command compile{.argv = {"cc", "-g", "-Wall", "-Wno-unused-variable",
                           "-fsanitize=address", "-DCONFIG_LIVEPATCH", "-c", "-I",
                           scratch.path(), "-I", kSource / "tests/klp/hook", "-I",
                           kSource / "kmod", "-I", kSource / "kmod/include", "-o", object,
                           kSource / "tests/klp/hook/program.c"}};
  for (const std::string& definition : definitions)
    compile.argv.push_back("-D" + definition);
  run_checked(compile);

  const fs::path linked = scratch.path() / "linked.o";
  const fs::path program = scratch.path() / "program";
  run_checked(
      {.argv = {"ld", "-r", "-T", kSource / "kmod/kpatch.lds", "-o", linked, object}});
  run_checked({.argv = {"cc", "-fsanitize=address", "-o", program, linked}});
  return run_checked({.argv = {program}});
}

const std::string k6_1 = "LINUX_VERSION_CODE=KERNEL_VERSION(6,1,0)";
const std::string k4_15 = "LINUX_VERSION_CODE=KERNEL_VERSION(4,15,0)";
const std::string k4_12 = "LINUX_VERSION_CODE=KERNEL_VERSION(4,12,0)";
const std::string kEnables = "ENABLE_RESULT=0";

constexpr const char* kFunctions = "object NULL\n"
                                   "  f,1 f\n"
                                   "  h,0 h\n"
                                   "object ip_vs\n"
                                   "  g,2 g\n";

TEST(Hook, GroupsFunctionsByObject) {
  EXPECT_EQ(output_of_hook({k6_1, kEnables}),
            std::string("enable for livepatch_test\nreplace 1\n") + kFunctions +
                "init 0\n");
}

TEST(Hook, LeavesEarlierPatchesAloneIfTold) {
  EXPECT_EQ(output_of_hook({k6_1, kEnables, "KLP_REPLACE_ENABLE=false"}),
            std::string("enable for livepatch_test\nreplace 0\n") + kFunctions +
                "init 0\n");
}

TEST(Hook, GivesCallbacksToObjectsEvenToThoseWithoutFunctions) {
  EXPECT_EQ(output_of_hook({k6_1, kEnables, "WITH_CALLBACKS"}),
            "enable for livepatch_test\n"
            "replace 1\n"
            "object NULL\n"
            "  f,1 f\n"
            "  h,0 h\n"
            "  post_unpatch\n"
            "object ip_vs\n"
            "  g,2 g\n"
            "object loop\n"
            "  pre_patch\n"
            "init 0\n");
}

TEST(Hook, RefusesASecondCallbackOfAKind) {
  EXPECT_EQ(output_of_hook({k6_1, kEnables, "WITH_CALLBACKS", "WITH_EXTRA_CALLBACK"}),
            "livepatch_test: extra pre-patch callback for object: loop\n"
            "init -22\n");
}

TEST(Hook, ReportsWhatTheKernelSays) {
  EXPECT_EQ(output_of_hook({k6_1, "ENABLE_RESULT=-EBUSY"}),
            std::string("enable for livepatch_test\nreplace 1\n") + kFunctions +
                "init -16\n");
}

TEST(Hook, RegistersWithOlderKernels) {
  EXPECT_EQ(output_of_hook({k4_15, kEnables}),
            std::string("register for livepatch_test\nenable for livepatch_test\n") +
                kFunctions + "init 0\nunregister for livepatch_test\n");
}

TEST(Hook, TakesTheRegistrationBackIfEnablingFails) {
  EXPECT_EQ(output_of_hook({k4_15, "ENABLE_RESULT=-EBUSY"}),
            std::string("register for livepatch_test\nenable for livepatch_test\n") +
                kFunctions + "unregister for livepatch_test\ninit -16\n");
}

TEST(Hook, RefusesCallbacksWhereTheKernelHasNone) {
  EXPECT_EQ(output_of_hook({k4_12, kEnables, "WITH_CALLBACKS"}),
            "livepatch_test: patch callbacks are not supported\ninit -22\n");
}

TEST(Hook, SetsWordsOfDataAndPutsThemBack) {
  const std::string output = output_of_hook({k6_1, kEnables, "WITH_WORDS"});
  EXPECT_NE(output.find("livepatch_test: limits[1] is no longer what it was built as, "
                        "and stays as it is\n"
                        "pre_patch 0\n"
                        "pre_patch 0\n"
                        "patched: 6 7 600\n"
                        "unpatched: 5 7 644\n"),
            std::string::npos)
      << output;
}

TEST(Hook, LeavesWordsThatOthersHaveSetMeanwhile) {
  const std::string output =
      output_of_hook({k6_1, kEnables, "WITH_WORDS", "SET_MEANWHILE=50"});
  EXPECT_NE(output.find("livepatch_test: limits[0] is no longer what it was set to, and "
                        "stays as it is\n"
                        "unpatched: 50 7 644\n"),
            std::string::npos)
      << output;
}

TEST(Hook, CallsTheAuthorsCallbacksAroundWords) {
  const std::string output =
      output_of_hook({k6_1, kEnables, "WITH_WORDS", "WITH_CALLBACKS"});
  EXPECT_NE(output.find("patched: 6 7 600\nafter (null)\nunpatched: 5 7 644\n"),
            std::string::npos)
      << output;
}

TEST(Hook, RefusesWordsWhereTheKernelHasNoCallbacks) {
  EXPECT_EQ(output_of_hook({k4_12, kEnables, "WITH_WORDS"}),
            "livepatch_test: patch callbacks are not supported\ninit -22\n");
}

TEST(Hook, HandsStatesOver) {
  EXPECT_EQ(output_of_hook({k6_1, kEnables, "WITH_STATES=0x18"}),
            std::string("enable for livepatch_test\nreplace 1\n") + kFunctions +
                "state 0x17 version 1\nstate 0x18 version 3\nits own: found\ninit 0\n");
}

TEST(Hook, RefusesAStateDeclaredTwice) {
  EXPECT_EQ(output_of_hook({k6_1, kEnables, "WITH_STATES=0x17"}),
            "livepatch_test: state 0x17 is 0 or declared twice\ninit -22\n");
}

TEST(Hook, RefusesStatesWhereTheKernelHasNone) {
  EXPECT_EQ(output_of_hook({k4_15, kEnables, "WITH_STATES=0x18"}),
            "livepatch_test: states of the system are not supported\ninit -22\n");
}

} // namespace
} // namespace kpatch::klp
