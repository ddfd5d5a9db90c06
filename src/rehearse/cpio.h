// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/files.h"

#include <set>
#include <span>
#include <string>
#include <string_view>

namespace kpatch::rehearse {

/// An archive as the kernel unpacks it at boot ("newc" cpio, Documentation of the kernel:
/// driver-api/early-userspace/buffer-format). Directories above an entry come by
/// themselves. Everything belongs to root; times are zero, so equal content makes equal
/// archives.
class CpioArchive {
 public:
  void add_directory(std::string_view path);
  void add_file(std::string_view path, std::span<const std::uint8_t> content,
                unsigned mode = 0644);
  void add_file(std::string_view path, std::string_view content, unsigned mode = 0644);
  void add_character_device(std::string_view path, unsigned major, unsigned minor);
  bool contains(std::string_view path) const;

  /// The archive so far, with its end mark.
  std::string finish() const;

 private:
  std::string archive_;
  std::set<std::string, std::less<>> paths_;
};

} // namespace kpatch::rehearse
