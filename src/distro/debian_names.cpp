// SPDX-License-Identifier: GPL-2.0-or-later
//
// How Debian names its kernels: "6.1.0-56-cloud-amd64" is upstream series 6.1, ABI 56,
// flavour cloud-amd64, whose last word is Debian's name of the architecture.
#include "distro/debian_names.h"

#include "arch/arch.h"
#include "base/error.h"
#include "base/host_kernel.h"
#include "base/text.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace kpatch::distro {

namespace {

/// Null if no kernel of Debian has the word in its name for its processor.
const arch::Arch* find_architecture(std::string_view flavour) {
  for (const arch::Arch* arch : arch::all_archs())
    if (arch->debian_flavour() == flavour)
      return arch;
  return nullptr;
}

/// Kernels that are no distribution's of those whose packages can be fetched, by what is
/// in their names.
struct Stranger {
  std::string_view mark;
  std::string_view whose;
  std::string_view source;
};
constexpr Stranger kStrangers[] = {
    {"-microsoft-", "WSL", "the same tag of github.com/microsoft/WSL2-Linux-Kernel"},
    {"-arch", "Arch Linux",
     "the same version of Arch's package linux (pkgctl repo clone)"},
    {"-zen", "Arch Linux", "the same version of Arch's package linux-zen"},
    {"-default", "SUSE", "kernel-source and the .config of kernel-default-devel"},
    {"-rpi-", "Raspberry Pi OS", "the same version of github.com/raspberrypi/linux"},
};

[[noreturn]] void fail_unknown(std::string_view release) {
  for (const Stranger& stranger : kStrangers)
    if (release.find(stranger.mark) != release.npos)
      fail_with_remedy(
          fmt::format("build it once, from {}, and pass the tree: kpatch-build -s TREE; "
                      "it fits only if its code is that of the kernel in use",
                      stranger.source),
          "{}: a kernel of {}, whose packages kpatch-build does not fetch", release,
          stranger.whose);
  fail_with_remedy(
      "if you built it yourself, pass the tree that it was built in: kpatch-build -s "
      "TREE; "
      "for another machine's kernel give what uname -r says there, such as -a "
      "6.1.0-56-cloud-amd64",
      "{}: not a kernel of Debian, Ubuntu or the RPM family by its name", release);
}

} // namespace

void check_release(std::string_view release) {
  const bool is_plain =
      !release.empty() && is_digit(release.front()) &&
      std::all_of(release.begin(), release.end(), [](unsigned char c) {
        return std::isalnum(c) || std::string_view("+-.~").find(static_cast<char>(c)) !=
                                      std::string_view::npos;
      });
  if (!is_plain)
    fail("'{}': not the release of a kernel, such as 6.1.0-56-cloud-amd64", release);
}

bool is_debian_architecture(std::string_view word) {
  return find_architecture(word) != nullptr;
}

std::string machine_of_release(std::string_view release) {
  const std::string_view last = release.substr(release.rfind('-') + 1);
  if (const arch::Arch* arch = find_architecture(last))
    return std::string(arch->name());
  fail_unknown(release);
}

std::string foreign_architecture(std::string_view release) {
  const std::string machine = machine_of_release(release);
  return machine == host_kernel().machine
             ? ""
             : std::string(arch::find_arch(machine)->debian_name());
}

std::string kernel_series(std::string_view version) {
  const std::size_t dot = version.find('.');
  std::size_t end = dot == std::string_view::npos ? dot : dot + 1;
  while (end < version.size() && is_digit(version[end]))
    ++end;
  if (dot == std::string_view::npos || dot == 0 || end == dot + 1)
    fail("'{}': not the version of a kernel package", version);
  return std::string(version.substr(0, end));
}

std::string running_debian_version(std::string_view uname_version) {
  constexpr std::string_view kMark = " Debian ";
  const std::size_t mark = uname_version.find(kMark);
  if (mark == std::string_view::npos)
    return {};
  const std::string_view rest = uname_version.substr(mark + kMark.size());
  return std::string(rest.substr(0, rest.find(' ')));
}

std::vector<std::string> releases_of(const std::vector<std::string>& package_names,
                                     std::string_view series, std::string_view flavour) {
  const std::string prefix = fmt::format("linux-image-{}.", series);
  const std::string suffix = fmt::format("-{}", flavour);
  std::vector<std::string> releases;
  for (const std::string& name : package_names) {
    if (!name.starts_with(prefix) || !name.ends_with(suffix) ||
        name.size() < prefix.size() + suffix.size())
      continue;
    // What stands between must be numbers and additions such as "+deb12": another word
    // belongs to another flavour ("rt-amd64" also ends in "-amd64").
    const std::string_view between = std::string_view(name).substr(
        prefix.size(), name.size() - prefix.size() - suffix.size());
    const bool has_other_word = [&] {
      for (std::size_t dash = between.find('-'); dash != std::string_view::npos;
           dash = between.find('-', dash + 1))
        if (dash + 1 == between.size() || !is_digit(between[dash + 1]))
          return true;
      return between.empty();
    }();
    if (!has_other_word)
      releases.push_back(name.substr(std::string_view("linux-image-").size()));
  }
  return releases;
}

std::string kernel_flavour(std::string_view release) {
  // Words of the version begin with a digit, as "0-56-" does.
  std::size_t dash = release.find('-');
  while (dash != std::string_view::npos && dash + 1 < release.size() &&
         is_digit(release[dash + 1]))
    dash = release.find('-', dash + 1);
  return dash == std::string_view::npos ? std::string()
                                        : std::string(release.substr(dash + 1));
}

std::vector<std::string> nearest_releases(std::vector<std::string> releases,
                                          const std::string& wanted, std::size_t count) {
  const auto is_older = [](const std::string& one, const std::string& other) {
    return strverscmp(one.c_str(), other.c_str()) < 0;
  };
  std::ranges::sort(releases, is_older);
  auto low = std::ranges::lower_bound(releases, wanted, is_older);
  auto high = low;
  while (static_cast<std::size_t>(high - low) < std::min(count, releases.size())) {
    if (high != releases.end())
      ++high;
    if (low != releases.begin() && static_cast<std::size_t>(high - low) < count)
      --low;
  }
  return {low, high};
}

} // namespace kpatch::distro
