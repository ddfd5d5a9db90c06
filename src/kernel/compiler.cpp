// SPDX-License-Identifier: GPL-2.0-or-later
//
// A live patch mixes new code with the kernel's own, so both must come from the same
// compiler. The configuration of a kernel records the first line that its compiler
// printed for --version; the same question is put to the one at hand.
#include "kernel/compiler.h"

#include "base/error.h"
#include "base/process.h"
#include "base/text.h"

#include <vector>

namespace kpatch::kernel {

namespace {

/// "12" of CONFIG_GCC_VERSION=120200 or CONFIG_CLANG_VERSION=120200.
std::string major_version(const Config& config, bool is_clang) {
  const std::string digits =
      config.value(is_clang ? "CONFIG_CLANG_VERSION" : "CONFIG_GCC_VERSION").value_or("");
  constexpr std::size_t kMinorDigits = 4;
  return digits.size() > kMinorDigits ? digits.substr(0, digits.size() - kMinorDigits)
                                      : std::string();
}

/// Names under which the compiler may be found, the likeliest first.
std::vector<std::string> candidates(const Config& config, std::string_view version_text,
                                    const std::string& cross_compile) {
  // "gcc-12 (Debian ...) 12.2.0" begins with the name it was called by, but
  // "Debian clang version 14.0.6" does not.
  const bool is_clang = config.is_set("CONFIG_CC_IS_CLANG");
  const std::string base = is_clang ? "clang" : cross_compile + "gcc";
  std::vector<std::string> names;
  if (!is_clang && !version_text.empty())
    names.emplace_back(version_text.substr(0, version_text.find(' ')));
  if (!cross_compile.empty() && !is_clang && !names.empty() &&
      !names[0].starts_with(cross_compile))
    names[0] = cross_compile + names[0];
  if (const std::string major = major_version(config, is_clang); !major.empty())
    names.push_back(base + "-" + major);
  names.push_back(base);
  return names;
}

} // namespace

Compiler compiler_of(const Config& config, const std::string& cross_compile) {
  Compiler compiler{.version_text = config.value("CONFIG_CC_VERSION_TEXT").value_or("")};
  for (const std::string& name :
       candidates(config, compiler.version_text, cross_compile)) {
    if (find_program(name).empty()) {
      if (compiler.command.empty())
        compiler.command = name; // to be complained about
      continue;
    }
    if (same_compiler(compiler_version_text(name), compiler.version_text)) {
      compiler.command = name;
      break;
    }
    if (compiler.command.empty() || find_program(compiler.command).empty())
      compiler.command = name;
  }
  return compiler;
}

std::string compiler_version_text(const std::string& command) {
  if (find_program(command).empty())
    fail_with_remedy(fmt::format("install it: apt-get install {}", command),
                     "{}: the compiler this kernel was built with is not installed",
                     command);
  return std::string(first_line(run_checked({.argv = {command, "--version"}})));
}

bool same_compiler(std::string_view one, std::string_view other) {
  const auto without_name = [](std::string_view text) {
    const std::size_t space = text.find(' ');
    return space == std::string_view::npos ? text : text.substr(space);
  };
  return without_name(one) == without_name(other);
}

} // namespace kpatch::kernel
