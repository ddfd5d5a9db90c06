// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "rehearse/kernel_files.h"
#include "rehearse/rehearsal_options.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::rehearse {
namespace {

using testing::ElementsAre;

TEST(RehearsalOptions, AreReadInAnyOrder) {
  const RehearsalCall call = parse_rehearsal_call(
      {"a.ko",     "--kernel",  "6.1.0-1", "--check=c.sh",   "--with",   "ip_vs",
       "b.ko",     "--with",    "x.ko",    "--cycles",       "3",        "--each",
       "--cpus",   "1",         "--kvm",   "--program",      "/bin/p",   "--json",
       "r.json",   "--timeout", "30",      "--append",       "a=b",      "--late",
       "--append", "c",         "--cpu",   "Skylake-Server", "--report", "r.html"});
  EXPECT_EQ(call.report, "r.html");
  EXPECT_EQ(call.request.cpu_model, "Skylake-Server");
  EXPECT_EQ(call.request.release, "6.1.0-1");
  EXPECT_EQ(call.request.check, "c.sh");
  EXPECT_THAT(call.request.with, ElementsAre("ip_vs", "x.ko"));
  EXPECT_THAT(call.request.patches, ElementsAre("a.ko", "b.ko"));
  EXPECT_EQ(call.request.cycles, 3U);
  EXPECT_TRUE(call.request.each);
  EXPECT_EQ(call.request.cpus, 1U);
  EXPECT_TRUE(call.request.kvm);
  EXPECT_THAT(call.request.programs, ElementsAre("/bin/p"));
  EXPECT_THAT(call.request.kernel_arguments, ElementsAre("a=b", "c"));
  EXPECT_TRUE(call.request.late);
  EXPECT_EQ(call.json, "r.json");
  EXPECT_DOUBLE_EQ(call.request.timeout_seconds, 30);
}

TEST(RehearsalOptions, SayWhereProgramsOfTheGuestAre) {
  EXPECT_EQ(
      parse_rehearsal_call({"--guest-programs", "g", "a.ko"}).request.guest_programs,
      "g");
}

TEST(RehearsalOptions, RefuseWrongCalls) {
  EXPECT_THROW(parse_rehearsal_call({}), Error);
  EXPECT_THROW(parse_rehearsal_call({"--cycles", "0", "a.ko"}), Error);
  EXPECT_THROW(parse_rehearsal_call({"--cycles", "2x", "a.ko"}), Error);
  EXPECT_THROW(parse_rehearsal_call({"--cpus", "0", "a.ko"}), Error);
  EXPECT_THROW(parse_rehearsal_call({"--vmlinuz", "v", "a.ko"}), Error);
  EXPECT_TRUE(parse_rehearsal_call({"--help"}).wants_help);
}

void add_kernel(const std::filesystem::path& root, const std::string& modules) {
  std::filesystem::create_directories(root / "boot");
  std::filesystem::create_directories(root / modules / "rel");
  write_file(root / "boot/vmlinuz-rel", std::string_view("x"));
}

TEST(KernelFiles, AreFoundInTheCacheBeforeTheSystem) {
  const TempDir cache("kpatch-test-");
  const TempDir root("kpatch-test-");
  add_kernel(root.path(), "usr/lib/modules");
  EXPECT_EQ(find_kernel_files("rel", cache.path(), root.path()).modules_root,
            root.path() / "usr");

  const auto image = cache.path() / "kernels/rel_1.2-3/image";
  add_kernel(image, "lib/modules");
  const KernelFiles files = find_kernel_files("rel", cache.path(), root.path());
  EXPECT_EQ(files.vmlinuz, image / "boot/vmlinuz-rel");
  EXPECT_EQ(files.modules_root, image);
  EXPECT_THROW(find_kernel_files("other", cache.path(), root.path()), Error);
}

TEST(KernelFiles, MayHaveAnImageThatIsNotCompressed) {
  const TempDir root("kpatch-test-");
  std::filesystem::create_directories(root.path() / "lib/modules/rel");
  std::filesystem::create_directories(root.path() / "boot");
  write_file(root.path() / "boot/vmlinux-rel", std::string_view("x"));
  EXPECT_EQ(find_kernel_files("rel", {}, root.path()).vmlinuz,
            root.path() / "boot/vmlinux-rel");
}

TEST(KernelFiles, OfRpmPackagesAreFoundBesideTheirModules) {
  const TempDir cache("kpatch-test-");
  const auto folder = cache.path() / "kernels/5.14.0-1.el9.x86_64_rpm";
  const auto modules = folder / "usr/lib/modules/5.14.0-1.el9.x86_64";
  std::filesystem::create_directories(modules);
  write_file(modules / "vmlinuz", std::string_view("x"));
  const KernelFiles files =
      find_kernel_files("5.14.0-1.el9.x86_64", cache.path(), "/nonexistent");
  EXPECT_EQ(files.vmlinuz, modules / "vmlinuz");
  EXPECT_EQ(files.modules_root, folder / "usr");
}

} // namespace
} // namespace kpatch::rehearse
