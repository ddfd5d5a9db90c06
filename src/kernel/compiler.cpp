// SPDX-License-Identifier: GPL-2.0-or-later
//
// A live patch mixes new code with the kernel's own, so both must come from the same
// compiler. The configuration of a kernel records the first line that its compiler
// printed for --version; the same question is put to the one at hand.
#include "kernel/compiler.h"

#include "arch/arch.h"
#include "base/error.h"
#include "base/host_kernel.h"
#include "base/process.h"
#include "base/text.h"

#include <algorithm>
#include <vector>

namespace kpatch::kernel {

namespace {

constexpr std::string_view kGcc = "gcc";

/// Names of Debian's packages have no "_".
std::string dashed(std::string_view name) {
  std::string text(name);
  std::ranges::replace(text, '_', '-');
  return text;
}

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
  const std::string base = is_clang ? "clang" : cross_compile + std::string(kGcc);
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

/// "s390x-linux-gnu-" of "s390x-linux-gnu-gcc-12 (Debian 12.2.0-14) 12.2.0".
std::string_view prefix_of(std::string_view version_text) {
  const std::string_view command = version_text.substr(0, version_text.find(' '));
  const std::size_t at = command.rfind(kGcc);
  return at == std::string_view::npos ? std::string_view() : command.substr(0, at);
}

std::string cross_prefix(std::string_view version_text, const std::string& machine) {
  const arch::Arch* processor = arch::find_arch(machine);
  if (!processor || machine == host_kernel().machine)
    return {};
  const std::string_view recorded = prefix_of(version_text);
  return recorded.empty() ? fmt::format("{}-linux-gnu-", processor->gnu_name())
                          : std::string(recorded);
}

} // namespace

Compiler compiler_of(const Config& config, const std::string& cross_compile,
                     const std::string& machine) {
  Compiler compiler{.version_text = config.value("CONFIG_CC_VERSION_TEXT").value_or(""),
                    .machine = machine,
                    .cross_compile = cross_compile};
  if (cross_compile.empty())
    compiler.cross_compile = cross_prefix(compiler.version_text, machine);
  for (const std::string& name :
       candidates(config, compiler.version_text, compiler.cross_compile)) {
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

void check_compiler_processor(const Compiler& compiler) {
  const arch::Arch* wanted = arch::find_arch(compiler.machine);
  if (!wanted || compiler.command.starts_with("clang"))
    return; // clang compiles for each
  compiler_version_text(compiler.command);
  const std::string name = run_checked({.argv = {compiler.command, "-dumpmachine"}});
  const std::string_view processor = std::string_view(name).substr(0, name.find('-'));
  for (const arch::Arch* other : arch::all_archs())
    if (other != wanted && other->gnu_name() == processor)
      fail_with_remedy(
          fmt::format("set CROSS_COMPILE to the prefix of a compiler for {}, or leave it "
                      "out and install {}-{}-linux-gnu",
                      wanted->name(), kGcc, dashed(wanted->gnu_name())),
          "{}: this compiler is for {}, but the kernel is for {}", compiler.command,
          other->name(), wanted->name());
}

std::string package_of_compiler(std::string_view command) {
  const std::string_view prefix = prefix_of(command);
  if (prefix.empty() || !prefix.ends_with('-'))
    return std::string(command);
  return fmt::format("{}-{}", command.substr(prefix.size()),
                     dashed(prefix.substr(0, prefix.size() - 1)));
}

std::string compiler_version_text(const std::string& command) {
  if (find_program(command).empty())
    fail_with_remedy(
        fmt::format("install it: apt-get install {}", package_of_compiler(command)),
        "{}: the compiler this kernel was built with is not installed", command);
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
