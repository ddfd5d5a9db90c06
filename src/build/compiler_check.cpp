// SPDX-License-Identifier: GPL-2.0-or-later
//
// Another compiler, even another patch level of the same one, inlines differently and
// names its clones differently: the original objects would not be the running kernel's
// code, and a function that has been inlined there would be patched where nobody calls
// it.
#include "build/compiler_check.h"

#include "base/error.h"

namespace kpatch::build {

void check_compiler(const kernel::Compiler& wanted) {
  const std::string here = kernel::compiler_version_text(wanted.command);
  if (kernel::same_compiler(here, wanted.version_text))
    return;
  fail_with_remedy(
      fmt::format("install that version of {}, or build on the release of the "
                  "distribution that the kernel comes from; --skip-compiler-check goes "
                  "on at your own risk",
                  wanted.command),
      "compiler mismatch: the kernel was built with '{}', but {} is '{}'",
      wanted.version_text, wanted.command, here);
}

} // namespace kpatch::build
