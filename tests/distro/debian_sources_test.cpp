// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lists of archives, and a real apt with an archive of one source package made here.
#include "base/error.h"
#include "base/sha256.h"
#include "distro/debian_sources.h"
#include "scratch.h"

#include <cstdlib>
#include <utility>
#include <vector>

namespace kpatch::distro {
namespace {

namespace fs = std::filesystem;

TEST(SourceList, HasTheLinesOfTheArchiveTurnedToSources) {
  EXPECT_EQ(source_list("# deb http://a.org/debian x main\n"
                        "deb http://a.org/debian x main\n"
                        "deb [signed-by=/k.gpg arch=amd64] http://a.org/debian/ y main\n"
                        "deb http://a.org/debian-other x main\n"
                        "deb-src http://a.org/debian x main\n"
                        "debugging http://a.org/debian x main",
                        ListStyle::kLines, "http://a.org/debian/pool/l/linux.deb"),
            "deb-src http://a.org/debian x main\n"
            "deb-src [signed-by=/k.gpg arch=amd64] http://a.org/debian/ y main\n");
}

TEST(SourceList, HasParagraphsWithAllTheirFields) {
  EXPECT_EQ(source_list("Types: deb\nURIs: https://b.org\nSuites: x\n\n"
                        "Types: deb deb-src\nURIs: http://c.org http://a.org/debian\n"
                        "Signed-By:\n -----BEGIN-----\n .\n",
                        ListStyle::kParagraphs, "http://a.org/debian/pool/l/linux.deb"),
            "Types: deb-src\nURIs: http://c.org http://a.org/debian\n"
            "Signed-By:\n -----BEGIN-----\n .\n\n");
}

TEST(SourceList, HasEverythingWhereTheArchiveIsNotKnown) {
  EXPECT_EQ(source_list("deb http://a.org x main\n", ListStyle::kLines, ""),
            "deb-src http://a.org x main\n");
  EXPECT_EQ(source_list("", ListStyle::kLines, ""), "");
}

class SourceArchive : public testing::Test {
 protected:
  void SetUp() override {
    if (find_program("apt-get").empty())
      GTEST_SKIP() << "apt-get is not installed";
    make_archive();
    // Apt as it is set up on a machine that knows binary packages only.
    for (const char* directory :
         {"apt/lists/partial", "apt/cache/archives/partial", "apt/parts", "into"})
      fs::create_directories(scratch_ / directory);
    scratch_.file("apt/status", "");
    scratch_.file("apt/sources.list", fmt::format("deb [trusted=yes] file:{} ./\n",
                                                  (scratch_ / "archive").string()));
    const fs::path apt = scratch_ / "apt";
    const fs::path config = scratch_.file(
        "apt/apt.conf", fmt::format("Dir::Etc::sourcelist \"{0}/sources.list\";\n"
                                    "Dir::Etc::sourceparts \"{0}/parts\";\n"
                                    "Dir::State::lists \"{0}/lists\";\n"
                                    "Dir::State::status \"{0}/status\";\n"
                                    "Dir::Cache \"{0}/cache\";\n",
                                    apt.string()));
    setenv("APT_CONFIG", config.c_str(), 1);
    run_checked({.argv = {"apt-get", "-q", "update"}});
  }
  void TearDown() override { unsetenv("APT_CONFIG"); }

  using Files = std::vector<std::pair<std::string_view, std::string_view>>;

  void add_source(std::string_view version, const Files& files) {
    std::string sums;
    for (const auto& [name, text] : files) {
      scratch_.file(fmt::format("archive/{}", name), text);
      sums += fmt::format(" {} {} {}\n", sha256(text), text.size(), name);
    }
    sources_ += fmt::format("Package: linux\nFormat: 3.0 (quilt)\nBinary: linux-source\n"
                            "Architecture: all\nVersion: {}\nDirectory: .\n"
                            "Checksums-Sha256:\n{}\n",
                            version, sums);
    scratch_.file("archive/Sources", sources_);
  }

  /// Source package linux 1:6.1-2 and the list of a binary package made of it.
  void make_archive() {
    add_source("1:6.1-2", files_);
    scratch_.file(
        "archive/Packages",
        fmt::format("Package: linux-source\nVersion: 1:6.1-2\nArchitecture: all\n"
                    "Source: linux\nFilename: ./linux-source.deb\nSize: 1\n"
                    "SHA256: {}\n\n",
                    sha256("")));
  }

  const Files files_ = {{"linux_6.1-2.dsc", "Source: linux\n"},
                        {"linux_6.1.orig.tar.xz", "the original"},
                        {"linux_6.1-2.debian.tar.xz", "the patches"}};
  const SourcePackage linux_{.name = "linux", .version = "1:6.1-2"};
  Scratch scratch_;
  std::string sources_;
};

TEST_F(SourceArchive, ServesWhatTheDistributionAdds) {
  download_source({}, linux_, SourceParts::kPackaging, "linux-source=1:6.1-2",
                  scratch_ / "into");
  EXPECT_EQ(read_text(scratch_ / "into/linux_6.1-2.debian.tar.xz"), "the patches");
  EXPECT_FALSE(fs::exists(scratch_ / "into/linux_6.1.orig.tar.xz"));
  // The machine's own lists are as they were.
  EXPECT_NE(run({.argv = {"apt-get", "source", "--print-uris", "linux"}}).status, 0);
}

TEST_F(SourceArchive, ServesAllParts) {
  download_source({}, linux_, SourceParts::kAll, "linux-source=1:6.1-2",
                  scratch_ / "into");
  for (const auto& [name, text] : files_)
    EXPECT_EQ(read_text(scratch_ / "into" / name), text);
}

TEST_F(SourceArchive, SaysWhatItDoesNotServe) {
  try {
    download_source({}, {.name = "linux", .version = "6.0-1"}, SourceParts::kPackaging,
                    "linux-source=6.0-1", scratch_ / "into");
    FAIL() << "it has a source that is not there";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                testing::StartsWith("linux=6.0-1: its source is not served\nE: "));
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("W: ")));
    EXPECT_THAT(error.remedy(), testing::HasSubstr("snapshot.debian.org"));
  }
}

TEST_F(SourceArchive, MayHaveASourceWithoutSuchAPart) {
  add_source("6.0-1", {{"linux_6.0-1.dsc", "Source: linux\n"},
                       {"linux_6.0-1.debian.tar.gz", "in another form"}});
  DebianArchive archive(scratch_ / "downloads", false);
  EXPECT_THROW(archive.fetch_packaging({.name = "linux", .version = "6.0-1"},
                                       "linux-source=1:6.1-2"),
               Error);
  EXPECT_TRUE(fs::is_empty(scratch_ / "downloads"));
}

TEST_F(SourceArchive, IsAskedOnceForADownload) {
  DebianArchive archive(scratch_ / "downloads", false);
  const fs::path file = archive.fetch_packaging(linux_, "linux-source=1:6.1-2");
  EXPECT_EQ(file, scratch_ / "downloads/linux_6.1-2.debian.tar.xz");
  fs::remove_all(scratch_ / "archive");
  EXPECT_EQ(archive.fetch_packaging(linux_, "linux-source=1:6.1-2"), file);
  EXPECT_EQ(read_text(file), "the patches");
}

TEST_F(SourceArchive, IsNotAskedOffline) {
  DebianArchive archive(scratch_ / "downloads", true);
  EXPECT_THROW(archive.fetch_packaging(linux_, "linux-source=1:6.1-2"), Error);
  EXPECT_FALSE(fs::exists(scratch_ / "downloads"));
}

TEST(NewerSource, IsTheNewestOfTheKernelsOwnRelease) {
  const std::vector<std::string> served = {"6.12.115-2~deb12u1", "6.12.117-1~deb12u1",
                                           "6.12.118-1", "6.12.120-1~bpo13+1"};
  const auto newer = [&](const char* present, const char* wanted) {
    return newer_source_version(served, present, wanted);
  };
  EXPECT_EQ(newer("6.12.115-2~deb12u1", "newest"), "6.12.117-1~deb12u1");
  EXPECT_EQ(newer("6.12.115-2~deb12u1", "6.12.117"), "6.12.117-1~deb12u1");
  EXPECT_EQ(newer("6.12.115-2~deb12u1", "6.12.117-1"), "6.12.117-1~deb12u1");
  EXPECT_EQ(newer("6.12.115-2~deb12u1", "6.12.117-1~deb12u1"), "6.12.117-1~deb12u1");
  EXPECT_EQ(newer("6.12.115-2~deb12u1", "6.12.11"), "");
  EXPECT_EQ(newer("6.12.115-2~deb12u1", "6.12.118"), ""); // of another release
  EXPECT_EQ(newer("6.12.110-1", "newest"), "6.12.118-1");
  EXPECT_EQ(newer("6.12.110-1~bpo13+2", "newest"), "6.12.120-1~bpo13+1");
}

} // namespace
} // namespace kpatch::distro
