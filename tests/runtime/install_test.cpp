// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/process.h"
#include "runtime/operations.h"
#include "runtime/pretended_host.h"

#include <gtest/gtest.h>

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
    run_checked({
        .argv = {tool, "-q", file.string()}
    });
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
              HasSubstr("no live patch"));
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
