// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kpatch::image {

/// One entry of the table with which a kernel finds its own symbols.
struct Kallsym {
  std::uint64_t address = 0;
  char type = '?'; ///< as nm prints it: upper case for globals
  std::string name;

  bool operator==(const Kallsym&) const = default;
};

/// Finds the table in the bytes of the section that holds it (.rodata of a vmlinux) and
/// decodes it; nothing if it is not there. `address` is where the section was linked. The
/// order is the kernel's own: livepatch positions count in it.
std::optional<std::vector<Kallsym>> decode_kallsyms(std::span<const std::uint8_t> section,
                                                    std::uint64_t address,
                                                    std::endian order);

} // namespace kpatch::image
