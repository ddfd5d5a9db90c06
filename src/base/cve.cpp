// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/cve.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>

namespace kpatch {

namespace {

constexpr std::string_view kStart = "CVE-";
constexpr std::size_t kYear = 4;
constexpr std::size_t kFewestDigits = 4;
constexpr std::size_t kMostDigits = 19;

std::size_t digits_at_start(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) -
                                  text.begin());
}

/// How long the id is that the text starts with; 0 if it starts with none.
std::size_t length_of_id(std::string_view text, std::size_t fewest = kFewestDigits) {
  if (!text.starts_with(kStart))
    return 0;
  text.remove_prefix(kStart.size());
  if (digits_at_start(text) != kYear || !text.substr(kYear).starts_with('-'))
    return 0;
  const std::size_t digits = digits_at_start(text.substr(kYear + 1));
  return digits < fewest || digits > kMostDigits ? 0 : kStart.size() + kYear + 1 + digits;
}

std::string in_capitals(std::string_view text) {
  std::string capitals(text);
  for (char& c : capitals)
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 'a' + 'A');
  return capitals;
}

std::string require_id(std::string_view text, std::size_t fewest_digits, Exit exit) {
  std::string id = in_capitals(text);
  if (id.empty() || length_of_id(id, fewest_digits) != id.size())
    throw Error(fmt::format("'{}' is not a CVE id", text),
                "give an id such as CVE-2026-12345", exit);
  return id;
}

} // namespace

std::string checked_cve(std::string_view text) {
  return require_id(text, kFewestDigits, Exit::kError);
}

std::string asked_cve(std::string_view text, Exit exit) {
  std::string id = require_id(text, 1, exit);
  const std::size_t number = kStart.size() + kYear + 1;
  while (id.size() < number + kFewestDigits)
    id.insert(number, 1, '0');
  return id;
}

std::vector<std::string> cves_in(std::string_view text) {
  std::set<std::string> ids;
  for (std::size_t at = text.find(kStart); at != std::string_view::npos;
       at = text.find(kStart, at + 1))
    if (const std::size_t length = length_of_id(text.substr(at)); length > 0)
      ids.emplace(text.substr(at, length));
  return {ids.begin(), ids.end()};
}

} // namespace kpatch
