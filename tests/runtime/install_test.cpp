// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/process.h"
#include "runtime/operations.h"
#include "runtime/pretended_host.h"
#include "runtime/upgrade.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::string_literals;
namespace fs = std::filesystem;

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error))
    names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

fs::path superseded(const PretendedHost& machine) {
  return machine.places.installed / ".superseded" / machine.places.release;
}

TEST(Install, CopiesTheFileToTheKernelsDirectory) {
  PretendedHost machine;
  const fs::path file = write_module(machine.root.path(), "livepatch-a");
  EXPECT_EQ(install_patch(machine.host, file.string()), 0);
  EXPECT_THAT(machine.said, ElementsAre("installing " + file.string() + " (6.1.0-test)"));
  EXPECT_THAT(names_in(machine.places.installed_here()), ElementsAre("livepatch-a.ko"));
  EXPECT_EQ(read_bytes(machine.places.installed_here() / "livepatch-a.ko"),
            read_bytes(file));
}

TEST(Install, TakesACompressedModule) {
  PretendedHost machine;
  for (const auto& [tool, suffix] :
       {std::pair("xz", ".xz"), std::pair("gzip", ".gz"), std::pair("zstd", ".zst")}) {
    const std::string name = "livepatch-"s + tool;
    const fs::path file = write_module(machine.root.path(), name);
    run_checked({.argv = {tool, "-q", file.string()}});
    install_patch(machine.host, file.string() + suffix);
    load_patch(machine.host, name);
    EXPECT_EQ(machine.kernel.calls.back(), "load " + name + ".ko" + suffix);
  }
}

TEST(Install, RefusesWithTheClassicWords) {
  PretendedHost machine;
  const std::string file = write_module(machine.root.path(), "a").string();
  const std::string text = (machine.root.path() / "text").string();
  write_file(text, "x");
  const auto install = [&](const std::string& what, const std::string& release = "") {
    return message_of([&] { install_patch(machine.host, what, release); });
  };
  EXPECT_EQ(install("/absent.ko"), "/absent.ko doesn't exist");
  EXPECT_EQ(install(text), text + " isn't a .ko file");
  EXPECT_EQ(install(file, "5.0"), "invalid module version 6.1.0-test for kernel 5.0");
  EXPECT_EQ(install(file), "");
  write_module(machine.root.path(), "a", "other=1\0"s);
  EXPECT_EQ(install(file), file + " is already installed");
}

TEST(Install, RefusesTheSameModuleUnderAnotherFileName) {
  PretendedHost machine;
  const fs::path file = write_module(machine.root.path(), "a");
  install_patch(machine.host, file.string());
  const fs::path renamed = machine.root.path() / "b.ko";
  fs::rename(file, renamed);
  EXPECT_THAT(message_of([&] { install_patch(machine.host, renamed.string()); }),
              HasSubstr("a.ko is the same module"));
}

TEST(Install, RefusesWhatIsNoLivePatchOrNoModule) {
  PretendedHost machine;
  const fs::path other = machine.root.path() / "other.ko";
  write_file(other,
             elf::write_object(module_object("vermagic=6.1.0-test SMP\0name=other"s)));
  EXPECT_THAT(message_of([&] { install_patch(machine.host, other.string()); }),
              HasSubstr("not a live patch"));
  const fs::path broken = machine.root.path() / "broken.ko";
  write_file(broken, "\177ELF");
  EXPECT_THROW(install_patch(machine.host, broken.string()), Error);
  EXPECT_THROW(install_patch(machine.host, other.string(), "../../etc"), Error);
  EXPECT_THAT(names_in(machine.places.installed), IsEmpty());
}

TEST(Install, EnablesTheBootServiceAndEndsWithItsStatus) {
  PretendedHost machine;
  const fs::path tool = machine.root.path() / "systemctl";
  write_file(tool, "#!/bin/sh\necho \"$@\" >$0.log\nexit 3\n", 0755);
  machine.places.systemctl = tool;
  machine.host.places = machine.places;
  const fs::path file = write_module(machine.root.path(), "a");
  EXPECT_EQ(install_patch(machine.host, file.string()), 3);
  EXPECT_EQ(read_text(tool.string() + ".log"), "enable kpatch.service\n");
  EXPECT_THAT(machine.warned, Contains(HasSubstr("not be loaded at boot")));
}

TEST(Uninstall, RemovesFileAndEmptyDirectories) {
  PretendedHost machine;
  write_module(machine.places.installed_here(), "livepatch-a");
  uninstall_patch(machine.host, "livepatch_a");
  EXPECT_THAT(machine.said, ElementsAre("uninstalling livepatch_a (6.1.0-test)"));
  EXPECT_FALSE(fs::exists(machine.places.installed));
  EXPECT_THAT(machine.warned, IsEmpty());
}

TEST(Uninstall, RefusesWithTheClassicWords) {
  PretendedHost machine;
  EXPECT_EQ(message_of([&] { uninstall_patch(machine.host, "./a.ko"); }),
            "please supply patch module name without path");
  EXPECT_EQ(message_of([&] { uninstall_patch(machine.host, "a", "5.0"); }),
            "a is not installed for kernel 5.0");
}

TEST(Uninstall, SaysThatThePatchIsLoaded) {
  PretendedHost machine;
  write_module(machine.places.installed_here(), "a");
  load_patch(machine.host, "a");
  uninstall_patch(machine.host, "a.ko");
  EXPECT_THAT(machine.warned, Contains(HasSubstr("stays in effect until the next boot")));
}

TEST(Install, OfTheSameBytesAgainIsNoError) {
  PretendedHost machine;
  const fs::path file = write_module(machine.root.path(), "a");
  EXPECT_EQ(install_patch(machine.host, file.string()), 0);
  EXPECT_EQ(install_patch(machine.host, file.string()), 0);
  EXPECT_EQ(machine.said.back(), file.string() + " is already installed (6.1.0-test)");
}

TEST(Install, OfAReplacingPatchSupersedesTheOthers) {
  PretendedHost machine;
  const auto make = [&](const std::string& name, const std::string& info) {
    return write_module(machine.root.path(), name, info).string();
  };
  install_patch(machine.host, make("z-v1", "replace=true\0"s));
  install_patch(machine.host, make("stacked", "replace=false\0"s));
  EXPECT_THAT(names_in(machine.places.installed_here()),
              ElementsAre("stacked.ko", "z-v1.ko"));
  install_patch(machine.host, make("a-v2", "replace=true\0"s));
  EXPECT_THAT(names_in(machine.places.installed_here()), ElementsAre("a-v2.ko"));
  EXPECT_THAT(machine.said, Contains("superseded: z_v1 (kept for rolling back)"));
  install_patch_beside(machine.host, make("b-v3", "replace=true\0"s), "", Others::kKept);
  EXPECT_THAT(names_in(machine.places.installed_here()),
              ElementsAre("a-v2.ko", "b-v3.ko"));
}

TEST(LoadAll, LoadsTheReplacingPatchBeforeThoseStackedOnIt) {
  PretendedHost machine;
  const fs::path here = machine.places.installed_here();
  write_module(here, "a", "replace=false\0"s);
  const fs::path newest = write_module(here, "b", "replace=true\0"s);
  const fs::path oldest = write_module(here, "c", "replace=true\0"s);
  fs::last_write_time(oldest, fs::last_write_time(newest) - std::chrono::hours(1));
  load_all_patches(machine.host);
  EXPECT_THAT(machine.kernel.calls, ElementsAre("load c.ko", "load b.ko", "load a.ko"));
}

/// v1 is installed and loaded; v2 is a file.
struct Upgrade : testing::Test {
  Upgrade() {
    machine.kernel.cumulative = {"v1", "v2"};
    upgrade_patch(machine.host,
                  write_module(machine.root.path(), "v1", "replace=true\0"s).string());
    v2 = write_module(machine.root.path(), "v2", "replace=true\0"s).string();
  }
  PretendedHost machine;
  std::string v2;
};

TEST_F(Upgrade, PutsTheNewPatchInThePlaceOfTheOld) {
  EXPECT_EQ(upgrade_patch(machine.host, v2), Exit::kSuccess);
  EXPECT_THAT(names_in(machine.places.installed_here()), ElementsAre("v2.ko"));
  EXPECT_THAT(names_in(machine.places.livepatch()), ElementsAre("v2"));
  EXPECT_THAT(names_in(machine.places.modules()), ElementsAre("v2"));
}

TEST_F(Upgrade, ChangesNothingIfThePatchCannotBeLoaded) {
  machine.kernel.load_answer = ENOEXEC;
  EXPECT_THROW(upgrade_patch(machine.host, v2), Error);
  EXPECT_THAT(names_in(machine.places.installed_here()), ElementsAre("v1.ko"));
  EXPECT_THAT(names_in(machine.places.livepatch()), ElementsAre("v1"));
  EXPECT_THAT(names_in(superseded(machine)), IsEmpty());
}

TEST_F(Upgrade, IsUndoneByRollingBackAlsoForTheNextBoot) {
  upgrade_patch(machine.host, v2);
  roll_back(machine.host);
  EXPECT_THAT(names_in(machine.places.installed_here()), ElementsAre("v1.ko"));
  EXPECT_THAT(names_in(machine.places.livepatch()), ElementsAre("v1"));
  EXPECT_THAT(names_in(superseded(machine)), ElementsAre("v2.ko"));
}

TEST_F(Upgrade, RefusesAPatchThatReplacesNothing) {
  const auto file = write_module(machine.root.path(), "s", "replace=false\0"s);
  EXPECT_THAT(message_of([&] { upgrade_patch(machine.host, file.string()); }),
              HasSubstr("does not replace"));
}

TEST(LoadAll, GoesInTheOrderOfVersionsAndPassesOverOtherReleases) {
  PretendedHost machine;
  for (const char* name : {"fix-v10", "fix-v9"})
    write_module(machine.places.installed_here(), name);
  write_file(
      machine.places.installed_here() / "old.ko",
      elf::write_object(module_object("livepatch=Y\0vermagic=5.9 SMP\0name=old"s)));
  load_all_patches(machine.host);
  EXPECT_THAT(machine.kernel.calls, ElementsAre("load fix-v9.ko", "load fix-v10.ko"));
  EXPECT_THAT(machine.warned, IsEmpty());
}

TEST(LoadAll, GoesOnAfterAFailure) {
  PretendedHost machine;
  write_file(write_module(machine.places.installed_here(), "a"), "damaged");
  write_module(machine.places.installed_here(), "b");
  EXPECT_EQ(message_of([&] { load_all_patches(machine.host); }),
            "1 patch module(s) could not be loaded");
  EXPECT_THAT(machine.kernel.calls, ElementsAre("load b.ko"));
}

} // namespace
} // namespace kpatch::runtime
