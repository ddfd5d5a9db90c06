// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/process.h"
#include "rehearse/cpio.h"

#include <gtest/gtest.h>

namespace kpatch::rehearse {
namespace {

TEST(Cpio, PadsHeaderAndContentToFourBytes) {
  CpioArchive archive;
  archive.add_file("a", std::string_view("12345"), 0644);
  const std::string bytes = archive.finish();
  EXPECT_EQ(bytes.substr(0, 6), "070701");
  EXPECT_EQ(bytes.substr(14, 8), "000081a4"); // regular file, 0644
  EXPECT_EQ(bytes.substr(54, 8), "00000005"); // size
  EXPECT_EQ(bytes.substr(94, 8), "00000002"); // name with its NUL
  EXPECT_EQ(bytes.substr(110, 2), std::string("a\0", 2));
  EXPECT_EQ(bytes.substr(112, 5), "12345");
  EXPECT_EQ(bytes.substr(120, 6), "070701");
  EXPECT_NE(bytes.find("TRAILER!!!"), std::string::npos);
  EXPECT_EQ(bytes.size() % 4, 0U);
}

TEST(Cpio, MakesParentDirectoriesOnceAndBeforeTheirContent) {
  CpioArchive archive;
  archive.add_file("/usr/lib/one", std::string_view("1"));
  archive.add_file("usr/lib/two", std::string_view("2"));
  const Outcome listing =
      run({.argv = {"cpio", "-it", "--quiet"}, .input = archive.finish()});
  EXPECT_EQ(listing.output, "usr\nusr/lib\nusr/lib/one\nusr/lib/two\n");
  EXPECT_TRUE(archive.contains("/usr/lib/two"));
}

TEST(Cpio, SameContentMakesTheSameArchive) {
  const auto make = [] {
    CpioArchive archive;
    archive.add_character_device("dev/null", 1, 3);
    archive.add_file("f", std::string_view("x"), 0755);
    return archive.finish();
  };
  EXPECT_EQ(make(), make());
}

} // namespace
} // namespace kpatch::rehearse
