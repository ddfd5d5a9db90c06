// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::klp {

/// One file that kbuild makes on the way to a module.
struct LinkStep {
  std::string target;  ///< its name in the module's folder
  std::string command; ///< as kbuild gave it to a shell
};

/// A module's folder, laid out for kbuild.
struct LinkPlace {
  std::filesystem::path folder;   ///< `M=`
  std::filesystem::path objects;  ///< the prepared tree
  std::string name;               ///< the module's
  std::vector<std::string> parts; ///< names of the objects in parts/
};

/// How kbuild makes an external module of objects that are there, in order. Names of a
/// module, its folder and its parts stand in it as marks.
struct LinkSteps {
  std::vector<LinkStep> steps;
  /// What every module of the kernel has in common, as kbuild made it; empty: there is no
  /// such object.
  std::string common;

  std::string text() const;
  /// Throws Error if it is not such a text.
  static LinkSteps parse(std::string_view text);
};

/// The module and part by whose making kbuild is watched: names that nothing else has.
inline constexpr const char* kWatchedName = "kpatch-watched-module";
inline constexpr const char* kWatchedPart = "kpatch-watched-part.o";

/// What kbuild has recorded in a folder in which it has made that module of that part.
/// Nothing if it does more, less or other things than are known here.
std::optional<LinkSteps> watched_steps(const std::filesystem::path& folder);

/// The shell commands for one module, in order.
std::vector<std::string> commands_for(const LinkSteps& steps, const LinkPlace& place);

/// Makes the module as kbuild would. Returns what the programs complained about, or
/// nothing if one of them fails or the folder's path is not for shells.
std::optional<std::string> follow_steps(const LinkSteps& steps, const LinkPlace& place);

} // namespace kpatch::klp
