// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "package/package.h"
#include "runtime/module_file.h"

#include <ctime>
#include <string>
#include <vector>

namespace kpatch::package {

/// What there is to say about the package, in whatever form.
struct PatchPackage {
  std::string name;       ///< "kpatch-patch-6.1.0-56-cloud-amd64"
  std::string version;    ///< of the patch
  std::string release;    ///< of the kernel
  std::string file;       ///< of the module, without its folder
  std::uint16_t machine;  ///< of <elf.h>
  std::string maintainer; ///< "Name <address>"
  std::string url;        ///< empty: none
  std::string summary;
  std::vector<std::string> changes; ///< one sentence each: what it does, what it fixes
  std::time_t date;
};

PatchPackage describe_package(const std::filesystem::path& module);

/// "Name <address>" of the author, else of the environment as Debian's tools have it.
/// Throws Error if there is neither.
std::string maintainer_of(const std::string& author);

/// Puts the module and its papers below the root, where the package has them.
void place_contents(const PatchPackage& package, const Contents& contents,
                    const std::filesystem::path& root);

/// Where those are, as absolute paths of the machine.
std::filesystem::path module_folder(const PatchPackage& package);
std::filesystem::path papers_folder(const PatchPackage& package);

/// The text, broken into lines of so many columns.
std::vector<std::string> wrapped(std::string_view text, std::size_t columns);

/// What the package manager runs, for /bin/sh.
struct Scripts {
  std::string begin; ///< what all of them begin with
  /// Calls: before the files are there, when they have come, when they are about to go.
  std::string check_kernel, take_effect, leave;
};
Scripts scripts_of(const PatchPackage& package);

std::filesystem::path make_deb(const PatchPackage& package, const Contents& contents,
                               const std::filesystem::path& directory);
std::filesystem::path make_rpm(const PatchPackage& package, const Contents& contents,
                               const std::filesystem::path& directory);

} // namespace kpatch::package
