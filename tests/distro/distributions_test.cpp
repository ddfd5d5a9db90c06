// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/process.h"
#include "cache/cache_upkeep.h"
#include "distro/rpm.h"
#include "distro/ubuntu.h"
#include "scratch.h"

namespace kpatch::distro {
namespace {

TEST(SourceRpm, SaysByItsNameWhichKernelItIsOf) {
  const auto release = [](const char* name) {
    return release_of_source_rpm(name, "x86_64");
  };
  EXPECT_EQ(release("kernel-5.14.0-427.el9.src.rpm"), "5.14.0-427.el9.x86_64");
  EXPECT_EQ(release("kernel-alt-4.14.0-115.el7a.src.rpm"), "4.14.0-115.el7a.x86_64");
  EXPECT_EQ(release("linux-6.1.10-1.ph5.src.rpm"), "6.1.10-1.ph5");
  EXPECT_THROW(release("bash-5.1.src.rpm"), Error);
}

TEST(Distribution, IsToldFromTheRelease) {
  const auto is_rpm = [](const char* release) {
    return is_rpm_request({.release = release});
  };
  const auto is_ubuntu = [](const char* release) {
    return is_ubuntu_request({.release = release});
  };
  EXPECT_TRUE(is_rpm("5.14.0-427.el9.x86_64"));
  EXPECT_TRUE(is_rpm("6.8.9-300.fc40.aarch64"));
  EXPECT_FALSE(is_rpm("6.1.0-56-cloud-amd64"));
  EXPECT_TRUE(is_ubuntu("5.15.0-91-generic"));
  EXPECT_TRUE(is_ubuntu("6.5.0-1014-aws"));
  EXPECT_FALSE(is_ubuntu("6.1.0-56-amd64"));
  EXPECT_FALSE(is_ubuntu("6.1.0-56-cloud-amd64"));
  EXPECT_FALSE(is_ubuntu("6.12.117+deb12-cloud-amd64"));
}

TEST(SourceRpm, IsNamedWhenItIsNotToBeFetched) {
  const Scratch scratch;
  try {
    rpm_target(
        {.release = "5.14.0-427.el9.x86_64", .cache = scratch.path(), .offline = true});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                testing::StartsWith("kernel-5.14.0-427.el9.src.rpm: not in"));
    EXPECT_THAT(error.remedy(), testing::HasSubstr("-r"));
  }
}

/// A package as apt would have downloaded it, of what lies below its name.
void make_package(const Scratch& scratch, const std::string& name,
                  const std::string& version) {
  scratch.file(
      name + "/DEBIAN/control",
      fmt::format("Package: {}\nVersion: {}\nArchitecture: amd64\nSource: linux\n"
                  "Maintainer: Test <test@example.org>\nDescription: test\n",
                  name, version));
  const std::string file = fmt::format("cache/downloads/{}_{}_amd64.deb", name, version);
  std::filesystem::create_directories(scratch / "cache/downloads");
  run_checked({.argv = {"dpkg-deb", "-Znone", "--root-owner-group", "-b",
                        (scratch / name).string(), (scratch / file).string()}});
}

TEST(UbuntuKernel, IsSealed) {
  if (find_program("dpkg-deb").empty())
    GTEST_SKIP() << "dpkg-deb is not installed";
  const Scratch scratch;
  const std::string release = "5.15.0-91-generic";
  const std::string version = "5.15.0-91.101";
  const std::string debug = "linux-image-" + release + "-dbg";
  scratch.file(debug + "/usr/lib/debug/boot/vmlinux-" + release, "kernel");
  for (const std::string& name : {"linux-headers-" + release, debug})
    make_package(scratch, name, version);
  // Its source is not here.
  EXPECT_THROW(
      ubuntu_target({.release = release, .cache = scratch / "cache", .offline = true}),
      Error);
  EXPECT_THAT(cache::verify_cache(scratch / "cache"), testing::IsEmpty());

  const std::string kernel = "kernels/" + release + "_" + version;
  scratch.file("cache/" + kernel + "/debug/usr/lib/debug/boot/vmlinux-" + release,
               "other");
  scratch.file("cache/" + kernel + "/headers/usr/src/new", "");
  EXPECT_THAT(cache::verify_cache(scratch / "cache"),
              testing::UnorderedElementsAre(testing::StartsWith(kernel + "/debug: "),
                                            testing::StartsWith(kernel + "/headers: ")));
}

} // namespace
} // namespace kpatch::distro
