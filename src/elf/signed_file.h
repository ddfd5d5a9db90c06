// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/files.h"

#include <cstdint>
#include <optional>
#include <span>

namespace kpatch::elf {

/// A module file with its signature taken off.
struct SignedFile {
  std::span<const std::uint8_t> content; ///< what is signed
  std::span<const std::uint8_t> message; ///< PKCS#7, DER
};

/// Nothing if the file is not signed, or too damaged to find its parts.
std::optional<SignedFile> split_signature(std::span<const std::uint8_t> file);

/// The file as the kernel's scripts/sign-file makes it.
Bytes with_signature(std::span<const std::uint8_t> content,
                     std::span<const std::uint8_t> message);

} // namespace kpatch::elf
