// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/run_tool.h"

#include "base/error.h"

#include <csignal>
#include <cstdio>
#include <exception>

namespace kpatch {

int run_tool(std::string_view prefix, const std::function<int()>& body,
             std::string_view ending) {
  std::signal(SIGPIPE, SIG_IGN); // a child that closes its input early is not our end
  try {
    return body();
  } catch (const std::exception& error) {
    std::fflush(stdout);
    fmt::print(stderr, "{}{}{}\n", prefix, error.what(), ending);
    if (const std::string remedy = remedy_of(error); !remedy.empty())
      fmt::print(stderr, "  {}\n", remedy);
    const auto* ours = dynamic_cast<const Error*>(&error);
    return static_cast<int>(ours ? ours->exit() : Exit::kError);
  }
}

} // namespace kpatch
