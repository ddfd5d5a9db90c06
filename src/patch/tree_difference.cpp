// SPDX-License-Identifier: GPL-2.0-or-later
//
// diff(1) is asked from a folder of two links, so that the names in what it prints have
// one component in front of the path, as those of a patch.
#include "patch/tree_difference.h"

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"

namespace kpatch::patch {
namespace fs = std::filesystem;

PatchFile difference_of(const fs::path& original, const fs::path& newer) {
  if (!fs::is_regular_file(newer / "Makefile"))
    fail_with_remedy("give the top of an unpacked kernel source",
                     "{}: it is not a source tree: it has no Makefile", newer.string());
  const TempDir links("kpatch-trees.");
  fs::create_directory_symlink(fs::canonical(original), links.path() / "a");
  fs::create_directory_symlink(fs::canonical(newer), links.path() / "b");
  const Outcome outcome =
      run({.argv = {"diff", "--unified", "--recursive", "--new-file", "--no-dereference",
                    "--show-c-function", "a/", "b/"},
           .directory = links.path(),
           .environment = {{"LC_ALL", "C"}}});
  constexpr int kTrouble = 2;
  if (outcome.status >= kTrouble)
    fail("diff of {} and {}: {}", original.string(), newer.string(), outcome.errors);
  return parse_patch(outcome.output, newer.filename());
}

} // namespace kpatch::patch
