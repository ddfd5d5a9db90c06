// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/run_tool.h"

#include "base/error.h"
#include "base/output.h"

#include <exception>

namespace kpatch {

namespace {

/// Also when there is no memory left for putting it into words.
void report(std::string_view prefix, const std::exception& error,
            std::string_view ending) noexcept {
  write_out(Stream::kErrors, prefix);
  write_out(Stream::kErrors, error.what());
  write_out(Stream::kErrors, ending);
  write_out(Stream::kErrors, "\n");
  try {
    if (const std::string remedy = remedy_of(error); !remedy.empty())
      print(Stream::kErrors, "  {}\n", remedy);
  } catch (...) { // NOLINT: the message has been said
  }
}

} // namespace

int run_tool(std::string_view prefix, const std::function<int()>& body,
             std::string_view ending) {
  settle_streams();
  try {
    return body();
  } catch (const std::exception& error) {
    report(prefix, error, ending);
    const auto* ours = dynamic_cast<const Error*>(&error);
    return static_cast<int>(ours ? ours->exit() : Exit::kError);
  }
}

} // namespace kpatch
