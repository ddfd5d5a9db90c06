// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kpatch {

/// SHA-256 (FIPS 180-4), for names of things that are kept by content.
class Sha256 {
 public:
  Sha256();
  void add(std::span<const std::uint8_t> data);
  void add(std::string_view text);
  /// 64 hexadecimal digits. Nothing may be added afterwards.
  std::string finish();

 private:
  void compress(const std::uint8_t* block);

  std::array<std::uint32_t, 8> state_;
  std::array<std::uint8_t, 64> pending_{};
  std::size_t pending_size_ = 0;
  std::uint64_t total_ = 0;
};

std::string sha256(std::string_view text);

} // namespace kpatch
