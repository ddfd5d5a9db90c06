// SPDX-License-Identifier: GPL-2.0-or-later
//
// Another compiler, even another patch level of the same one, inlines differently and
// names its clones differently: the original objects would not be the running kernel's
// code, and a function that has been inlined there would be patched where nobody calls
// it. Distributions build one version several times with different patches, which the
// number does not show ("4.8.5 (Red Hat 4.8.5-44)" and "... 4.8.5-39"), but the text in
// parentheses names the very package:
//
//   gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0         -> gcc-12 12.2.0-14+deb12u1
//   gcc (GCC) 11.4.1 20231218 (Red Hat 11.4.1-3)     -> gcc 11.4.1-3
#include "kernel/compiler_check.h"

#include "base/error.h"
#include "base/text.h"

#include <algorithm>
#include <array>

namespace kpatch::kernel {

namespace {

struct Vendor {
  std::string_view name; ///< the parentheses begin with it
  bool has_major_in_name;
  std::string_view command; ///< with a place for name and version
};

constexpr std::array kVendors = {
    Vendor{"Debian", true, "apt-get install {}={}"},
    Vendor{"Ubuntu", true, "apt-get install {}={}"},
    Vendor{"Red Hat", false, "dnf install {}-{}"},
};

bool is_clang(std::string_view text) {
  return text.find("clang") != std::string_view::npos;
}

/// "12.2.0" of "gcc-12 (Debian 12.2.0-14) 12.2.0": the first number with a dot outside
/// parentheses.
std::string_view number_of(std::string_view text) {
  int depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    depth += (text[at] == '(') - (text[at] == ')');
    if (depth > 0 || !is_digit(text[at]) || (at > 0 && text[at - 1] != ' '))
      continue;
    const std::size_t end =
        std::min(text.find_first_not_of("0123456789.", at), text.size());
    const std::string_view number = text.substr(at, end - at);
    if (number.find('.') != std::string_view::npos)
      return number;
  }
  return {};
}

} // namespace

std::optional<CompilerPackage> compiler_package_of(const Compiler& wanted) {
  const std::string_view text = wanted.version_text;
  for (const Vendor& vendor : kVendors) {
    const std::string mark = fmt::format("({} ", vendor.name);
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos)
      continue;
    const std::string_view rest = text.substr(at + mark.size());
    const std::string version(rest.substr(0, rest.find(')')));
    std::string name = is_clang(text) ? "clang" : "gcc";
    if (vendor.has_major_in_name)
      name += "-" + version.substr(0, version.find('.'));
    return CompilerPackage{std::string(vendor.name), name, version};
  }
  return std::nullopt;
}

std::string compiler_package(const Compiler& wanted) {
  if (const std::optional<CompilerPackage> package = compiler_package_of(wanted)) {
    const Vendor& vendor = *std::ranges::find(kVendors, package->vendor, &Vendor::name);
    return fmt::format(fmt::runtime(vendor.command), package->name, package->version);
  }
  const std::string_view number = number_of(wanted.version_text);
  if (is_clang(wanted.version_text) && !number.empty())
    return fmt::format("apt-get install clang-{}", number.substr(0, number.find('.')));
  return {};
}

std::string compiler_difference(std::string_view wanted, std::string_view here) {
  if (is_clang(wanted) != is_clang(here))
    return "another compiler";
  return number_of(wanted) == number_of(here) ? "another build of the same version"
                                              : "another version";
}

void check_compiler(const Compiler& wanted) {
  const std::string package = compiler_package(wanted);
  const std::string remedy = fmt::format(
      "install {}{}, or build on the release of the distribution that the kernel comes "
      "from; --skip-compiler-check goes on at your own risk",
      package.empty() ? "that version of " + wanted.command : "the one that matches: ",
      package);
  const std::string not_fetched =
      wanted.not_fetched.empty()
          ? ""
          : fmt::format("; it cannot be fetched either: {}", wanted.not_fetched);
  std::string here;
  try {
    here = compiler_version_text(wanted.command);
  } catch (const Error& error) {
    throw Error(error.what() + not_fetched, package.empty() ? error.remedy() : remedy);
  }
  if (same_compiler(here, wanted.version_text))
    return;
  fail_with_remedy(
      remedy, "compiler mismatch: the kernel was built with '{}', but {} is '{}': {}{}",
      wanted.version_text, wanted.command, here,
      compiler_difference(wanted.version_text, here), not_fetched);
}

} // namespace kpatch::kernel
