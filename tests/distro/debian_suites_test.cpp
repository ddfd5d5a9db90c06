// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernels of another release than the machine's: which one it is, and a small archive of
// it made here, which only lists in the cache know.
#include "base/error.h"
#include "distro/debian.h"
#include "distro/debian_archive.h"
#include "distro/debian_suites.h"
#include "small_archive.h"

namespace kpatch::distro {
namespace {

namespace fs = std::filesystem;

std::string codename(std::string_view kernel) {
  const DebianRelease* release = debian_release_of(kernel);
  return release ? std::string(release->codename) : "";
}

TEST(DebianRelease, IsToldByTheNameOfTheKernel) {
  EXPECT_EQ(codename("6.12.118+deb13-cloud-amd64"), "trixie");
  EXPECT_EQ(codename("6.12.90+deb13.1-amd64"), "trixie");
  EXPECT_EQ(codename("7.3.4+deb13-rt-amd64"), "trixie");
  EXPECT_EQ(codename("6.12.117+deb12-amd64"), "bookworm");
  EXPECT_EQ(codename("6.12.9+bpo-amd64"), "bookworm");
  EXPECT_EQ(codename("6.1.0-56-cloud-amd64"), "bookworm");
  EXPECT_EQ(codename("6.1.0-0.deb11.52-cloud-amd64"), "bullseye");
  EXPECT_EQ(codename("5.10.0-46-cloud-amd64"), "bullseye");
  EXPECT_EQ(codename("7.2.13+deb14-amd64"), "forky");
}

TEST(DebianRelease, IsUnknownWhereTheNameDoesNotTell) {
  EXPECT_EQ(codename("6.11.2-amd64"), "");
  EXPECT_EQ(codename("4.19.0-27-amd64"), "");
  EXPECT_EQ(codename("16.1.0-56-amd64"), "");
}

std::string fetched(std::string_view uri) {
  return fmt::format("'{}' name 0 \n", uri);
}

TEST(Mirrors, AreTheMachinesOwn) {
  const Mirrors mirrors = parse_mirrors(
      fetched("https://apt.example.org/pub/dists/bookworm-pgdg/InRelease") +
      fetched("mirror+file:/etc/apt/mirrors/debian.list/dists/bookworm/InRelease") +
      fetched("http://other.example.org/debian/dists/bookworm/InRelease") +
      fetched("http://flat.example.org/./InRelease") +
      fetched("http://m.example.org/security/dists/stable-security/InRelease"));
  EXPECT_EQ(mirrors.archive, "mirror+file:/etc/apt/mirrors/debian.list/");
  EXPECT_EQ(mirrors.security, "http://m.example.org/security/");
}

TEST(Mirrors, AreDebiansOnAnotherDistribution) {
  const Mirrors mirrors =
      parse_mirrors(fetched("http://archive.ubuntu.com/ubuntu/dists/noble/InRelease"));
  EXPECT_EQ(mirrors.archive, "http://deb.debian.org/debian/");
  EXPECT_EQ(mirrors.security, "http://deb.debian.org/debian-security/");
}

TEST(SuitesList, HasBothArchives) {
  const DebianRelease* release = debian_release_of("6.12.118+deb13-amd64");
  const std::string list = suites_list(
      *release, {.archive = "http://m/debian/", .security = "http://m/sec/"},
      {"http://s/debian/1/", "http://s/debian-security/2/"}, "amd64", "/keys.gpg");
  EXPECT_EQ(list, "Types: deb\nURIs: http://m/debian/\n"
                  "Suites: trixie trixie-updates trixie-backports\nComponents: main\n"
                  "Check-Valid-Until: no\nArchitectures: amd64\nSigned-By: /keys.gpg\n\n"
                  "Types: deb\nURIs: http://m/sec/\nSuites: trixie-security\n"
                  "Components: main\nCheck-Valid-Until: no\nArchitectures: amd64\n"
                  "Signed-By: /keys.gpg\n\n"
                  "Types: deb\nURIs: http://s/debian/1/\n"
                  "Suites: trixie trixie-updates trixie-backports\nComponents: main\n"
                  "Check-Valid-Until: no\nArchitectures: amd64\nSigned-By: /keys.gpg\n\n"
                  "Types: deb\nURIs: http://s/debian-security/2/\n"
                  "Suites: trixie-security\nComponents: main\nCheck-Valid-Until: no\n"
                  "Architectures: amd64\nSigned-By: /keys.gpg\n\n");
}

class OtherRelease : public SmallArchive {
 protected:
  DebianArchive archive(bool is_offline = false) const {
    return {cache() / "downloads", is_offline, release(is_offline)};
  }

  const std::string image_ = "linux-image-6.12.1+deb13-amd64";
};

TEST_F(OtherRelease, IsServedThoughTheMachineDoesNotKnowIt) {
  scratch_.file("security/pool/image.deb", "the image");
  add_suite("security", "trixie-security",
            entry(image_, "6.12.1-1", "pool/image.deb", "the image"));
  EXPECT_TRUE(served_versions({}, image_).empty());
  DebianArchive archive = this->archive();
  EXPECT_EQ(archive.find_newest_version(image_), "6.12.1-1");
  EXPECT_THAT(archive.names("linux-image-6."), testing::ElementsAre(image_));
  const fs::path file = archive.fetch(image_, "6.12.1-1");
  EXPECT_EQ(file.parent_path(), cache() / "downloads");
  EXPECT_EQ(read_text(file), "the image");
  EXPECT_FALSE(fs::is_symlink(file));
  // Nothing of the machine's was touched.
  EXPECT_TRUE(fs::is_empty(scratch_ / "apt/lists/partial"));
  EXPECT_TRUE(served_versions({}, image_).empty());
}

TEST_F(OtherRelease, IsThereOfflineOnceItWasFetched) {
  scratch_.file("archive/pool/image.deb", "the image");
  add_suite("archive", "trixie", entry(image_, "1", "pool/image.deb", "the image"));
  EXPECT_EQ(archive(true).find_newest_version(image_), "");
  EXPECT_FALSE(fs::exists(cache() / "apt"));
  EXPECT_EQ(archive().find_newest_version(image_), "1");
  const fs::path file = archive().fetch(image_, "1");
  fs::remove_all(scratch_ / "archive");
  EXPECT_EQ(archive(true).find_newest_version(image_), "1");
  EXPECT_EQ(archive(true).fetch(image_, "1"), file);
}

TEST_F(OtherRelease, DoesWithoutASuiteThatTheMirrorLacks) {
  add_suite("archive", "trixie", entry(image_, "1", "pool/image.deb", "the image"));
  fs::remove_all(scratch_ / "archive/dists/trixie-backports");
  EXPECT_EQ(archive().find_newest_version(image_), "1");
}

TEST_F(OtherRelease, IsAskedAgainForWhatItsOldListsDoNotHave) {
  EXPECT_EQ(archive().find_newest_version(image_), "");
  add_suite("archive", "trixie", entry(image_, "1", "pool/image.deb", "the image"));
  EXPECT_EQ(archive().find_newest_version(image_), ""); // fetched just now
  fs::last_write_time(cache() / "apt/trixie/fetched",
                      fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_EQ(archive().find_newest_version(image_), "1");
}

TEST_F(OtherRelease, ThatCannotBeReachedIsSaid) {
  fs::remove_all(scratch_ / "archive");
  fs::remove_all(scratch_ / "security");
  try {
    archive().newest_version(image_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.remedy(),
                testing::HasSubstr("see that the archive of Debian 13 (trixie) can be "
                                   "reached; apt says:\nE: "));
  }
}

TEST_F(OtherRelease, WhoseListsNameAFileThatItLacksIsSaid) {
  add_suite("archive", "trixie", entry(image_, "1", "pool/image.deb", "the image"));
  try {
    archive().fetch(image_, "1");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                testing::HasSubstr("linux-image-6.12.1+deb13-amd64 1: the lists of the "
                                   "archive name this version, but the archive does not "
                                   "have its file\nE: "));
    EXPECT_THAT(error.remedy(), testing::HasSubstr("--snapshot https://snapshot."));
  }
}

TEST_F(OtherRelease, HasWhatAnArchiveOfAnEarlierTimeHas) {
  add_suite("archive", "trixie", entry(image_, "1", "pool/gone.deb", "the image"));
  const std::string headers = "linux-headers-6.12.1+deb13-amd64";
  scratch_.file("then/pool/image.deb", "the image");
  scratch_.file("then/pool/headers.deb", "the headers");
  add_suite("then", "trixie",
            entry(image_, "1", "pool/image.deb", "the image") +
                entry(headers, "1", "pool/headers.deb", "the head3rs"));
  DebianArchive archive(
      cache() / "downloads", false,
      std::make_shared<ReleaseArchive>(
          release()->release(), cache(), false, nullptr,
          std::vector<std::string>{"file:" + (scratch_ / "then/").string()}));
  EXPECT_EQ(read_text(archive.fetch(image_, "1")), "the image");
  // Another file than the lists say is none.
  EXPECT_THROW(archive.fetch(headers, "1"), Error);
  EXPECT_FALSE(fs::exists(cache() / "apt/trixie"));
  // Without it everything is as it was.
  EXPECT_TRUE(this->archive().served(headers).empty());
}

TEST_F(OtherRelease, OfWhichOnlyTheImageIsLeftIsSaid) {
  add_suite(
      "archive", "trixie-backports",
      entry(image_, "6.12.1-1", "pool/image.deb", "x") +
          entry("linux-image-6.12.2+deb13-amd64", "6.12.2-1", "pool/i2.deb", "x") +
          entry("linux-headers-6.12.2+deb13-amd64", "6.12.2-1", "pool/h2.deb", "x"));
  try {
    debian_target({.release = "6.12.1+deb13-amd64", .cache = cache()});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "linux-image-6.12.1+deb13-amd64: the archive still serves the image of "
                 "this kernel, but no longer its headers and its source; served of 6.12 "
                 "amd64, the nearest: 6.12.2+deb13-amd64");
    EXPECT_THAT(error.remedy(), testing::HasSubstr("snapshot.debian.org"));
  }
  EXPECT_FALSE(fs::exists(cache() / "downloads"));
}

} // namespace
} // namespace kpatch::distro
