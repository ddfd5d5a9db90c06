// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"

#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::runtime {

/// What a kernel module file says about itself.
struct ModuleFile {
  std::string name;                             ///< as the kernel will call it
  std::multimap<std::string, std::string> info; ///< modinfo: key and value
  std::set<std::string> patched_objects;        ///< of a live patch; `vmlinux` or modules

  /// First value of a modinfo key, or empty.
  std::string info_value(const std::string& key) const;
  /// First word of vermagic: the release it was built for.
  std::string release() const;
  /// Modules that must be there first, from `depends=` and `softdep=pre:`.
  std::vector<std::string> needed() const;
  std::vector<std::string> wanted() const;
};

ModuleFile describe_module(const elf::Object& object);
/// Reads a .ko, decompressing .xz, .zst and .gz with the system's tools.
ModuleFile read_module_file(const std::filesystem::path& path);
/// The bytes of a .ko, decompressed.
Bytes read_module_bytes(const std::filesystem::path& path);

/// The kernel knows modules by names with `_` where file names may have `-`.
std::string module_name(std::string_view file_name);

} // namespace kpatch::runtime
