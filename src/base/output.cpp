// SPDX-License-Identifier: GPL-2.0-or-later
//
// A write(2) at a time, without a buffer: the streams of the libraries keep an error for
// ever or throw it, and that in the middle of work which must come to its end.
#include "base/output.h"

#include "base/error.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace kpatch {

namespace {

constexpr unsigned char kDelete = 0x7f;
/// How long a terminal or pipe that takes nothing is waited for, in milliseconds.
constexpr int kPatience = 5000;

/// Why the first piece of standard output that was lost could not be written; 0 if none.
std::atomic<int> lost_for = 0;

/// Leaves the first reason.
void note_lost(Stream stream, int reason) noexcept {
  int none = 0;
  if (stream == Stream::kOutput && reason != EPIPE)
    lost_for.compare_exchange_strong(none, reason);
}

bool is_obeyed(unsigned char c) {
  return (c < ' ' && c != '\n' && c != '\t') || c == kDelete;
}

/// U+0080 to U+009F in UTF-8, among them a one character escape sequence (ECMA-48: CSI).
bool starts_second_controls(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  return byte(at) == 0xc2 && at + 1 < text.size() && byte(at + 1) >= 0x80 &&
         byte(at + 1) < 0xa0;
}

} // namespace

std::string harmless(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (starts_second_controls(text, at)) {
      result +=
          fmt::format("\\x{:02x}\\x{:02x}", c, static_cast<unsigned char>(text[at + 1]));
      ++at;
    } else if (is_obeyed(c)) {
      result += fmt::format("\\x{:02x}", c);
    } else {
      result += text[at];
    }
  }
  return result;
}

void write_as_is(Stream stream, std::string_view text) noexcept {
  const int fd = static_cast<int>(stream);
  while (!text.empty()) {
    const ssize_t done = write(fd, text.data(), text.size());
    if (done > 0) {
      text.remove_prefix(static_cast<std::size_t>(done));
    } else if (done < 0 && errno == EAGAIN) {
      pollfd waited{fd, POLLOUT, 0};
      if (poll(&waited, 1, kPatience) == 0)
        return note_lost(stream, EAGAIN);
    } else if (done == 0 || errno != EINTR) {
      return note_lost(stream, done == 0 ? EIO : errno);
    }
  }
}

void write_out(Stream stream, std::string_view text) noexcept {
  try {
    write_as_is(stream, harmless(text));
  } catch (...) { // NOLINT: no memory for a message is not a reason to end either
  }
}

void require_output() {
  if (const int reason = lost_for)
    fail_with_remedy("make room, or send the output elsewhere, and run it again",
                     "standard output: not all could be written: {}",
                     std::strerror(reason));
}

void settle_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  for (int fd = 0; fd <= static_cast<int>(Stream::kErrors); ++fd)
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
      open("/dev/null", O_RDWR); // takes the lowest free number, which is this one
}

} // namespace kpatch
