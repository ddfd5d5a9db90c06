// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/process.h"
#include "runtime/after_reboot.h"
#include "runtime/pretended_host.h"
#include "runtime/status.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kChangelog =
    R"(linux-signed-amd64 (6.1.192+3) bookworm; urgency=high

  * Sign kernel from linux 6.1.192-3

  * nfsd: preflight SEQUENCE replies (CVE-2026-1111)

 -- Somebody <somebody@test.example>  Thu, 26 Nov 2026 18:12:56 +0100

linux (6.1.192-2) bookworm; urgency=high

  * ext4: fix NULL folio dereference
    (CVE-2026-2222)

 -- Somebody <somebody@test.example>  Mon, 16 Nov 2026 11:17:40 +0100
)";

/// The machine runs 6.1.0-test, of which it has the modules.
struct Machine : PretendedHost {
  Machine() { install(places.release); }
  void install(const std::string& release) const {
    fs::create_directories(places.trees / release / "kernel");
  }
  void add_changelog(const std::string& release) const {
    const fs::path folder = places.docs / ("linux-image-" + release);
    fs::create_directories(folder);
    write_file(folder / "changelog", std::string_view(kChangelog));
    run_checked({.argv = {"gzip", "-n", (folder / "changelog").string()}});
  }
  void run_version(const std::string& version) const {
    fs::create_directories(places.proc);
    write_file(places.proc / "version",
               "Linux version 6.1.0-test (a@b) (gcc (Debian 12.2.0-14) 12.2.0) #1 SMP "
               "Debian " +
                   version + " (2026-11-16)\n");
  }
};

elf::ModuleInfo that_fixes(std::initializer_list<const char*> ids) {
  elf::ModuleInfo info;
  for (const char* id : ids)
    info.emplace_back("cve", id);
  return info;
}

TEST(NextKernel, IsTheNewestThatIsInstalled) {
  Machine machine;
  EXPECT_FALSE(find_next_kernel(machine.places));
  machine.install("6.1.0-old"); // comes before 6.1.0-test
  fs::create_directories(machine.places.trees / "9.9.9-1-headers-alone");
  EXPECT_FALSE(find_next_kernel(machine.places));
  machine.install("6.12.9-test");
  machine.install("6.12.10-test");
  EXPECT_EQ(find_next_kernel(machine.places)->release, "6.12.10-test");
  EXPECT_FALSE(find_next_kernel(machine.places)->fixed);
}

TEST(NextKernel, FixesWhatItsChangelogNames) {
  Machine machine;
  machine.install("6.2.0-test");
  machine.add_changelog("6.2.0-test");
  EXPECT_THAT(*find_next_kernel(machine.places)->fixed,
              ElementsAre("CVE-2026-1111", "CVE-2026-2222"));
}

TEST(NextKernel, MayHaveTheReleaseOfTheOneThatRuns) {
  Machine machine;
  machine.add_changelog(machine.places.release);
  EXPECT_FALSE(find_next_kernel(machine.places)); // which one runs is not known
  machine.run_version("6.1.192-3");
  EXPECT_FALSE(find_next_kernel(machine.places));
  for (const char* older : {"6.1.192-2", "6.1.19", "6.1.192"}) {
    machine.run_version(older);
    ASSERT_TRUE(find_next_kernel(machine.places)) << older;
    EXPECT_EQ(find_next_kernel(machine.places)->release, "6.1.0-test");
  }
}

TEST(AfterReboot, APatchIsObsoleteIfAllItFixesIsThere) {
  const NextKernel next{"6.2", std::set<std::string>{"CVE-2026-1111", "CVE-2026-2222"}};
  EXPECT_EQ(after_reboot(next, that_fixes({"CVE-2026-2222"})).is_obsolete, true);
  const AfterReboot after =
      after_reboot(next, that_fixes({"CVE-2026-1111", "CVE-2026-3333"}));
  EXPECT_EQ(after.is_obsolete, false);
  EXPECT_THAT(after.missing, ElementsAre("CVE-2026-3333"));
}

TEST(AfterReboot, IsNotKnownWhereNothingTells) {
  EXPECT_EQ(after_reboot({"6.2", std::set<std::string>{}}, {}).is_obsolete, std::nullopt);
  const AfterReboot after =
      after_reboot({"6.2", std::nullopt}, that_fixes({"CVE-2026-1111"}));
  EXPECT_EQ(after.is_obsolete, std::nullopt);
  EXPECT_THAT(after.missing, IsEmpty());
  EXPECT_NE(after.unknown, "");
}

TEST(AfterReboot, IsPartOfTheStatusOfPatchesInForce) {
  Machine machine;
  machine.kernel.add_patch("fix", false);
  const fs::path notes = machine.places.modules() / "fix/notes";
  fs::create_directories(notes);
  write_file(notes / ".note.kpatch",
             elf::make_patch_note(that_fixes({"CVE-2026-1111"}), std::endian::native));
  EXPECT_FALSE(read_status(machine.places).patches.at(0).after_reboot);
  machine.install("6.2.0-test");
  machine.add_changelog("6.2.0-test");
  const SystemStatus status = read_status(machine.places);
  ASSERT_TRUE(status.patches.at(0).after_reboot);
  EXPECT_EQ(status.patches[0].after_reboot->kernel, "6.2.0-test");
  EXPECT_EQ(status.patches[0].after_reboot->is_obsolete, true);
}

} // namespace
} // namespace kpatch::runtime
