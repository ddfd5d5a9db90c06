// SPDX-License-Identifier: GPL-2.0-or-later
//
// kpatch for the guests of rehearsals on other processors: all that acts on the patches
// of a machine, and nothing that reads the files of a kernel, which takes further
// libraries.
#include "base/error.h"
#include "base/run_tool.h"
#include "operate.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace {

using namespace kpatch;

constexpr std::array<std::string_view, 5> kLeftOut = {"rehearse", "verify", "diff",
                                                      "sign", "completion"};

/// In a guest nothing is judged: the host has seen to it.
void judge_nothing(const std::filesystem::path& file, const std::string&) {
  const char* wish = std::getenv("KPATCH_VERIFY");
  if (!wish || std::string_view(wish) != "no")
    print(Stream::kErrors,
          "kpatch: {} is not verified: this kpatch is built without that\n",
          file.filename().string());
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return kpatch::run_tool("kpatch: ", [&] {
    if (!arguments.empty() && std::ranges::find(kLeftOut, arguments[0]) != kLeftOut.end())
      fail_with_remedy("use one that is built without KPATCH_ONLY_RUNTIME",
                       "{}: this kpatch is built without that", arguments[0]);
    return operate(arguments, judge_nothing);
  });
}
