// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/files.h"
#include "base/journal.h"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace kpatch {
namespace {

using namespace std::string_literals;

TEST(Journal, HasALineForEachField) {
  EXPECT_EQ(journal_datagram({{"MESSAGE", "a = b"}, {"X_Y", ""}, {"X_Y", "2"}}),
            "MESSAGE=a = b\nX_Y=\nX_Y=2\n");
}

TEST(Journal, GivesTheLengthOfWhatHasLineFeeds) {
  EXPECT_EQ(journal_datagram({{"MESSAGE", "a\nbc"}, {"X", "1"}}),
            "MESSAGE\n\4\0\0\0\0\0\0\0a\nbc\nX=1\n"s);
}

TEST(Journal, IsWrittenAsOneDatagram) {
  const TempDir folder("kpatch-journal-test.");
  const auto place = folder.path() / "socket";
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  place.native().copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  write_journal(place, {{"MESSAGE", "so"}, {"PRIORITY", "5"}});
  std::string read(1000, 0);
  const ssize_t length = recv(fd, read.data(), read.size(), MSG_DONTWAIT);
  close(fd);
  ASSERT_GT(length, 0);
  read.resize(static_cast<std::size_t>(length));
  EXPECT_EQ(read, "MESSAGE=so\nPRIORITY=5\n");
}

TEST(Journal, IsNoReasonToFail) {
  write_journal("/nonexistent/socket", {{"MESSAGE", "a test of kpatch"}});
  write_journal(std::string(200, 'x'), {{"MESSAGE", "a test of kpatch"}});
}

} // namespace
} // namespace kpatch
