// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/run_tool.h"
#include "runtime/command_line.h"

#include <fmt/format.h>

#include <cstdio>

int main(int argc, char** argv) {
  return kpatch::run_tool("kpatch: ", [&] {
    kpatch::runtime::RunningKernel kernel;
    kpatch::runtime::Host host{
        .places = kpatch::runtime::Places::from_environment(),
        .kernel = kernel,
        .say =
            [](std::string_view line) {
              fmt::print("{}\n", line);
              std::fflush(stdout);
            },
        .warn = [](std::string_view line) { fmt::print(stderr, "kpatch: {}\n", line); }};
    return kpatch::runtime::run_subcommand(host, {argv + 1, argv + argc});
  });
}
