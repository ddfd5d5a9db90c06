// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which release of Debian a kernel belongs to stands in its name since 6.12: "+deb13",
// also in kernels of backports. Before, it was in those of backports only
// ("6.1.0-0.deb11.52", "6.12.9+bpo"), and the stable kernel of a release has one series
// to itself
// ("6.1.0-56"). A machine's own lists have one release, so another one's kernels need
// lists of their own.
#include "distro/debian_suites.h"

#include "base/process.h"
#include "distro/apt.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

constexpr DebianRelease kReleases[] = {
    // The next release is in testing, and newer in unstable.
    {"14 (forky, sid)", "forky", "forky sid", ""},
    {"13 (trixie)", "trixie", "trixie trixie-updates trixie-backports",
     "trixie-security"},
    {"12 (bookworm)", "bookworm", "bookworm bookworm-updates bookworm-backports",
     "bookworm-security"},
    {"11 (bullseye)", "bullseye", "bullseye bullseye-updates", "bullseye-security"},
};

/// What tells a kernel's release, the more explicit first.
struct Mark {
  std::string_view text;
  bool is_prefix;
  std::string_view codename;
};

constexpr Mark kMarks[] = {
    {"+deb14", false, "forky"},     {"+deb13", false, "trixie"},
    {"+deb12", false, "bookworm"},  {"+deb11", false, "bullseye"},
    {".deb12.", false, "bookworm"}, {".deb11.", false, "bullseye"},
    {"+bpo", false, "bookworm"},    {"6.1.0-", true, "bookworm"},
    {"5.10.0-", true, "bullseye"},
};

std::string_view take_word(std::string_view& text, char separator) {
  const std::string_view word =
      text.substr(0, std::min(text.size(), text.find(separator)));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

/// What follows the name of a release in those of its suites.
constexpr std::string_view kSuffixes[] = {
    "", "-updates", "-backports", "-security", "/updates", "-lts", "-proposed-updates"};

/// Whether it is a suite of some release of Debian: "stable-security".
bool is_debian_suite(std::string_view suite) {
  const auto is_of = [&](std::string_view name) {
    return suite.starts_with(name) &&
           std::ranges::find(kSuffixes, suite.substr(name.size())) != std::end(kSuffixes);
  };
  for (const std::string_view alias :
       {"stable", "oldstable", "oldoldstable", "testing", "unstable", "sid"})
    if (is_of(alias))
      return true;
  return std::ranges::any_of(
      kReleases, [&](const DebianRelease& release) { return is_of(release.codename); });
}

std::string paragraph(std::string_view uri, std::string_view suites,
                      std::string_view architecture, const fs::path& keyring) {
  // A kernel is asked for by name and version, also of a release whose archive has ended
  // and signs no dates any more.
  std::string text = fmt::format("Types: deb\nURIs: {}\nSuites: {}\nComponents: main\n"
                                 "Check-Valid-Until: no\n",
                                 uri, suites);
  if (!architecture.empty())
    text += fmt::format("Architectures: {}\n", architecture);
  if (!keyring.empty())
    text += fmt::format("Signed-By: {}\n", keyring.string());
  return text + "\n";
}

} // namespace

const DebianRelease* debian_release_of(std::string_view kernel_release) {
  for (const Mark& mark : kMarks)
    if (mark.is_prefix ? kernel_release.starts_with(mark.text)
                       : kernel_release.find(mark.text) != std::string_view::npos)
      return debian_release_named(mark.codename);
  return nullptr;
}

const DebianRelease* debian_release_named(std::string_view codename) {
  const auto* const found =
      std::ranges::find(kReleases, codename, &DebianRelease::codename);
  return found == std::end(kReleases) ? nullptr : found;
}

std::vector<std::string> debian_codenames() {
  std::vector<std::string> names;
  for (const DebianRelease& release : kReleases)
    names.emplace_back(release.codename);
  return names;
}

// Others call suites as Debian does, too; the machine's own archive comes first.
Mirrors parse_mirrors(std::string_view text) {
  Mirrors mirrors;
  bool has_archive = false;
  bool has_security = false;
  while (!text.empty()) {
    // 'http://deb.debian.org/debian/dists/trixie/InRelease' name 0
    std::string_view line = take_word(text, '\n');
    take_word(line, '\'');
    const std::string_view uri = take_word(line, '\'');
    constexpr std::string_view kDists = "/dists/";
    const std::size_t dists = uri.rfind(kDists);
    if (dists == std::string_view::npos)
      continue;
    const std::string_view file = uri.substr(dists + kDists.size());
    const std::string_view suite = file.substr(0, file.rfind('/'));
    if (!is_debian_suite(suite))
      continue;
    const bool is_security =
        suite.find("security") != std::string_view::npos || suite.ends_with("/updates");
    bool& is_known = is_security ? has_security : has_archive;
    if (!is_known)
      (is_security ? mirrors.security : mirrors.archive) = uri.substr(0, dists + 1);
    is_known = true;
  }
  return mirrors;
}

Mirrors machine_mirrors() {
  return parse_mirrors(run(apt({"apt-get", "update", "--print-uris"})).output);
}

// A snapshot of an archive is an archive: where
// https://snapshot.debian.org/archive/debian-security/20260901T000000Z/ is, the lists are
// signed and have the sums of all files, as they had then.
std::string suites_list(const DebianRelease& release, const Mirrors& mirrors,
                        const std::vector<std::string>& snapshots,
                        std::string_view architecture, const fs::path& keyring) {
  std::string list = paragraph(mirrors.archive, release.suites, architecture, keyring);
  if (!release.security.empty())
    list += paragraph(mirrors.security, release.security, architecture, keyring);
  for (const std::string& uri : snapshots) {
    const bool is_security = uri.find("security") != std::string::npos;
    list += paragraph(uri, is_security ? release.security : release.suites, architecture,
                      keyring);
  }
  return list;
}

fs::path debian_keyring() {
  const fs::path keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  return fs::exists(keyring) ? keyring : fs::path();
}

} // namespace kpatch::distro
