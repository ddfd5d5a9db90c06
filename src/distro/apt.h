// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/process.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::distro {

/// A program of apt's or dpkg's, with messages in English.
Command apt(std::vector<std::string> argv);

/// Apt as the machine is set up for it, or with lists and a state of its own, which
/// leaves the machine's as they are and needs no privilege.
class Apt {
 public:
  Apt() = default;
  /// Has its lists of archives in `state`/sources and all that it makes below `state`,
  /// where no package counts as installed.
  /// Packages of the `architectures` have plain names, the first of them before others;
  /// none: the machine's own.
  explicit Apt(const std::filesystem::path& state,
               const std::vector<std::string>& architectures = {});

  /// The program `argv[0]`, such as apt-get, with its arguments.
  Command command(std::vector<std::string> argv) const;

 private:
  std::vector<std::string> options_;
};

/// Apt's errors, each on a line behind a line feed, without its warnings.
std::string errors_in(std::string_view messages);

/// Makes the folders and files below `state` that apt expects, and the list of archives.
void make_apt_state(const std::filesystem::path& state, const std::string& sources);

} // namespace kpatch::distro
