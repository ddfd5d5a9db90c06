// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/cache_report.h"

#include <fmt/format.h>

namespace kpatch::report {

namespace {

std::string line(std::uintmax_t bytes, const std::string& name) {
  constexpr double kMegabyte = 1e6;
  return fmt::format("{:9.1f} MB  {}\n", static_cast<double>(bytes) / kMegabyte, name);
}

} // namespace

std::string cache_list_text(const std::vector<cache::CacheEntry>& entries) {
  std::string text;
  std::uintmax_t sum = 0;
  for (const cache::CacheEntry& entry : entries) {
    text += line(entry.bytes, entry.name);
    sum += entry.bytes;
  }
  return text + line(sum, "in all");
}

std::string cache_sizes_text(std::uintmax_t before, std::uintmax_t after) {
  return line(before, "before") + line(after, "now");
}

} // namespace kpatch::report
