// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/source_date.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace kpatch {

std::time_t source_date() {
  std::time_t seconds = std::time(nullptr);
  if (const char* wish = std::getenv("SOURCE_DATE_EPOCH")) {
    const std::string_view text(wish);
    std::from_chars(text.data(), text.data() + text.size(), seconds);
  }
  return seconds;
}

} // namespace kpatch
