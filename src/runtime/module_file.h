// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"
#include "elf/patch_note.h"

#include <compare>
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::runtime {

/// A function that a live patch replaces.
struct ReplacedFunction {
  std::string object; ///< `vmlinux` or a module
  std::string name;
  unsigned long occurrence = 1; ///< among the object's symbols of this name

  auto operator<=>(const ReplacedFunction&) const = default;
};

/// What a kernel module file says about itself.
struct ModuleFile {
  std::string name;                        ///< as the kernel will call it
  std::uint16_t machine = 0;               ///< of <elf.h>
  elf::ModuleInfo info;                    ///< modinfo, in its order
  std::set<std::string> patched_objects;   ///< of a live patch; `vmlinux` or modules
  std::vector<ReplacedFunction> functions; ///< of a live patch, sorted

  /// First value of a modinfo key, or empty.
  std::string info_value(const std::string& key) const;
  bool is_livepatch() const { return !info_value("livepatch").empty() || is_for_core(); }
  /// Whether kpatch.ko takes it, and not the kernel's own livepatch code.
  bool is_for_core() const { return !info_value("kpatch").empty(); }
  /// Whether it takes over from all patches loaded before; nothing if it does not say.
  std::optional<bool> replaces() const;
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

/// Whether a file of this name can be a module: `.ko`, or that and `.xz`, `.zst`, `.gz`.
bool is_module_file_name(std::string_view file_name);

/// The kernel knows modules by names with `_` where file names may have `-`.
std::string module_name(std::string_view file_name);

} // namespace kpatch::runtime
