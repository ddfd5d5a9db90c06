// SPDX-License-Identifier: GPL-2.0-or-later
//
// Compiling may be shared with other machines, or its results with earlier runs. All
// programs for it stand before the compiler and its arguments. An installed one is no
// wish to use it: distcc without hosts, or icecc without a scheduler, would only cost
// time. So one is taken by itself only if its environment is set up.
#include "compile/launcher.h"

#include "base/error.h"
#include "base/process.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace kpatch::compile {

namespace {

struct Launcher {
  std::string_view program;
  const char* variable; ///< set by who wants it used
  bool is_distributing; ///< to other machines
};

constexpr Launcher kLaunchers[] = {
    {"distcc", "DISTCC_HOSTS", true},
    {"icecc", "ICECC_VERSION", true},
    {"sccache", "SCCACHE_DIR", false},
    {"ccache", "CCACHE_DIR", false},
};

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value;
}

} // namespace

std::vector<std::string> find_launcher(const std::string& wanted) {
  if (wanted == "none")
    return {};
  if (!wanted.empty() && find_program(wanted).empty())
    fail_with_remedy(fmt::format("install it: apt-get install {}", wanted),
                     "--launcher {}: no such program", wanted);
  if (!wanted.empty())
    return {wanted};
  for (const Launcher& launcher : kLaunchers)
    if (is_set(launcher.variable) && !find_program(std::string(launcher.program)).empty())
      return {std::string(launcher.program)};
  return {};
}

bool is_distributing(std::string_view launcher) {
  const std::string name = std::filesystem::path(launcher).filename();
  const auto* row = std::ranges::find(kLaunchers, name, &Launcher::program);
  return row != std::end(kLaunchers) && row->is_distributing;
}

bool is_launcher(std::string_view word) {
  const std::string name = std::filesystem::path(word).filename();
  return std::ranges::any_of(
      kLaunchers, [&](const Launcher& launcher) { return launcher.program == name; });
}

} // namespace kpatch::compile
