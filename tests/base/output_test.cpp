// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/run_tool.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace kpatch {
namespace {

namespace fs = std::filesystem;

TEST(Output, KeepsFromTerminalsWhatTheyWouldObey) {
  EXPECT_EQ(harmless("a\tb\n"), "a\tb\n");
  EXPECT_EQ(harmless("\033[2J\r\b\a\177"), "\\x1b[2J\\x0d\\x08\\x07\\x7f");
  EXPECT_EQ(harmless("\xc2\x9b"
                     "2J"),
            "\\xc2\\x9b2J"); // CSI as one character
  EXPECT_EQ(harmless("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(harmless(std::string_view("\0x", 2)), "\\x00x");
}

/// Ends with the status of run_tool for a tool that prints, fails, and has `errors` as
/// standard error.
[[noreturn]] void fail_with_errors_at(int errors) {
  if (errors >= 0)
    dup2(errors, 2);
  else
    close(2);
  _exit(run_tool(
      "tool: ",
      []() -> int {
        for (int i = 0; i < 100; ++i)
          print(Stream::kErrors, "{}\n", std::string(1000, 'x'));
        throw Error("it fails", "a remedy", Exit::kStallReverted);
      },
      "."));
}

TEST(Output, NeverDecidesHowAProgramEnds) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EXIT(fail_with_errors_at(ends[1]), testing::ExitedWithCode(4), "");
  EXPECT_EXIT(fail_with_errors_at(-1), testing::ExitedWithCode(4), "");
  EXPECT_EXIT(fail_with_errors_at(open("/dev/full", O_WRONLY)),
              testing::ExitedWithCode(4), "");
}

/// Ends with the status of a tool that is run for its output, which goes to the file.
[[noreturn]] void tell_into(int file) {
  dup2(file, 1);
  _exit(run_tool("tool: ", [] {
    print(Stream::kOutput, "a line\n");
    require_output();
    return 0;
  }));
}

TEST(Output, ThatIsAllThatWasAskedForMustArrive) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_EXIT(tell_into(ends[1]), testing::ExitedWithCode(0), "");
  close(ends[0]);
  EXPECT_EXIT(tell_into(ends[1]), testing::ExitedWithCode(0), ""); // as with head -1
  EXPECT_EXIT(tell_into(open("/dev/full", O_WRONLY)), testing::ExitedWithCode(1),
              "standard output: not all could be written: No space left on device");
}

TEST(Output, AClosedStreamIsNotTakenByAnotherFile) {
  EXPECT_EXIT(
      {
        close(1);
        close(2);
        settle_streams();
        _exit(open("/dev/zero", O_RDONLY) > 2 ? 7 : 1);
      },
      testing::ExitedWithCode(7), "");
}

TEST(Output, IsWrittenInOnePlaceOnly) {
  const fs::path sources = fs::path(KPATCH_SOURCE_DIR) / "src";
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(sources)) {
    if (!entry.is_regular_file() || entry.path() == sources / "base/output.cpp")
      continue;
    const std::string text = read_text(entry.path());
    for (const char* way :
         {"fmt::print", "fmt::println", "std::cout", "std::cerr", "std::clog", " printf(",
          "fprintf(", "fputs(", "std::puts(", "perror(", "stdout", "stderr"})
      EXPECT_EQ(text.find(way), std::string::npos)
          << entry.path() << " uses " << way << " instead of base/output.h";
  }
}

} // namespace
} // namespace kpatch
