// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "cache/cache_upkeep.h"
#include "distro/package_unpack.h"
#include "distro/rpm.h"
#include "distro/rpm_packages.h"
#include "scratch.h"

#include <cstdlib>
#include <sys/stat.h>

namespace kpatch::distro {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kRelease = "5.14.0-427.el9.x86_64";

TEST(RpmNames, DependOnTheKernel) {
  EXPECT_EQ(rpm_names("5.14.0-427.el9.x86_64").source, "kernel");
  EXPECT_EQ(rpm_names("4.14.0-115.el7a.ppc64le").source, "kernel-alt");
  EXPECT_EQ(rpm_names("4.14.0-115.el7a.ppc64le").binary, "kernel");
  EXPECT_EQ(rpm_names("5.15.0-200.131.27.el9uek.x86_64").binary, "kernel-uek");
  EXPECT_EQ(rpm_names("6.1.10-1.ph5").binary, "linux");
}

class RpmKernel : public testing::Test {
 protected:
  RpmKernel() : path_(std::getenv("PATH")) {}
  ~RpmKernel() override { setenv("PATH", path_.c_str(), 1); }

  /// A dnf that has no package and says so.
  void pretend_dnf() {
    pretend_dnf(scratch_.file("programs/dnf",
                              "#!/bin/sh\necho \"No package $* available\" >&2\n"
                              "exit 1\n"));
  }
  void pretend_dnf(const fs::path& program) {
    fs::permissions(program, fs::perms::owner_all);
    setenv("PATH", ((scratch_ / "programs").string() + ":" + path_).c_str(), 1);
  }
  Error complaint(bool is_offline) {
    const RpmRepositories repositories(scratch_ / "downloads", is_offline);
    try {
      unpack_rpm_kernel(repositories, kRelease, scratch_ / "root",
                        [](const std::string&) {});
    } catch (const Error& error) {
      return error;
    }
    return Error("no complaint");
  }

  Scratch scratch_;

 private:
  std::string path_;
};

TEST_F(RpmKernel, IsNotFetchedOffline) {
  pretend_dnf();
  const Error error = complaint(true);
  EXPECT_THAT(error.what(),
              StartsWith("kernel-debuginfo-5.14.0-427.el9.x86_64 not installed: "
                         "kernel-debuginfo-5.14.0-427.el9.x86_64.rpm: not in "));
  EXPECT_THAT(error.remedy(),
              StartsWith("dnf debuginfo-install kernel-5.14.0-427.el9.x86_64"));
  EXPECT_FALSE(fs::exists(scratch_ / "downloads"));
}

TEST_F(RpmKernel, IsNamedWithTheCommandIfItIsNotServed) {
  pretend_dnf();
  const std::string text = complaint(false).what();
  EXPECT_THAT(text, HasSubstr("the repositories do not serve this version (tried: dnf "
                              "download --destdir "));
  EXPECT_THAT(text, HasSubstr("*debug*"));
  EXPECT_THAT(text, HasSubstr("No package download"));
}

TEST_F(RpmKernel, MayBeOnePackage) {
  // A cpio archive without the header of a package will do.
  scratch_.file("debug/usr/lib/debug/x", "");
  scratch_.file("kernel/lib/modules/x", "");
  fs::create_directories(scratch_ / "downloads");
  const auto pack = [&](const std::string& folder, const std::string& name) {
    const std::string command = "cd '" + (scratch_ / folder).string() +
                                "' && find . | cpio --quiet -o -H newc > '" +
                                (scratch_ / "downloads" / name).string() +
                                "-5.14.0-427.el9.x86_64.rpm'";
    ASSERT_EQ(std::system(command.c_str()), 0);
  };
  pack("debug", "kernel-debuginfo");
  EXPECT_THAT(complaint(true).what(), StartsWith("kernel-5.14.0-427.el9.x86_64 not "
                                                 "installed: "));
  pack("kernel", "kernel");
  EXPECT_STREQ(complaint(true).what(), "no complaint");
  EXPECT_TRUE(fs::exists(scratch_ / "root/usr/lib/debug/x"));
  EXPECT_TRUE(fs::exists(scratch_ / "root/lib/modules/x"));
}

TEST_F(RpmKernel, IsSealedWithItsPackages) {
  const std::string vmlinux =
      std::string("usr/lib/debug/lib/modules/") + kRelease + "/vmlinux";
  scratch_.file("served/" + vmlinux, "kernel");
  pretend_dnf(
      scratch_.file("programs/dnf",
                    "#!/bin/sh\nwhile [ \"$1\" != --destdir ]; do shift; done\n"
                    "for package; do :; done\ncase $package in *-core-*) exit 1;; esac\n"
                    "cd '" +
                        (scratch_ / "served").string() +
                        "' && find . | cpio --quiet -o -H newc >\"$2/$package.rpm\"\n"));
  const fs::path cache = scratch_ / "cache";
  scratch_.file("cache/downloads/kernel-5.14.0-427.el9.src.rpm", "none, which ends it");
  EXPECT_THROW(rpm_target({.release = kRelease, .cache = cache}), Error);
  EXPECT_THAT(cache::verify_cache(cache), testing::IsEmpty());

  const std::string root = std::string("kernels/") + kRelease + "_rpm";
  const std::string package = std::string("downloads/kernel-debuginfo-") + kRelease;
  scratch_.file("cache/" + root + "/" + vmlinux, "another kernel");
  scratch_.file("cache/" + package + ".rpm", "another package");
  EXPECT_THAT(cache::verify_cache(cache),
              testing::UnorderedElementsAre(StartsWith(root + ": "),
                                            StartsWith(package + ".rpm: ")));
}

/// Archives as nobody packs them.
class HostilePackage : public testing::Test {
 protected:
  static constexpr unsigned kFile = 0100644;
  static constexpr unsigned kLink = 0120777;

  void add(const std::string& name, unsigned mode, const std::string& content) {
    const auto pad = [&] { bytes_.append((4 - bytes_.size() % 4) % 4, '\0'); };
    bytes_ +=
        fmt::format("070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}"
                    "{:08x}{:08x}{:08x}{:08x}",
                    1, mode, 0, 0, 1, 0, content.size(), 0, 0, 0, 0, name.size() + 1, 0);
    bytes_ += name + '\0';
    pad();
    bytes_ += content;
    pad();
  }
  void unpack() {
    add("TRAILER!!!", 0, "");
    scratch_.file("package", bytes_);
    fs::create_directories(scratch_ / "into");
    unpack_rpm(scratch_ / "package", scratch_ / "into");
  }

  Scratch scratch_;
  std::string bytes_;
};

TEST_F(HostilePackage, IsUnpackedIfItBehaves) {
  add("./usr/lib/file", kFile, "content");
  add("/etc/link", kLink, "../usr/lib/file");
  unpack();
  EXPECT_EQ(read_text(scratch_ / "into/etc/link"), "content");
}

TEST_F(HostilePackage, CannotTakeMemoryForANameOfGigabytes) {
  add("./a", kFile, "");
  bytes_.replace(bytes_.find("00000004", 94), 8, "c0000000"); // the size of the name
  try {
    unpack();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("damaged data")))
        << "it looked for all of the name";
  }
}

TEST_F(HostilePackage, CannotClimb) {
  add("./usr/../../evil", kFile, "x");
  EXPECT_THROW(unpack(), Error);
  EXPECT_FALSE(fs::exists(scratch_ / "evil"));
}

TEST_F(HostilePackage, CannotLeaveThroughALink) {
  add("./out", kLink, "..");
  add("./out/evil", kFile, "x");
  EXPECT_THROW(unpack(), Error);
  EXPECT_FALSE(fs::exists(scratch_ / "evil"));
}

TEST_F(HostilePackage, BringsNoSetUidBits) {
  add("./usr/bin/tool", kFile | 06111, "x");
  unpack();
  EXPECT_EQ(fs::status(scratch_ / "into/usr/bin/tool").permissions() & fs::perms::set_uid,
            fs::perms::none);
}

TEST_F(HostilePackage, BringsNoDevices) {
  constexpr unsigned kDevice = 0060666;
  add("./dev/disk", kDevice, "");
  EXPECT_THROW(unpack(), Error);
  EXPECT_FALSE(fs::exists(scratch_ / "into/dev/disk"));
}

/// A Debian package of the folder "tree", made by dpkg-deb.
class DebianPackage : public testing::Test {
 protected:
  void SetUp() override {
    scratch_.file("tree/DEBIAN/control",
                  "Package: p\nVersion: 1\nArchitecture: all\n"
                  "Maintainer: m <m@example.org>\nDescription: d\n");
    scratch_.file("tree/usr/lib/modules/x", std::string(200'000, 'x'));
    fs::create_symlink("modules/x", scratch_ / "tree/usr/lib/link");
  }
  void unpack() {
    const fs::path package = scratch_ / "p.deb";
    run_checked({.argv = {"dpkg-deb", "--root-owner-group", "-b",
                          (scratch_ / "tree").string(), package.string()}});
    unpack_deb(package, scratch_ / "into");
  }

  Scratch scratch_;
};

TEST_F(DebianPackage, IsUnpacked) {
  unpack();
  EXPECT_EQ(read_text(scratch_ / "into/usr/lib/link"), std::string(200'000, 'x'));
}

TEST_F(DebianPackage, BringsNeitherSetUidBitsNorPipes) {
  const fs::path tool = scratch_ / "tree/usr/lib/modules/x";
  fs::permissions(tool, fs::perms::set_uid, fs::perm_options::add);
  unpack();
  EXPECT_EQ(fs::status(scratch_ / "into/usr/lib/modules/x").permissions() &
                fs::perms::set_uid,
            fs::perms::none);
  ASSERT_EQ(mkfifo((scratch_ / "tree/usr/lib/pipe").c_str(), 0666), 0);
  EXPECT_THROW(unpack(), Error);
  EXPECT_FALSE(fs::exists(scratch_ / "into/usr/lib/pipe"));
}

TEST_F(DebianPackage, IsRefusedIfItIsNone) {
  scratch_.file("p.deb", "!<arch>\nnothing of that kind");
  EXPECT_THROW(unpack_deb(scratch_ / "p.deb", scratch_ / "into"), Error);
}

TEST_F(HostilePackage, IsRefusedWhenCutOff) {
  add("./file", kFile, std::string(1000, 'x'));
  bytes_.resize(500);
  scratch_.file("package", bytes_);
  fs::create_directories(scratch_ / "into");
  EXPECT_THROW(unpack_rpm(scratch_ / "package", scratch_ / "into"), Error);
  scratch_.file("package", "not an archive");
  EXPECT_THROW(unpack_rpm(scratch_ / "package", scratch_ / "into"), Error);
}

} // namespace
} // namespace kpatch::distro
