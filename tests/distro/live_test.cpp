// SPDX-License-Identifier: GPL-2.0-or-later
#include "distro/live.h"
#include "scratch.h"

namespace kpatch::distro {
namespace {

using testing::StartsWith;

TEST(LiveLine, IsShownWhileAProgramRunsAndEnded) {
  const Scratch scratch;
  std::vector<std::string> lines;
  const Live live = [&](std::string_view line) { lines.emplace_back(line); };
  // It ends only when it has been seen.
  run_watched(
      {.argv = {"sh", "-c", "printf 12345 >file; until [ -e seen ]; do sleep 0.01; done"},
       .directory = scratch.path()},
      live, [&](double seconds) {
        if (bytes_in(scratch.path()) >= 5)
          scratch.file("seen", "");
        return download_text("file", bytes_in(scratch.path()), 10, seconds);
      });
  ASSERT_GE(lines.size(), 2U);
  EXPECT_THAT(lines.front(), StartsWith("file: 0.0 of 0.0 MB"));
  EXPECT_EQ(lines.back(), "");
}

TEST(LiveLine, IsNoneWhereNobodyLooks) {
  bool was_asked = false;
  EXPECT_EQ(run_watched({.argv = {"true"}}, {},
                        [&](double) {
                          was_asked = true;
                          return "";
                        })
                .status,
            0);
  EXPECT_FALSE(was_asked);
}

TEST(DownloadText, HasSizeAndRate) {
  EXPECT_EQ(download_text("p", 12'300'000, 26'700'000, 4),
            "p: 12.3 of 26.7 MB, 3.1 MB/s");
  EXPECT_EQ(download_text("p", 12'300'000, 0, 4), "p: 12.3 MB, 3.1 MB/s");
  EXPECT_EQ(download_text("p", 100'000, 200'000, 0.2), "p: 0.1 of 0.2 MB");
}

TEST(WatchDownload, CountsTheTimeFromTheFirstByte) {
  const Scratch scratch;
  const auto text = watch_download("p", scratch.path(), 4'000'000);
  EXPECT_EQ(text(7), "");
  scratch.file("p.deb", std::string(1'000'000, 'x'));
  EXPECT_EQ(text(8), "p: 1.0 of 4.0 MB");
  scratch.file("p.deb", std::string(2'000'000, 'x'));
  EXPECT_EQ(text(10), "p: 2.0 of 4.0 MB, 1.0 MB/s");
}

TEST(UnpackingText, HasWhatIsKnown) {
  EXPECT_EQ(unpacking_text("p", 45, 100, 1), "unpacking p: 45 %");
  EXPECT_EQ(unpacking_text("p", 0, 0, 12.3), "unpacking p: 12 s");
}

TEST(BytesIn, CountsFilesThatAreThere) {
  const Scratch scratch;
  scratch.file("a", "12345");
  scratch.file("b/c", "12345");
  EXPECT_EQ(bytes_in(scratch.path()), 5U);
  EXPECT_EQ(bytes_in(scratch / "none"), 0U);
}

} // namespace
} // namespace kpatch::distro
