// SPDX-License-Identifier: GPL-2.0-or-later
//
// A live patch is there until a kernel with the fix is started. Boot loaders start the
// newest that is installed, by its name (grub-mkconfig, kernel-install); a package of the
// same name may also have been built again. What such a kernel fixes says the changelog
// of its package: Debian's names the CVE ids. The first entry of one that is signed
// afterwards names the version of what was signed:
//
//   linux-signed-amd64 (6.1.192+3) bookworm-security; urgency=high
//     * Sign kernel from linux 6.1.192-3
//
// and the kernel that runs says which it is in /proc/version: "... Debian 6.1.192-2
// (...".
#include "runtime/after_reboot.h"

#include "base/cve.h"
#include "base/text.h"
#include "runtime/attributes.h"
#include "runtime/module_file.h"

#include <cstring>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

constexpr const char* kPackages[] = {"linux-image-", "linux-image-unsigned-",
                                     "linux-binary-"};
constexpr const char* kChangelogs[] = {"changelog.gz", "changelog.Debian.gz",
                                       "changelog.Debian", "changelog"};

/// Of the package of that kernel; nothing if it is not there or cannot be read.
std::optional<std::string> read_changelog(const Places& places,
                                          const std::string& release) {
  for (const char* package : kPackages)
    for (const char* name : kChangelogs) {
      const fs::path file = places.docs / (package + release) / name;
      if (!is_there(file))
        continue;
      try {
        const Bytes text = read_module_bytes(file);
        return std::string(text.begin(), text.end());
      } catch (const std::exception&) {
        return std::nullopt;
      }
    }
  return std::nullopt;
}

/// "6.1.192-2" of Debian's kernels; empty of others.
std::string running_version(const Places& places) {
  constexpr std::string_view kMark = " Debian ";
  const std::string text = read_attribute(places.proc / "version").value_or("");
  const std::size_t mark = text.rfind(kMark);
  if (mark == std::string::npos)
    return {};
  const std::string_view rest = std::string_view(text).substr(mark + kMark.size());
  return std::string(rest.substr(0, rest.find(' ')));
}

/// Whether the first entry is that of the version, and not of "6.1.192-21" for 6.1.192-2.
bool begins_with(std::string_view changelog, const std::string& version) {
  const std::string_view entry = changelog.substr(0, changelog.find("\n -- "));
  for (std::size_t at = entry.find(version); at != std::string_view::npos;
       at = entry.find(version, at + 1))
    if (const std::size_t end = at + version.size();
        end == entry.size() || entry[end] == ')' || entry[end] == ' ' ||
        entry[end] == '\n')
      return true;
  return false;
}

/// Installed kernels have their modules here.
std::string newest_kernel(const Places& places) {
  std::string newest = places.release;
  for (const std::string& release : directories_in(places.trees))
    if (is_there(places.trees / release / "kernel") &&
        strverscmp(release.c_str(), newest.c_str()) > 0)
      newest = release;
  return newest;
}

NextKernel described(std::string release, const std::optional<std::string>& changelog) {
  NextKernel next{std::move(release), std::nullopt};
  if (changelog) {
    const std::vector<std::string> ids = cves_in(*changelog);
    next.fixed.emplace(ids.begin(), ids.end());
  }
  return next;
}

} // namespace

std::optional<NextKernel> find_next_kernel(const Places& places) {
  std::string newest = newest_kernel(places);
  const std::optional<std::string> changelog = read_changelog(places, newest);
  if (newest != places.release)
    return described(std::move(newest), changelog);
  const std::string version = running_version(places);
  if (!changelog || version.empty() || begins_with(*changelog, version))
    return std::nullopt;
  return described(std::move(newest), changelog);
}

AfterReboot after_reboot(const NextKernel& next, const elf::ModuleInfo& info) {
  AfterReboot after{.kernel = next.release, .is_obsolete = std::nullopt};
  const std::vector<std::string> cves = elf::info_values(info, "cve");
  if (cves.empty())
    after.unknown = "the patch names no CVE";
  else if (!next.fixed)
    after.unknown = "that kernel's package has no changelog here";
  if (!after.unknown.empty())
    return after;
  for (const std::string& id : cves)
    if (!next.fixed->contains(id))
      after.missing.push_back(id);
  after.is_obsolete = after.missing.empty();
  return after;
}

} // namespace kpatch::runtime
