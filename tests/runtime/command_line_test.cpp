// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/command_line.h"
#include "runtime/pretended_host.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(CommandLine, PrintsTheVersionNumberAlone) {
  for (const char* word : {"version", "-v", "--version"}) {
    PretendedHost machine;
    EXPECT_EQ(run_subcommand(machine.host, {word}), 0);
    EXPECT_THAT(machine.said, ElementsAre(KPATCH_VERSION)) << word;
  }
}

TEST(CommandLine, AnswersHelpAndWrongArgumentCountsWithUsageAndOne) {
  std::vector<std::vector<std::string>> calls(1);
  for (const char* word : {"help", "-h", "--help", "load", "unload"})
    calls.push_back({word});
  calls.push_back({"load", "a", "b"});
  calls.push_back({"list", "x"});
  for (const auto& call : calls) {
    PretendedHost machine;
    EXPECT_EQ(run_subcommand(machine.host, call), 1);
    EXPECT_THAT(machine.said, IsEmpty());
    EXPECT_THAT(machine.warned, ElementsAre(HasSubstr("usage: kpatch <command>")));
  }
}

TEST(CommandLine, NamesAnUnknownSubcommand) {
  PretendedHost machine;
  EXPECT_EQ(run_subcommand(machine.host, {"frob"}), 1);
  EXPECT_THAT(machine.said, ElementsAre("subcommand frob not recognized"));
}

TEST(CommandLine, LoadsByPath) {
  PretendedHost machine;
  const auto file = write_module(machine.root.path(), "livepatch_a");
  EXPECT_EQ(run_subcommand(machine.host, {"load", file.string()}), 0);
  EXPECT_THAT(machine.kernel.calls, ElementsAre("load livepatch_a.ko"));
}

} // namespace
} // namespace kpatch::runtime
