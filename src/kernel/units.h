// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::kernel {

/// Which translation units a kernel was made of and which binary each went into. A unit
/// may have several owners: some modules share a source file.
class UnitIndex {
 public:
  void add(std::string_view source, std::string_view owner);

  /// The owners, sorted, of the unit whose main source file, relative to the top of the
  /// kernel tree, is `source` ("fs/proc/meminfo.c"). Empty if this kernel has no such
  /// unit.
  std::span<const std::string> owners(std::string_view source) const;
  /// The units of an owner, sorted.
  std::vector<std::string> units_of(std::string_view owner) const;
  /// All units with their owners.
  const std::map<std::string, std::vector<std::string>, std::less<>>& all() const {
    return owners_;
  }

  /// As text with one line a unit, and back. `parse` throws Error naming `label`.
  std::string text() const;
  static UnitIndex parse(std::string_view text, std::string_view label);

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> owners_;
};

/// "ip_vs_rr" for ".../ip_vs_rr.ko" and ".../ip-vs-rr.ko.xz": the name that the kernel
/// knows a module by.
std::string module_name(const std::filesystem::path& file);

} // namespace kpatch::kernel
