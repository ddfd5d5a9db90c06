// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::patch {

struct SeriesEntry {
  std::string name; ///< of the file, or of the mail in it
  std::string text;
};

/// The patches of a series in their order: a quilt series file, a folder with one, a
/// folder of git format-patch (by name), or a mailbox. Letters without a diff, such as
/// cover letters, are none. Throws Error naming file and line for what it cannot follow.
std::vector<SeriesEntry> read_series(const std::filesystem::path& path);

/// What the text around a patch says about it.
struct PatchMessage {
  std::string subject;            ///< without "[PATCH 1/2]"; empty: it is not a mail
  std::vector<std::string> fixes; ///< CVE ids, sorted, each once
  std::vector<std::string>
      tags; ///< of its "Fixes:" lines: commits that brought the fault
};
PatchMessage read_message(std::string_view patch);

} // namespace kpatch::patch
