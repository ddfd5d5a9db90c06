// SPDX-License-Identifier: GPL-2.0-or-later
//
// Patch modules are built with C sources of this project, which the program finds by its
// own place: <prefix>/bin/kpatch-build has <prefix>/share/kpatch/kmod, and in a checkout
// build/<preset>/bin/kpatch-build has kmod/ at the top.
#include "produce/tool_files.h"

#include "base/error.h"

#include <cstdlib>

namespace kpatch::produce {
namespace fs = std::filesystem;

fs::path find_hook_sources() {
  if (const char* chosen = std::getenv("KPATCH_KMOD"); chosen && *chosen)
    return chosen;
  const fs::path bin = fs::read_symlink("/proc/self/exe").parent_path();
  for (const char* place : {"../share/kpatch/kmod", "../../../kmod", "../../kmod"})
    if (fs::is_regular_file(bin / place / "Makefile"))
      return fs::canonical(bin / place);
  fail_with_remedy("install kpatch completely, or set KPATCH_KMOD to its kmod directory",
                   "can't find supporting tools");
}

} // namespace kpatch::produce
