// SPDX-License-Identifier: GPL-2.0-or-later
//
// Packages are fetched with `apt-get download`, which needs no privilege, follows
// whatever mirrors and proxies the machine is set up for, and checks signatures and sums.
// It writes under the final name as it goes, so it works in a directory of its own.
#include "distro/debian_archive.h"

#include "base/error.h"
#include "base/files.h"
#include "base/option_table.h"
#include "base/process.h"
#include "base/text.h"
#include "cache/cache_upkeep.h"
#include "distro/debian_sources.h"

#include <algorithm>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kUpdateRemedy =
    "refresh the package lists, as root: apt-get update";

[[noreturn]] void fail_offline(const std::string& wanted, const fs::path& downloads) {
  fail_with_remedy("run once without the offline option",
                   "{}: not in {}, and not to be fetched", wanted, downloads.string());
}

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words)
    line += (line.empty() ? "" : ", ") + word;
  return line;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t\n");
  if (start == std::string_view::npos)
    return {};
  return text.substr(start, text.find_last_not_of(" \t\n") - start + 1);
}

/// "1.2-3" out of "name (= 1.2-3)" or "name (1.2-3)".
std::string_view version_in_parentheses(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.find(')', open);
  if (open == std::string_view::npos || close == std::string_view::npos)
    return {};
  text = text.substr(open + 1, close - open - 1);
  return trimmed(text.substr(std::min(text.find_first_not_of("<>= "), text.size())));
}

/// The items of a comma-separated list of packages.
std::vector<std::string_view> list_items(std::string_view list) {
  std::vector<std::string_view> items;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    items.push_back(trimmed(list.substr(0, comma)));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return items;
}

std::string_view package_name(std::string_view item) {
  return item.substr(0, item.find_first_of(" (|:"));
}

/// "linux", or a kernel that a release of Debian offers besides its own: "linux-6.12".
bool is_kernel_source(std::string_view name) {
  constexpr std::string_view kName = "linux";
  if (!name.starts_with(kName))
    return false;
  name.remove_prefix(kName.size());
  return name.empty() || (name.size() > 1 && name[0] == '-' && is_digit(name[1]));
}

[[noreturn]] void refuse_version(const std::string& package, const std::string& version,
                                 const std::vector<std::string>& served,
                                 const std::string& remedy) {
  fail_with_remedy(
      fmt::format("a live patch needs exactly this version; {}, or give the kernel's "
                  "files with -s, -c and -v. If the package lists are old, {}",
                  kSnapshotRemedy, remedy),
      "{} {}: the archive does not serve this version (tried: apt-get download {}={}; "
      "served: {})",
      package, version, package, version, served.empty() ? "none" : joined(served));
}

/// Of the package file, "name=version"; 0: not known.
std::uintmax_t size_of(const Apt& apt, const std::string& wanted) {
  const Outcome outcome = run(apt.command({"apt-cache", "show", wanted}));
  const std::vector<ControlFields> found = parse_control(outcome.output);
  if (found.empty() || !found.front().contains("Size"))
    return 0;
  return whole_number(found.front().at("Size")).value_or(0);
}

} // namespace

std::vector<ControlFields> parse_control(std::string_view text) {
  std::vector<ControlFields> paragraphs(1);
  for (const std::string_view line : lines_of(text)) {
    const std::size_t colon = line.find(':');
    if (line.empty() && !paragraphs.back().empty())
      paragraphs.emplace_back();
    else if (!line.empty() && line.front() != ' ' && colon != std::string_view::npos)
      paragraphs.back().insert_or_assign(std::string(line.substr(0, colon)),
                                         std::string(trimmed(line.substr(colon + 1))));
  }
  if (paragraphs.back().empty())
    paragraphs.pop_back();
  return paragraphs;
}

const std::string& get_field(const ControlFields& package, const std::string& name) {
  const auto field = package.find(name);
  if (field == package.end())
    fail("a package of Debian has no field {} in its description", name);
  return field->second;
}

std::string kernel_source_version(const ControlFields& package) {
  if (const auto using_list = package.find("Built-Using"); using_list != package.end())
    for (const std::string_view item : list_items(using_list->second))
      if (is_kernel_source(package_name(item)))
        return std::string(version_in_parentheses(item));
  const auto named = package.find("Source");
  const auto version = package.find("Version");
  if (named != package.end() && is_kernel_source(package_name(named->second))) {
    const std::string_view explicit_version = version_in_parentheses(named->second);
    if (!explicit_version.empty())
      return std::string(explicit_version);
    if (version != package.end())
      return version->second;
  }
  const auto name = package.find("Package");
  fail("{}: it does not say which version of the kernel's source package it was built "
       "from",
       name == package.end() ? "package" : name->second);
}

SourcePackage source_package(const ControlFields& package) {
  SourcePackage source{.name = get_field(package, "Package"),
                       .version = get_field(package, "Version")};
  const auto named = package.find("Source"); // "linux" or "linux (6.1.192-2)"
  if (named == package.end())
    return source;
  source.name = package_name(named->second);
  if (const std::string_view version = version_in_parentheses(named->second);
      !version.empty())
    source.version = version;
  constexpr std::string_view kSigned = "-signed";
  if (const std::size_t at = source.name.find(kSigned); at != std::string::npos)
    source.name.erase(at, kSigned.size());
  return source;
}

std::string packaging_file(const SourcePackage& source) {
  // An epoch, "1:", is in no file name.
  const std::string& version = source.version;
  return fmt::format("{}_{}.debian.tar.xz", source.name,
                     version.substr(version.find(':') + 1));
}

std::string dependency_with_prefix(std::string_view depends, std::string_view prefix) {
  for (const std::string_view item : list_items(depends))
    if (package_name(item).starts_with(prefix))
      return std::string(package_name(item));
  return {};
}

std::vector<std::string> parse_madison(std::string_view text) {
  std::vector<std::string> versions;
  for (const std::string_view line : lines_of(text)) {
    const std::size_t first = line.find('|');
    const std::size_t second = line.find('|', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos ||
        line.ends_with(" Sources"))
      continue;
    const std::string version(trimmed(line.substr(first + 1, second - first - 1)));
    if (std::find(versions.begin(), versions.end(), version) == versions.end())
      versions.push_back(version);
  }
  return versions;
}

std::vector<std::string> served_versions(const Apt& apt, const std::string& package) {
  if (find_program("apt-cache").empty())
    return {};
  return parse_madison(run(apt.command({"apt-cache", "madison", package})).output);
}

bool says_file_is_gone(std::string_view errors) {
  // apt's methods http and file
  return errors.find("404  Not Found") != std::string_view::npos ||
         errors.find("File not found") != std::string_view::npos;
}

bool is_later_version(const std::string& one, const std::string& other) {
  const Outcome answer = run({.argv = {"dpkg", "--compare-versions", one, "gt", other}});
  if (answer.status > 1)
    fail("dpkg --compare-versions {} gt {}: {}", one, other, trimmed(answer.errors));
  return answer.ok();
}

std::string wanted_or_later(const std::vector<std::string>& served,
                            const std::string& wanted) {
  if (served.empty() || std::ranges::find(served, wanted) != served.end())
    return wanted;
  return is_later_version(served.front(), wanted) ? served.front() : wanted;
}

std::vector<std::string> package_names(const Apt& apt, const std::string& prefix) {
  if (find_program("apt-cache").empty())
    return {};
  const std::string output = run(apt.command({"apt-cache", "pkgnames", prefix})).output;
  const std::vector<std::string_view> names = lines_of(output);
  return {names.begin(), names.end()};
}

fs::path DebianArchive::find_downloaded(const std::string& package,
                                        const std::string& version) const {
  if (!fs::is_directory(downloads_))
    return {};
  const std::string prefix = package + "_" + version + (version.empty() ? "" : "_");
  for (const fs::directory_entry& entry : fs::directory_iterator(downloads_))
    if (const std::string name = entry.path().filename().string();
        name.starts_with(prefix) && name.ends_with(".deb"))
      return entry.path();
  return {};
}

std::vector<std::string> DebianArchive::served(const std::string& package) const {
  std::vector<std::string> versions = served_versions(machine_, package);
  if (!versions.empty() || !release_)
    return versions;
  versions = served_versions(release_->apt(), package);
  if (versions.empty() && release_->refresh())
    versions = served_versions(release_->apt(), package);
  return versions;
}

std::vector<std::string> DebianArchive::names(const std::string& prefix) const {
  std::vector<std::string> all = package_names(machine_, prefix);
  if (release_)
    for (std::string& name : package_names(release_->apt(), prefix))
      if (std::ranges::find(all, name) == all.end())
        all.push_back(std::move(name));
  return all;
}

const Apt& DebianArchive::apt_that_serves(const std::string& package,
                                          const std::string& version) const {
  const std::vector<std::string> here = served_versions(machine_, package);
  return !release_ || std::ranges::find(here, version) != here.end() ? machine_
                                                                     : release_->apt();
}

std::string DebianArchive::find_newest_version(const std::string& package) const {
  const std::vector<std::string> versions = served(package);
  if (!versions.empty())
    return versions.front();
  const fs::path here = find_downloaded(package, "");
  return here.empty() ? std::string() : get_field(read_control(here), "Version");
}

std::string DebianArchive::remedy() const {
  if (!release_)
    return std::string(kUpdateRemedy);
  if (is_offline_)
    return fmt::format("run without the offline option: the lists of Debian {} are then "
                       "fetched",
                       release_->release().name);
  if (release_->complaint().empty())
    return fmt::format(
        "see that the name is right: the lists of Debian {} are up to date",
        release_->release().name);
  return fmt::format("see that the archive of Debian {} can be reached; apt says:{}",
                     release_->release().name, release_->complaint());
}

std::string DebianArchive::newest_version(const std::string& package,
                                          const std::string& more) const {
  std::string version = find_newest_version(package);
  if (version.empty())
    fail_with_remedy(fmt::format("for a kernel that is no longer served, {}; else {}",
                                 kSnapshotRemedy, remedy()),
                     "{}: apt knows no such package{}", package, more);
  return version;
}

fs::path DebianArchive::download(const Apt& apt, const std::string& wanted,
                                 std::string& errors) const {
  fs::create_directories(downloads_);
  TempDir fresh(".new-", downloads_);
  Command command = apt.command({"apt-get", "-q", "download", wanted});
  command.directory = fresh.path();
  const std::uintmax_t size = live_ ? size_of(apt, wanted) : 0;
  const Outcome outcome =
      run_watched(command, live_, watch_download(wanted, fresh.path(), size));
  fs::path file;
  for (const fs::directory_entry& entry : fs::directory_iterator(fresh.path()))
    if (entry.path().extension() == ".deb")
      file = entry.path();
  errors += outcome.errors;
  if (!outcome.ok() || file.empty())
    return {};
  // Out of an archive of files apt only makes a link.
  const fs::path whole = fresh.path() / "whole";
  if (fs::is_symlink(file))
    fs::copy_file(file, whole);
  else
    fs::rename(file, whole);
  const fs::path final_name = downloads_ / file.filename();
  cache::record_fresh(whole, final_name);
  fs::rename(whole, final_name);
  return final_name;
}

fs::path DebianArchive::fetch(const std::string& package, const std::string& version) {
  if (const fs::path here = find_downloaded(package, version); !here.empty())
    return here;
  const std::string wanted = package + "=" + version;
  if (is_offline_)
    fail_offline(wanted, downloads_);
  if (find_program("apt-get").empty())
    fail("apt-get: no such program; packages of a Debian kernel are fetched with it");

  std::string errors;
  const Apt& first = apt_that_serves(package, version);
  if (fs::path file = download(first, wanted, errors); !file.empty())
    return file;
  // The lists may be older than the archive.
  if (release_ && (&first == &machine_ || release_->refresh()))
    if (fs::path file = download(release_->apt(), wanted, errors); !file.empty())
      return file;

  const std::vector<std::string> versions = served(package);
  if (std::find(versions.begin(), versions.end(), version) == versions.end())
    refuse_version(package, version, versions, remedy());
  if (says_file_is_gone(errors))
    fail_with_remedy(
        fmt::format("{}, or build for another kernel, of which all is served",
                    kSnapshotRemedy),
        "{} {}: the lists of the archive name this version, but the archive "
        "does not have its file{}",
        package, version, errors_in(errors));
  fail_with_remedy(
      "check the network, the free space and, if the archive has moved on, " + remedy(),
      "{}: it cannot be downloaded\n{}", wanted, trimmed(errors));
}

fs::path DebianArchive::fetch_at_least(const std::string& package,
                                       const std::string& version) {
  if (const fs::path here = find_downloaded(package, version); !here.empty())
    return here;
  return fetch(package, wanted_or_later(served(package), version));
}

fs::path DebianArchive::fetch_packaging(const SourcePackage& source,
                                        const std::string& beside) {
  const std::string name = packaging_file(source);
  if (fs::exists(downloads_ / name))
    return downloads_ / name;
  if (is_offline_)
    fail_offline(name, downloads_);
  fs::create_directories(downloads_);
  const TempDir fresh(".new-", downloads_);
  const std::size_t sign = std::min(beside.find('='), beside.size() - 1);
  const Apt& apt = apt_that_serves(beside.substr(0, sign), beside.substr(sign + 1));
  download_source(apt, source, SourceParts::kPackaging, beside, fresh.path());
  if (!fs::exists(fresh.path() / name))
    fail_with_remedy("give a source that has all patches with -s",
                     "{}={}: its source has no {}", source.name, source.version, name);
  // Out of an archive of files apt only makes a link.
  const fs::path whole = fresh.path() / "whole";
  fs::copy_file(fresh.path() / name, whole);
  fs::rename(whole, downloads_ / name);
  return downloads_ / name;
}

ControlFields read_control(const fs::path& package_file) {
  const std::vector<ControlFields> paragraphs =
      parse_control(run_checked(apt({"dpkg-deb", "-f", package_file.string()})));
  if (paragraphs.size() != 1 || !paragraphs[0].contains("Version"))
    fail("{}: not a Debian package", package_file.string());
  return paragraphs[0];
}

void run_unpacker(std::vector<std::string> argv, const fs::path& archive,
                  const Live& live) {
  if (find_program(argv[0]).empty())
    fail_with_remedy(fmt::format("install {}", argv[0]), "{}: no such program in PATH",
                     argv[0]);
  const Outcome outcome = run_watched(apt(std::move(argv)), live, [&](double seconds) {
    return unpacking_text(archive.filename().native(), 0, 0, seconds);
  });
  if (outcome.ok())
    return;
  const bool is_full = outcome.errors.find("No space left") != std::string::npos;
  fail_with_remedy(
      is_full ? "a kernel needs about 4 GB: free that much, or set CACHEDIR to "
                "a directory on another disk"
              : fmt::format("if the file is damaged, delete it and run again: {}",
                            archive.string()),
      "{}: cannot be unpacked\n{}", archive.string(), trimmed(outcome.errors));
}

} // namespace kpatch::distro
