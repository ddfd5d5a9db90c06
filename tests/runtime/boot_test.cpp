// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/operations.h"
#include "runtime/pretended_host.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A system with one installed patch, which can be started again.
struct Booting : PretendedHost {
  Booting() { write_module(places.installed_here(), "a"); }

  /// What the kernel was asked to do on the way.
  std::vector<std::string> boot() {
    std::filesystem::remove_all(places.livepatch());
    std::filesystem::remove_all(places.modules());
    std::filesystem::create_directories(places.livepatch());
    kernel.calls.clear();
    warned.clear();
    load_at_boot(host);
    return kernel.calls;
  }
};

TEST(Boot, LoadsAtEveryBootThatEndsWell) {
  Booting machine;
  for (int boot = 0; boot < 5; ++boot) {
    EXPECT_THAT(machine.boot(), ElementsAre("load a.ko"));
    confirm_boot(machine.host);
  }
}

TEST(Boot, LeavesOutAPatchAfterTwoBootsThatDidNotEnd) {
  Booting machine;
  EXPECT_THAT(machine.boot(), ElementsAre("load a.ko"));
  EXPECT_THAT(machine.boot(), ElementsAre("load a.ko"));
  EXPECT_THAT(machine.boot(), IsEmpty());
  EXPECT_THAT(machine.warned, ElementsAre(HasSubstr("a is passed over")));
  confirm_boot(machine.host);
  EXPECT_THAT(machine.boot(), ElementsAre("load a.ko"));
}

TEST(Boot, LeavesOutAPatchThatFailedTwice) {
  Booting machine;
  machine.kernel.load_answer = ENOEXEC;
  for (int boot = 0; boot < 2; ++boot) {
    EXPECT_THAT(machine.boot(), ElementsAre("load a.ko"));
    confirm_boot(machine.host);
  }
  EXPECT_THAT(machine.boot(), IsEmpty());
  machine.kernel.load_answer = 0;
  load_patch(machine.host, "a"); // by hand
  EXPECT_THAT(machine.boot(), ElementsAre("load a.ko"));
}

TEST(Boot, TriesTheOthersAfterAFailure) {
  Booting machine;
  write_file(machine.places.installed_here() / "a.ko", "damaged");
  write_module(machine.places.installed_here(), "b");
  EXPECT_EQ(load_at_boot(machine.host), Exit::kError);
  EXPECT_THAT(machine.kernel.calls, ElementsAre("load b.ko"));
}

TEST(Boot, ObeysTheKernelCommandLine) {
  for (const char* line :
       {"quiet kpatch.disable ro\n", "kpatch.disable=1", "a b kpatch.enable=0"}) {
    Booting machine;
    std::filesystem::create_directories(machine.places.proc);
    write_file(machine.places.proc / "cmdline", line);
    EXPECT_THAT(machine.boot(), IsEmpty()) << line;
  }
  Booting machine;
  std::filesystem::create_directories(machine.places.proc);
  write_file(machine.places.proc / "cmdline", "xkpatch.disable kpatch.disabled=0");
  EXPECT_THAT(machine.boot(), ElementsAre("load a.ko"));
}

TEST(Boot, PassesOverOtherReleasesWithoutAWord) {
  Booting machine;
  machine.places.release = "6.1.0-other";
  machine.host.places = machine.places;
  write_module(machine.places.installed_here(), "a");
  EXPECT_THAT(machine.boot(), IsEmpty());
  EXPECT_THAT(machine.warned, IsEmpty());
}

} // namespace
} // namespace kpatch::runtime
