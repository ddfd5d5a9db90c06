// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "distro/apt.h"
#include "distro/debian_suites.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::distro {

/// The archive of one release of Debian, whatever release the machine has, and what it
/// was at other times where `snapshots` are: its lists are in the cache. They are fetched
/// when they are first asked for, and once a day.
class ReleaseArchive {
 public:
  /// A `foreign` architecture's packages are in it beside those of the machine's own;
  /// empty: none.
  ReleaseArchive(const DebianRelease& release, const std::filesystem::path& cache,
                 bool is_offline, std::function<void(std::string_view)> progress = {},
                 std::vector<std::string> snapshots = {},
                 const std::string& foreign = {});

  const DebianRelease& release() const { return release_; }
  /// With lists, unless there are none and none can be had.
  const Apt& apt();
  /// Fetches the lists again, as something that should be there is not in them. False if
  /// they are as new as can be.
  bool refresh();
  /// What apt said when the lists could not be fetched; empty: nothing.
  const std::string& complaint() const { return complaint_; }

 private:
  bool update_if_older_than(std::chrono::seconds age);

  const DebianRelease& release_;
  std::vector<std::string> snapshots_;
  std::vector<std::string> architectures_; ///< none: apt's own
  std::filesystem::path state_;
  Apt apt_;
  bool is_offline_;
  std::function<void(std::string_view)> progress_;
  bool was_refused_ = false; ///< in this run: not asked again
  std::string complaint_;
};

} // namespace kpatch::distro
