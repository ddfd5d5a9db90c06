// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kernel without livepatch code, whose patches kpatch.ko takes.
#include "runtime/core.h"
#include "runtime/installed.h"
#include "runtime/livepatch_state.h"
#include "runtime/operations.h"
#include "runtime/pretended_host.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::string_literals;
namespace fs = std::filesystem;

/// What is shown while there is no kpatch.ko is nothing.
struct WithoutLivepatch : PretendedHost {
  fs::path build = root.path() / "build";
  fs::path file = module("kpatch-a", "kpatch=Y\0depends=kpatch\0replace=true\0"s);
  fs::path core = module("kpatch", "");

  WithoutLivepatch() { fs::remove_all(places.livepatch()); }

  /// As kpatch-build makes it.
  fs::path module(const std::string& name, const std::string& info) {
    fs::create_directories(build);
    const fs::path path = build / (name + ".ko");
    write_file(path, elf::write_object(module_object("vermagic=6.1.0-test SMP\0"s + info +
                                                     "name=" + module_name(name))));
    return path;
  }

  void pretend_core_is_loaded() {
    fs::create_directories(places.modules() / kCore);
    fs::create_directories(places.sysfs / "kernel/kpatch");
  }
};

/// Loading kpatch.ko makes the directory that patches appear in.
struct KernelThatTakesTheCore : PretendedKernel {
  explicit KernelThatTakesTheCore(WithoutLivepatch& host)
      : PretendedKernel(host.places), machine(host) {}
  WithoutLivepatch& machine;

  int load_module(const fs::path& path) override {
    if (path.filename() != kCoreFile)
      return PretendedKernel::load_module(path);
    calls.push_back("load " + path.filename().string());
    machine.pretend_core_is_loaded();
    return 0;
  }
};

TEST(Core, IsLoadedBeforeAPatchThatNeedsIt) {
  WithoutLivepatch machine;
  KernelThatTakesTheCore kernel(machine);
  Host host{.places = machine.places,
            .kernel = kernel,
            .say = machine.host.say,
            .warn = machine.host.warn,
            .guide = machine.host.guide,
            .progress = machine.host.progress};
  EXPECT_EQ(load_patch(host, machine.file.string()), Exit::kSuccess);
  EXPECT_THAT(kernel.calls, ElementsAre("load kpatch.ko", "load kpatch-a.ko"));
  const std::optional<PatchState> patch = find_patch(machine.places, "kpatch_a");
  ASSERT_TRUE(patch);
  EXPECT_TRUE(patch->enabled);
  EXPECT_EQ(unload_patch(host, "kpatch_a"), Exit::kSuccess);
  EXPECT_FALSE(find_patch(machine.places, "kpatch_a"));
}

TEST(Core, IsMissedByNameIfItIsNotThere) {
  WithoutLivepatch machine;
  fs::remove(machine.core);
  EXPECT_THAT(message_of([&] { load_patch(machine.host, machine.file.string()); }),
              HasSubstr("it needs kpatch.ko, which is not beside it"));
  EXPECT_THAT(machine.kernel.calls, IsEmpty());
}

TEST(Core, OfAnotherKernelIsNotLoaded) {
  WithoutLivepatch machine;
  machine.host.places.release = machine.places.release = "6.2.0-test";
  EXPECT_THAT(message_of([&] { load_patch(machine.host, machine.file.string()); }),
              HasSubstr("kpatch.ko: built for kernel 6.1.0-test, but 6.2.0-test"));
}

TEST(Core, IsInstalledBesideThePatchAndIsNoneItself) {
  WithoutLivepatch machine;
  EXPECT_EQ(install_patch(machine.host, machine.file.string()), 0);
  const fs::path here = machine.places.installed_here();
  EXPECT_TRUE(fs::exists(here / kCoreFile));
  EXPECT_THAT(installed_modules(here), ElementsAre(here / "kpatch-a.ko"));
  uninstall_patch(machine.host, "kpatch-a");
  EXPECT_FALSE(fs::exists(here));
}

TEST(Core, NamesTheTasksThatAreInTheWay) {
  WithoutLivepatch machine;
  machine.pretend_core_is_loaded();
  machine.kernel.add_patch("kpatch_a", true);
  machine.add_stalled_task("197", "cat", "[<0>] pipe_read+0x1/0x9\n");
  machine.add_stalled_task("198", "other", "");
  write_file(machine.places.livepatch() / "kpatch_a/blockers",
             std::string_view("197 cat pipe_read\n"));
  const std::vector<StalledTask> tasks =
      find_stalled_tasks(machine.places, *find_patch(machine.places, "kpatch_a"));
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].id, "197");
  EXPECT_EQ(tasks[0].command, "cat");
}

TEST(Core, TellsItsPatchesFromOtherModules) {
  WithoutLivepatch machine;
  machine.pretend_core_is_loaded();
  for (const char* name : {"kpatch_a", "other"}) {
    fs::create_directories(machine.places.modules() / name);
    write_file(machine.places.modules() / name / "taint", std::string_view("OE\n"));
  }
  fs::create_directories(machine.places.modules() / kCore / "holders/kpatch_a");
  EXPECT_EQ(is_livepatch_module(machine.places, "kpatch_a"), true);
  EXPECT_EQ(is_livepatch_module(machine.places, "other"), false);
}

TEST(Core, GivesWayToTheKernelsOwnLivepatchCode) {
  PretendedHost machine;
  fs::create_directories(machine.places.sysfs / "kernel/kpatch");
  EXPECT_EQ(machine.places.livepatch(), machine.places.sysfs / "kernel/livepatch");
}

} // namespace
} // namespace kpatch::runtime
