// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "distro/apt.h"
#include "distro/live.h"
#include "distro/release_archive.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::distro {

/// The fields of a Debian package: "Version" -> "6.1.192-2". Descriptions are cut to
/// their first line.
using ControlFields = std::map<std::string, std::string, std::less<>>;

/// The paragraphs of control data, as apt-cache show and dpkg-deb -f print them.
std::vector<ControlFields> parse_control(std::string_view text);

/// The version of the kernel's source package that a package was made of. For a signed
/// kernel that is not its own source but the one it was "Built-Using".
std::string kernel_source_version(const ControlFields& package);

/// A source package of the archive, such as "linux" 6.1.192-2.
struct SourcePackage {
  std::string name;
  std::string version;
};

/// What the package says of itself under this name, such as "Version".
const std::string& get_field(const ControlFields& package, const std::string& name);

/// The source package that a package was made of; for a signed one, that of what was
/// signed.
SourcePackage source_package(const ControlFields& package);

/// The file of a source package that has what Debian adds to the original source:
/// "linux_6.1.192-2.debian.tar.xz".
std::string packaging_file(const SourcePackage& source);

/// The first package that a dependency list names with this prefix; empty if none.
std::string dependency_with_prefix(std::string_view depends, std::string_view prefix);

/// The versions in the output of apt-cache madison, newest first.
std::vector<std::string> parse_madison(std::string_view text);

/// The Debian package archive as apt knows it, and the package files already here. What
/// the machine's own lists do not have is looked for in those of the `release`, if one is
/// given.
class DebianArchive {
 public:
  DebianArchive(std::filesystem::path downloads, bool is_offline,
                std::shared_ptr<ReleaseArchive> release = {}, Live live = {})
      : downloads_(std::move(downloads)), is_offline_(is_offline),
        release_(std::move(release)), live_(std::move(live)) {}

  /// The package file, downloaded unless it is here already. Throws Error if the archive
  /// does not serve this very version.
  std::filesystem::path fetch(const std::string& package, const std::string& version);

  /// The same for a package of which a later version will do where this one is no longer
  /// served.
  std::filesystem::path fetch_at_least(const std::string& package,
                                       const std::string& version);

  /// What Debian adds to the original source, `packaging_file`, downloaded from the
  /// archive of the binary package `beside` ("name=version") unless it is here already.
  /// Throws Error if it is not served.
  std::filesystem::path fetch_packaging(const SourcePackage& source,
                                        const std::string& beside);

  /// The newest version of a package that is served or, failing that, was downloaded;
  /// empty if there is none.
  std::string find_newest_version(const std::string& package) const;
  /// The same; throws Error with `more` in it if there is none.
  std::string newest_version(const std::string& package,
                             const std::string& more = {}) const;
  /// The versions of a package that are served, newest first: those that the machine's
  /// lists have, or else those that the release's have.
  std::vector<std::string> served(const std::string& package) const;
  /// Whether some version of the package has been downloaded.
  bool is_here(const std::string& package) const {
    return !find_downloaded(package, "").empty();
  }
  /// The archive of the kernel's release; null if it is not known.
  ReleaseArchive* release() const { return release_.get(); }
  /// All package names that start with the prefix.
  std::vector<std::string> names(const std::string& prefix) const;

 private:
  /// The machine's apt if it serves this version, or else that of the release.
  const Apt& apt_that_serves(const std::string& package,
                             const std::string& version) const;
  /// The file, in its place; empty if it cannot be downloaded with this apt.
  std::filesystem::path download(const Apt& apt, const std::string& wanted,
                                 std::string& errors) const;
  std::string remedy() const;
  std::filesystem::path find_downloaded(const std::string& package,
                                        const std::string& version) const;
  std::filesystem::path downloads_;
  bool is_offline_;
  std::shared_ptr<ReleaseArchive> release_;
  Live live_;
  Apt machine_;
};

/// The versions of a package that the archives serve which this apt knows, newest first.
std::vector<std::string> served_versions(const Apt& apt, const std::string& package);

/// What to do about a package that has left the archive.
inline constexpr std::string_view kSnapshotRemedy =
    "fetch it from an archive of a time when it was there, with --snapshot "
    "https://snapshot.debian.org/archive/debian/DATE/ (for security updates "
    ".../archive/debian-security/DATE/; the page "
    "https://snapshot.debian.org/package/linux/ has the dates of each version)";

/// Whether apt says that an archive lacks a file which its lists have.
bool says_file_is_gone(std::string_view errors);

/// Whether one version of a Debian package is later than another, as dpkg compares them:
/// a
/// "~" comes before everything, even before the end. Throws Error without dpkg.
bool is_later_version(const std::string& one, const std::string& other);

/// What to take of the `served` versions, newest first, where `wanted` or a later one
/// will do; `wanted` if none is of use.
std::string wanted_or_later(const std::vector<std::string>& served,
                            const std::string& wanted);

/// All package names that this apt knows and that start with the prefix.
std::vector<std::string> package_names(const Apt& apt, const std::string& prefix);

/// The control fields inside a package file.
ControlFields read_control(const std::filesystem::path& package_file);

/// Runs a program that writes into the cache; tells a full disk from other failures.
void run_unpacker(std::vector<std::string> argv, const std::filesystem::path& archive,
                  const Live& live = {});

} // namespace kpatch::distro
