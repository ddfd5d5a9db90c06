// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace kpatch::elf {

/// Who signed a module. Whether the kernel trusts the signature is for the kernel to say.
struct ModuleSignature {
  bool is_present = false;
  std::string signer; ///< common name of the certificate; empty if unknown
  std::string damage; ///< why no kernel can read it; mostly empty
};

/// `image` is the decompressed module file.
ModuleSignature read_signature(std::span<const std::uint8_t> image);

} // namespace kpatch::elf
