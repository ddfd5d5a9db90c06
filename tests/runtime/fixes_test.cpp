// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/fixes.h"
#include "runtime/pretended_host.h"

#include <gtest/gtest.h>

namespace kpatch::runtime {
namespace {

constexpr const char* kId = "CVE-2026-1111";

/// As the kernel shows the note of a loaded module.
void add_note(const PretendedHost& machine, const std::string& patch,
              const elf::ModuleInfo& info) {
  const auto notes = machine.places.modules() / patch / "notes";
  std::filesystem::create_directories(notes);
  write_file(notes / ".note.kpatch", elf::make_patch_note(info, std::endian::native));
}

FixAnswer ask(const PretendedHost& machine, const std::string& cve = kId) {
  return find_fix(read_status(machine.places), cve);
}

TEST(Fixes, AreThoseOfALoadedPatch) {
  PretendedHost machine;
  EXPECT_EQ(ask(machine).fixed, Fixed::kNo);
  machine.kernel.add_patch("fix", false);
  add_note(machine, "fix", {{"cve", "CVE-2026-2222"}, {"cve", kId}});
  EXPECT_EQ(ask(machine).fixed, Fixed::kYes);
  EXPECT_EQ(ask(machine).patch, "fix");
  EXPECT_EQ(ask(machine, "cve-2026-2222").fixed, Fixed::kYes);
  EXPECT_EQ(ask(machine, "CVE-2026-22222").fixed, Fixed::kNo);
}

TEST(Fixes, AreUnknownWhereAPatchTellsNothing) {
  PretendedHost machine;
  machine.kernel.add_patch("classic", false);
  EXPECT_EQ(ask(machine).fixed, Fixed::kUnknown);
  EXPECT_EQ(ask(machine).patch, "classic");
  machine.kernel.add_patch("fix", false);
  add_note(machine, "fix", {{"cve", kId}});
  EXPECT_EQ(ask(machine).fixed, Fixed::kYes);
}

TEST(Fixes, AreNotInEffectWhileTasksRunTheOldCode) {
  PretendedHost machine;
  machine.kernel.add_patch("fix", true);
  add_note(machine, "fix", {{"cve", kId}});
  EXPECT_EQ(ask(machine).fixed, Fixed::kNo);
  EXPECT_EQ(effective_version(read_status(machine.places)), "6.1.0-test");
}

TEST(Fixes, AreNotInEffectWithoutTracing) {
  PretendedHost machine;
  machine.kernel.add_patch("fix", false);
  add_note(machine, "fix", {{"cve", kId}});
  std::filesystem::create_directories(machine.places.proc / "sys/kernel");
  write_file(machine.places.proc / "sys/kernel/ftrace_enabled", "0\n");
  EXPECT_EQ(ask(machine).fixed, Fixed::kNo);
}

TEST(Fixes, AreFoundWithoutTheZerosOfTheNumber) {
  PretendedHost machine;
  EXPECT_EQ(ask(machine, "CVE-2026-1").fixed, Fixed::kNo);
  machine.kernel.add_patch("fix", false);
  add_note(machine, "fix", {{"cve", "CVE-2026-0001"}});
  EXPECT_EQ(ask(machine, "CVE-2026-1").fixed, Fixed::kYes);
  EXPECT_EQ(ask(machine, "CVE-2026-1").cve, "CVE-2026-0001");
  EXPECT_EQ(ask(machine, "CVE-2026-10").fixed, Fixed::kNo);
}

TEST(Fixes, AreAskedForByCveId) {
  PretendedHost machine;
  for (const char* id : {"", "2026-1111", "CVE-26-1111", "CVE-2026-1111x"})
    try {
      ask(machine, id);
      ADD_FAILURE() << id;
    } catch (const Error& error) {
      EXPECT_EQ(error.exit(), kUnknownFix);
    }
}

TEST(EffectiveVersion, NamesWhatIsInForce) {
  PretendedHost machine;
  machine.kernel.add_patch("fix", false);
  add_note(machine, "fix", {{"version", "2.1"}});
  EXPECT_EQ(effective_version(read_status(machine.places)), "6.1.0-test+2.1");
  machine.kernel.add_patch("other", false);
  EXPECT_EQ(effective_version(read_status(machine.places)), "6.1.0-test+2.1+other");
}

} // namespace
} // namespace kpatch::runtime
