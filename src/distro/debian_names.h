// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kpatch::distro {

/// Throws Error unless the text can be the release of a kernel: it becomes part of
/// package names and paths.
void check_release(std::string_view release);

/// What uname -m says under a release: "x86_64" for "6.1.0-56-cloud-amd64". Throws Error
/// for an architecture that is not known.
std::string machine_of_release(std::string_view release);

/// How Debian calls the architecture of a kernel; empty if it is this machine's.
std::string foreign_architecture(std::string_view release);

/// Whether the word is the name of an architecture in Debian's kernels: "amd64".
bool is_debian_architecture(std::string_view word);

/// "6.1" for the package version "6.1.192-2".
std::string kernel_series(std::string_view version);

/// The package version in the text of uname -v ("#1 SMP ... Debian 6.1.192-2
/// (2026-11-16)"); empty if the kernel is not Debian's.
std::string running_debian_version(std::string_view uname_version);

/// The releases among the names of image packages that belong to a series and flavour.
std::vector<std::string> releases_of(const std::vector<std::string>& package_names,
                                     std::string_view series, std::string_view flavour);

/// "cloud-amd64" for "6.1.0-56-cloud-amd64".
std::string kernel_flavour(std::string_view release);

/// Up to `count` of the releases, those that come next before and after `wanted`, oldest
/// first.
std::vector<std::string> nearest_releases(std::vector<std::string> releases,
                                          const std::string& wanted, std::size_t count);

} // namespace kpatch::distro
