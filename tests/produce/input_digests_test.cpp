// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_kernel.h"
#include "produce/input_digests.h"

#include <gmock/gmock.h>

namespace kpatch::produce {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Not;

/// The files of kmod/ that are noted for a kernel with this configuration.
std::vector<std::string> hook_of(const std::string& config) {
  FakeKernel kernel;
  kernel.target.config = kernel::Config::parse(config, "config");
  BuildOptions options;
  options.hook_sources = std::filesystem::path(KPATCH_SOURCE_DIR) / "kmod";
  BuildResult result;
  note_inputs(result, options, kernel.target);
  std::vector<std::string> names;
  for (const auto& input : result.inputs)
    if (input.role == "hook")
      names.push_back(input.name);
  return names;
}

TEST(Inputs, HaveTheHookThatIsInTheModule) {
  EXPECT_THAT(hook_of("CONFIG_LIVEPATCH=y\n"),
              testing::UnorderedElementsAre("hook.c", "hook.h", "kpatch.lds", "Makefile",
                                            "include/kpatch-records.h"));
  EXPECT_THAT(hook_of(""),
              AllOf(Contains("core_hook.c"), Contains("include/kpatch-core.h"),
                    Not(Contains("hook.c"))));
}

} // namespace
} // namespace kpatch::produce
