// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>

namespace kpatch::kernel {

/// Sizes of the entries of the kernel's special sections, as far as this kernel has them.
struct StructSizes {
  std::optional<std::uint32_t> alt;
  std::optional<std::uint32_t> bug;
  std::optional<std::uint32_t> exception;
  std::optional<std::uint32_t> jump;
  std::optional<std::uint32_t> printk_index;
  std::optional<std::uint32_t> paravirt;
  std::optional<std::uint32_t> static_call;
  std::optional<std::uint32_t> fixup;
  std::optional<std::uint32_t> orc;
};

} // namespace kpatch::kernel
