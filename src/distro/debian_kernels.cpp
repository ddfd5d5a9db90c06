// SPDX-License-Identifier: GPL-2.0-or-later
//
// A fleet runs several versions of several series, seldom the newest of each: whoever
// serves it asks for all that there are, and not for each by its name.
#include "distro/debian_kernels.h"

#include "base/error.h"
#include "base/text.h"
#include "distro/debian_archive.h"
#include "distro/debian_names.h"
#include "distro/debian_suites.h"
#include "distro/release_archive.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <set>

namespace kpatch::distro {

namespace {

constexpr std::string_view kAll = "all";
constexpr std::string_view kNewest = "newest";
constexpr std::string_view kImagePrefix = "linux-image-";

[[noreturn]] void refuse_selection(std::string_view text, std::string_view why) {
  fail_with_remedy("give the releases of Debian by their codenames, and a flavour if not "
                   "each is meant: -a all:trixie,bookworm or "
                   "-a newest:trixie:cloud-amd64",
                   "--archversion: '{}' selects no kernels: {}", text, why);
}

/// "6.12.118+deb13-amd64" for its image; empty for packages that are not a kernel's, such
/// as linux-image-amd64, which depends on the newest one.
std::string release_of_image(std::string_view package) {
  if (!package.starts_with(kImagePrefix))
    return {};
  const std::string_view release = package.substr(kImagePrefix.size());
  const bool is_kernel = !release.empty() && is_digit(release.front()) &&
                         release.find('.') != std::string_view::npos &&
                         !kernel_flavour(release).empty();
  return is_kernel ? std::string(release) : std::string();
}

bool is_older(const std::string& one, const std::string& other) {
  return strverscmp(one.c_str(), other.c_str()) < 0;
}

} // namespace

bool is_selection(std::string_view text) {
  return text.find(':') != std::string_view::npos;
}

KernelSelection parse_selection(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() < 2 || parts.size() > 3 || (parts[0] != kAll && parts[0] != kNewest))
    refuse_selection(text, "it begins with neither all: nor newest:");
  KernelSelection selection{.only_newest = parts[0] == kNewest};
  if (parts.size() == 3)
    selection.flavour = parts[2];
  for (const std::string_view release : split(parts[1], ',')) {
    selection.releases.emplace_back(release);
    if (!debian_release_named(release))
      refuse_selection(text, fmt::format("'{}' is none of the releases {}", release,
                                         fmt::join(debian_codenames(), ", ")));
  }
  if (selection.releases.empty())
    refuse_selection(text, "it names no release of Debian");
  return selection;
}

std::vector<std::string> select_kernels(const std::vector<std::string>& packages,
                                        const KernelSelection& selection) {
  const std::set<std::string> served(packages.begin(), packages.end());
  std::vector<std::string> kernels;
  for (const std::string& package : served)
    if (const std::string release = release_of_image(package);
        !release.empty() && served.contains("linux-headers-" + release) &&
        (selection.flavour.empty() || kernel_flavour(release) == selection.flavour))
      kernels.push_back(release);
  std::ranges::sort(kernels, is_older);
  if (!selection.only_newest)
    return kernels;
  std::vector<std::string> newest;
  std::set<std::pair<std::string, std::string>> seen;
  for (auto release = kernels.rbegin(); release != kernels.rend(); ++release)
    if (seen.emplace(kernel_series(*release), kernel_flavour(*release)).second)
      newest.push_back(*release);
  std::ranges::reverse(newest);
  return newest;
}

std::vector<std::string> served_kernels(const std::string& text,
                                        const kernel::TargetRequest& request) {
  const KernelSelection selection = parse_selection(text);
  std::vector<std::string> kernels;
  std::string complaints;
  for (const std::string& name : selection.releases) {
    ReleaseArchive archive(*debian_release_named(name), request.cache, request.offline,
                           request.progress, request.snapshots);
    std::vector<std::string> packages;
    for (const std::string_view prefix :
         {kImagePrefix, std::string_view("linux-headers-")})
      std::ranges::copy(package_names(archive.apt(), std::string(prefix)),
                        std::back_inserter(packages));
    const std::vector<std::string> found = select_kernels(packages, selection);
    if (found.empty())
      complaints += fmt::format("; {} has none{}", name, archive.complaint());
    std::ranges::copy(found, std::back_inserter(kernels));
  }
  if (kernels.empty() || !complaints.empty())
    fail_with_remedy("see that the flavour is right and the archives can be reached, or "
                     "name the kernels, with one -a each",
                     "-a {}: the archives do not serve such kernels{}", text, complaints);
  return kernels;
}

} // namespace kpatch::distro
