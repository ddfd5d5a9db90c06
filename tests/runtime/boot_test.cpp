// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/operations.h"
#include "runtime/pretended_host.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

/// What this program has brought to the disk, in place of the C library's function.
static std::vector<std::string> flushed; // NOLINT

extern "C" int fsync(int descriptor) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = readlink(link.c_str(), path, sizeof path);
  flushed.emplace_back(path, size > 0 ? static_cast<std::size_t>(size) : 0);
  return 0;
}

namespace kpatch::runtime {
namespace {

using testing::Contains;
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

TEST(Boot, BlamesWhatWasBeingLoadedWhenTheSystemDied) {
  Booting machine;
  for (int boot = 1; boot <= 2; ++boot) {
    EXPECT_THAT(machine.boot(), ElementsAre("load a.ko"));
    write_file(machine.places.installed / ".boot/6.1.0-test/b",
               "begun " + std::to_string(boot) + "\n"); // and the system died
  }
  EXPECT_THAT(machine.boot(), ElementsAre("load a.ko"));
  EXPECT_THAT(machine.boot(), ElementsAre("load a.ko")); // now nothing was begun
  EXPECT_THAT(machine.boot(), IsEmpty());
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

/// Asks what is on the disk when the module is given to the kernel.
struct DyingKernel : PretendedKernel {
  using PretendedKernel::PretendedKernel;
  std::vector<std::string> on_disk;
  int load_module(const std::filesystem::path& file) override {
    on_disk = flushed;
    return PretendedKernel::load_module(file);
  }
};

TEST(Boot, BringsTheNoteToTheDiskBeforeLoading) {
  Booting machine;
  DyingKernel kernel(machine.places);
  Host host{machine.places,     kernel,
            machine.host.say,   machine.host.warn,
            machine.host.guide, machine.host.progress};
  flushed.clear();
  load_at_boot(host);
  const std::string notes = machine.places.installed / ".boot" / machine.places.release;
  const auto is_note = [&](const std::string& path) {
    return path.starts_with(notes + "/a");
  };
  EXPECT_TRUE(std::ranges::any_of(kernel.on_disk, is_note));
  // Its name, and those of the directories that were made for it.
  EXPECT_THAT(kernel.on_disk, Contains(notes));
  EXPECT_THAT(kernel.on_disk, Contains(machine.places.installed / ".boot"));
  EXPECT_THAT(kernel.on_disk, Contains(machine.places.installed));
}

TEST(Boot, OddEntriesKeepNoOtherPatchOut) {
  Booting machine;
  const std::filesystem::path here = machine.places.installed_here();
  ASSERT_EQ(mkfifo((here / "1.ko").c_str(), 0600), 0);
  std::filesystem::create_symlink("/dev/zero", here / "2.ko");
  std::filesystem::create_symlink("/dev/tty", here / "3.ko.xz");
  std::filesystem::create_directory(here / "4.ko");
  write_file(here / "5.ko", "");
  std::filesystem::resize_file(here / "5.ko", std::uintmax_t{1} << 40);
  std::filesystem::create_symlink("absent", here / "6.ko");
  write_file(here / "7.ko", "");
  std::filesystem::permissions(here / "7.ko", std::filesystem::perms::none);
  EXPECT_THAT(machine.boot(), ElementsAre("load a.ko"));
  EXPECT_THAT(machine.warned, Contains(HasSubstr("1.ko: not a regular file")));
  EXPECT_THAT(machine.warned, Contains(HasSubstr("2.ko: not a regular file")));
  EXPECT_THAT(machine.warned, Contains(HasSubstr("5.ko: is larger than")));
  EXPECT_THAT(machine.warned, testing::SizeIs(7));
}

TEST(Boot, APipeInThePlaceOfANoteKeepsNobodyWaiting) {
  Booting machine;
  EXPECT_THAT(machine.boot(), ElementsAre("load a.ko"));
  std::filesystem::path note;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(machine.places.installed / ".boot"))
    if (entry.is_regular_file())
      note = entry.path();
  ASSERT_TRUE(std::filesystem::remove(note));
  ASSERT_EQ(mkfifo(note.c_str(), 0600), 0);
  confirm_boot(machine.host);
  EXPECT_TRUE(std::filesystem::is_fifo(note)); // it says nothing of an attempt
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
