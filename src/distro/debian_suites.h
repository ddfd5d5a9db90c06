// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::distro {

/// A release of Debian and the parts of the archive that have its kernels.
struct DebianRelease {
  std::string_view name;     ///< "13 (trixie)"
  std::string_view codename; ///< "trixie"
  std::string_view suites;   ///< of the archive: "trixie trixie-updates"
  std::string_view security; ///< of the archive of security updates; may be empty
};

/// The release of Debian that a kernel of this name belongs to: trixie for
/// "6.12.118+deb13-cloud-amd64". Null if the name does not tell.
const DebianRelease* debian_release_of(std::string_view kernel_release);

/// The release with this codename; null if it is not known.
const DebianRelease* debian_release_named(std::string_view codename);

/// The codenames of all that are known, the newest first.
std::vector<std::string> debian_codenames();

/// Where Debian's archives are, as the machine's own lists have it.
struct Mirrors {
  std::string archive = "http://deb.debian.org/debian/";
  std::string security = "http://deb.debian.org/debian-security/";
};

/// Those in what `apt-get update --print-uris` says it would fetch.
Mirrors parse_mirrors(std::string_view text);

/// Those that apt is set up for here.
Mirrors machine_mirrors();

/// The list of the release's archives, for apt (sources.list(5), "DEB822-Style Format"),
/// and of those of an earlier time at `snapshots`. An empty architecture or keyring:
/// apt's own.
std::string suites_list(const DebianRelease& release, const Mirrors& mirrors,
                        const std::vector<std::string>& snapshots,
                        std::string_view architecture,
                        const std::filesystem::path& keyring);

/// The keys of Debian's archive; empty if they are not installed.
std::filesystem::path debian_keyring();

} // namespace kpatch::distro
