// SPDX-License-Identifier: GPL-2.0-or-later
//
// A live patch mixes new code with the kernel's own, so both must come from the same
// compiler. The configuration of a kernel records the first line that its compiler
// printed for --version; the same question is put to the one at hand.
#include "kernel/compiler.h"

#include "base/error.h"
#include "base/process.h"

namespace kpatch::kernel {

std::string compiler_version_text(const std::string& command) {
  if (find_program(command).empty())
    fail_with_remedy(fmt::format("install it: apt-get install {}", command),
                     "{}: the compiler this kernel was built with is not installed",
                     command);
  const std::string output = run_checked({
      .argv = {command, "--version"}
  });
  return output.substr(0, output.find('\n'));
}

bool same_compiler(std::string_view one, std::string_view other) {
  const auto without_name = [](std::string_view text) {
    const std::size_t space = text.find(' ');
    return space == std::string_view::npos ? text : text.substr(space);
  };
  return without_name(one) == without_name(other);
}

} // namespace kpatch::kernel
