// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/error.h"

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>

namespace kpatch {

/// Reads and writes integers of a given byte order at checked offsets, whatever the
/// host's order.
template <std::unsigned_integral T>
constexpr T swap_bytes(T value) {
  T swapped = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    swapped = static_cast<T>((swapped << (sizeof(T) > 1 ? 8 : 0)) |
                             ((value >> (8 * i)) & 0xff));
  return swapped;
}

template <std::unsigned_integral T>
T load(std::span<const std::uint8_t> data, std::uint64_t offset, std::endian order) {
  if (offset > data.size() || data.size() - offset < sizeof(T))
    fail("read of {} bytes at offset {:#x} is outside the {:#x} bytes there are",
         sizeof(T), offset, data.size());
  T value;
  std::memcpy(&value, data.data() + offset, sizeof(T));
  return order == std::endian::native ? value : swap_bytes(value);
}

template <std::unsigned_integral T>
void store(std::span<std::uint8_t> data, std::uint64_t offset, T value,
           std::endian order) {
  if (offset > data.size() || data.size() - offset < sizeof(T))
    fail("write of {} bytes at offset {:#x} is outside the {:#x} bytes there are",
         sizeof(T), offset, data.size());
  if (order != std::endian::native)
    value = swap_bytes(value);
  std::memcpy(data.data() + offset, &value, sizeof(T));
}

} // namespace kpatch
