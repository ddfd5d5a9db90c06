// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
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

} // namespace
} // namespace kpatch::distro
