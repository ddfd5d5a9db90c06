// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::kernel {

/// What kbuild gave a shell to make the target of a `.<target>.cmd` file: one line, not
/// empty; nothing if none is recorded there.
std::optional<std::string> recorded_text(std::string_view cmd_file);

/// What kbuild did to make one target, read from its hidden `.<target>.cmd` file.
struct RecordedCommand {
  /// The programs in order, each with its arguments as a shell would have split them.
  std::vector<std::vector<std::string>> programs;
  std::string source; ///< the main source file, as kbuild named it
};

/// Throws Error naming `label` if the file has no command or one that needs more of a
/// shell than quoting and `;`.
RecordedCommand parse_recorded_command(std::string_view cmd_file, std::string_view label);

} // namespace kpatch::kernel
