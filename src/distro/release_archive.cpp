// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lists of a release's archive are some ten megabytes. They say which versions are
// served, and of what they consist, for days, so they are kept; what they do not have may
// have come since.
#include "distro/release_archive.h"

#include "base/files.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cache/cache_upkeep.h"
#include "cache/layout.h"
#include "distro/apt.h"

#include <fmt/ranges.h>

namespace kpatch::distro {
namespace fs = std::filesystem;

namespace {

constexpr std::chrono::hours kAgeOfLists{24};
constexpr std::chrono::minutes kNew{10};
constexpr const char* kStamp = "fetched"; ///< its time is that of the lists

std::string architecture() {
  const Outcome outcome = run(apt({"dpkg", "--print-architecture"}));
  return std::string(outcome.ok() ? first_line(outcome.output) : "");
}

/// Lists with snapshots in them are lists of their own, and so are those with packages of
/// another architecture.
std::string state_name(const DebianRelease& release,
                       const std::vector<std::string>& snapshots,
                       const std::string& foreign) {
  const std::string name =
      fmt::format("{}{}{}", release.codename, foreign.empty() ? "" : "-", foreign);
  const std::string all = fmt::format("{}", fmt::join(snapshots, "\n"));
  return all.empty() ? name : fmt::format("{}-{}", name, sha256(all).substr(0, 12));
}

/// The machine's own comes first: what runs here is taken for it.
std::vector<std::string> with_own(const std::string& foreign) {
  return foreign.empty() ? std::vector<std::string>()
                         : std::vector<std::string>{architecture(), foreign};
}

bool is_fresh(const fs::path& stamp, std::chrono::seconds age) {
  return fs::exists(stamp) && !is_older_than(stamp, age);
}

} // namespace

ReleaseArchive::ReleaseArchive(const DebianRelease& release, const fs::path& cache,
                               bool is_offline,
                               std::function<void(std::string_view)> progress,
                               std::vector<std::string> snapshots,
                               const std::string& foreign)
    : release_(release), snapshots_(std::move(snapshots)),
      architectures_(with_own(foreign)),
      state_(cache / cache::kApt / state_name(release, snapshots_, foreign)),
      apt_(state_, architectures_), is_offline_(is_offline),
      progress_(std::move(progress)) {}

const Apt& ReleaseArchive::apt() {
  update_if_older_than(kAgeOfLists);
  if (fs::exists(state_))
    cache::record_use(state_);
  return apt_;
}

bool ReleaseArchive::refresh() {
  return update_if_older_than(kNew);
}

bool ReleaseArchive::update_if_older_than(std::chrono::seconds age) {
  if (is_offline_ || was_refused_ || is_fresh(state_ / kStamp, age) ||
      find_program("apt-get").empty())
    return false;
  fs::create_directories(state_);
  const FileLock lock(state_ / ".lock");
  if (is_fresh(state_ / kStamp, age)) // another run has done it meanwhile
    return true;
  if (progress_)
    progress_(fmt::format("Fetching the package lists of Debian {}", release_.name));
  const std::string wanted = architectures_.empty()
                                 ? architecture()
                                 : fmt::format("{}", fmt::join(architectures_, " "));
  make_apt_state(state_, suites_list(release_, machine_mirrors(), snapshots_, wanted,
                                     debian_keyring()));
  const Outcome outcome = run(apt_.command({"apt-get", "-q", "update"}));
  // One suite that is not there is not an obstacle to the others.
  complaint_ = errors_in(outcome.errors);
  was_refused_ = !complaint_.empty();
  if (!was_refused_)
    write_file(state_ / kStamp, std::string_view());
  return true;
}

} // namespace kpatch::distro
