// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "runtime/command_line.h"
#include "runtime/pretended_host.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;
using testing::StartsWith;

const Forms kNoForms;

TEST(CommandLine, PrintsTheVersionNumberAlone) {
  for (const char* word : {"version", "-v", "--version"}) {
    PretendedHost machine;
    EXPECT_EQ(run_subcommand(machine.host, kNoForms, {word}), 0);
    EXPECT_THAT(machine.said, ElementsAre(KPATCH_VERSION)) << word;
  }
}

TEST(CommandLine, PrintsHelpAsAResult) {
  for (const char* word : {"help", "-h", "--help"}) {
    PretendedHost machine;
    EXPECT_EQ(run_subcommand(machine.host, kNoForms, {word}), 0);
    EXPECT_THAT(machine.said, ElementsAre(StartsWith("usage: kpatch <command>")));
    EXPECT_THAT(machine.guided, IsEmpty());
  }
}

TEST(CommandLine, HelpsWithEachCommand) {
  for (const char* word : {"-h", "--help"}) {
    PretendedHost machine;
    EXPECT_EQ(run_subcommand(machine.host, kNoForms, {"uninstall", word}), 0);
    ASSERT_EQ(machine.said.size(), 1U);
    EXPECT_THAT(machine.said[0], StartsWith("usage: kpatch uninstall [options] MODULE\n"
                                            "Remove an installed patch module.\n\n"
                                            "  -k, --kernel-version RELEASE\n"));
    EXPECT_THAT(machine.said[0], testing::Not(testing::HasSubstr("--timeout")));
    EXPECT_THAT(machine.kernel.calls, IsEmpty());
  }
  PretendedHost machine;
  EXPECT_EQ(run_subcommand(machine.host, kNoForms, {"signal", "--help"}), 0);
  EXPECT_THAT(machine.said, ElementsAre("usage: kpatch signal\n"
                                        "Signal the processes that stall a transition."));
}

TEST(CommandLine, AnswersAWrongCallWithOneLineAndHowToGetHelp) {
  std::vector<std::vector<std::string>> calls(1);
  for (const char* word : {"load", "unload"})
    calls.push_back({word});
  calls.push_back({"load", "a", "b"});
  calls.push_back({"list", "x"});
  calls.push_back({"list", "--frob"});
  calls.push_back({"list", "--all"});
  calls.push_back({"load", "--all", "x"});
  calls.push_back({"install"});
  for (const auto& call : calls) {
    PretendedHost machine;
    EXPECT_EQ(run_subcommand(machine.host, kNoForms, call), 1);
    EXPECT_THAT(machine.said, IsEmpty());
    EXPECT_THAT(machine.guided,
                ElementsAre(EndsWith("; run kpatch help for the commands")));
  }
}

TEST(CommandLine, NamesAnUnknownSubcommand) {
  PretendedHost machine;
  EXPECT_EQ(run_subcommand(machine.host, kNoForms, {"frob"}), 1);
  EXPECT_THAT(machine.guided,
              ElementsAre(StartsWith("kpatch: subcommand frob not recognized;")));
}

TEST(CommandLine, LoadsByPath) {
  PretendedHost machine;
  const auto file = write_module(machine.root.path(), "livepatch_a");
  EXPECT_EQ(run_subcommand(machine.host, kNoForms, {"load", file.string()}), 0);
  EXPECT_THAT(machine.kernel.calls, ElementsAre("load livepatch_a.ko"));
}

TEST(CommandLine, TakesOptionsOnEitherSideOfTheModule) {
  PretendedHost machine;
  machine.kernel.never_ends = true;
  const auto file = write_module(machine.root.path(), "livepatch_a");
  try {
    run_subcommand(machine.host, kNoForms,
                   {"load", "--timeout=3", file.string(), "--on-stall", "keep"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit(), Exit::kStallKept);
  }
  EXPECT_EQ(machine.kernel.now, std::chrono::seconds(3));
}

TEST(CommandLine, RefusesWhatIsNoTimeoutAndNoPolicy) {
  PretendedHost machine;
  for (const char* option : {"--timeout=soon", "--timeout=-1", "--on-stall=hope"})
    EXPECT_THROW(run_subcommand(machine.host, kNoForms, {"unload", "x", option}), Error);
}

TEST(CommandLine, PrintsStateInTheFormAskedFor) {
  PretendedHost machine;
  const Forms forms{.list_json = [](const SystemStatus&) { return "list"; },
                    .status_text = [](const SystemStatus&) { return "text"; },
                    .status_json = [](const SystemStatus&) { return "json"; },
                    .info_text = [](const PatchInformation&) { return "info"; },
                    .info_json = [](const PatchInformation&) { return "info json"; }};
  const auto file = write_module(machine.root.path(), "livepatch_a").string();
  run_subcommand(machine.host, forms, {"list", "--json"});
  run_subcommand(machine.host, forms, {"status"});
  run_subcommand(machine.host, forms, {"status", "--json"});
  run_subcommand(machine.host, forms, {"info", file});
  run_subcommand(machine.host, forms, {"info", "--json", file});
  EXPECT_THAT(machine.said, ElementsAre("list", "text", "json", "info", "info json"));
}

} // namespace
} // namespace kpatch::runtime
