// SPDX-License-Identifier: GPL-2.0-or-later
#include "distro/live.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>

namespace kpatch::distro {

namespace {

constexpr std::chrono::milliseconds kPause{200};
constexpr double kMega = 1e6;
/// Before that the rate says nothing.
constexpr double kWorthARate = 1;

double megabytes(std::uintmax_t bytes) {
  return static_cast<double>(bytes) / kMega;
}

} // namespace

LiveLine::LiveLine(const Live& live, std::function<std::string(double)> text)
    : live_(live), text_(std::move(text)) {
  if (live_)
    thread_ = std::thread([this] { show(); });
}

LiveLine::~LiveLine() {
  if (!thread_.joinable())
    return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    has_ended_ = true;
  }
  ended_.notify_one();
  thread_.join();
  live_("");
}

void LiveLine::show() {
  const auto start = std::chrono::steady_clock::now();
  std::unique_lock<std::mutex> lock(mutex_);
  while (!ended_.wait_for(lock, kPause, [this] { return has_ended_; }))
    if (const std::string text =
            text_(std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
                      .count());
        !text.empty())
      live_(text);
}

Outcome run_watched(const Command& command, const Live& live,
                    const std::function<std::string(double)>& text) {
  const LiveLine line(live, text);
  return run(command);
}

std::string download_text(std::string_view what, std::uintmax_t done,
                          std::uintmax_t total, double seconds) {
  std::string text = fmt::format("{}: {:.1f}", what, megabytes(done));
  text += total ? fmt::format(" of {:.1f} MB", megabytes(total)) : " MB";
  if (seconds >= kWorthARate)
    text += fmt::format(", {:.1f} MB/s", megabytes(done) / seconds);
  return text;
}

std::function<std::string(double)>
watch_download(std::string what, std::filesystem::path directory, std::uintmax_t total) {
  return [what = std::move(what), directory = std::move(directory), total,
          began = std::optional<double>()](double seconds) mutable -> std::string {
    const std::uintmax_t done = bytes_in(directory);
    if (done == 0)
      return {};
    if (!began)
      began = seconds;
    return download_text(what, done, total, seconds - *began);
  };
}

std::string unpacking_text(std::string_view what, std::uintmax_t done,
                           std::uintmax_t total, double seconds) {
  return total ? fmt::format("unpacking {}: {} %", what, 100 * done / total)
               : fmt::format("unpacking {}: {:.0f} s", what, seconds);
}

std::uintmax_t bytes_in(const std::filesystem::path& directory) {
  std::uintmax_t bytes = 0;
  std::error_code error; // files come and go
  for (const auto& entry : std::filesystem::directory_iterator(directory, error))
    if (entry.is_regular_file(error))
      if (const std::uintmax_t size = entry.file_size(error); !error)
        bytes += size;
  return bytes;
}

} // namespace kpatch::distro
