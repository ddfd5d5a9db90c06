// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/files.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace kpatch::sign {

/// Who signs modules, and how.
struct Signer {
  std::string key;                   ///< a file (PEM), or a "pkcs11:" URI
  std::filesystem::path certificate; ///< of that key, PEM or DER
  std::string hash = "sha256";

  bool is_set() const { return !key.empty(); }
};

/// Throws Error unless key and certificate are there, before much work is done for them.
void check_signer(const Signer& signer);

/// The module with this signature, in the place of one that it may have.
Bytes signed_module(std::span<const std::uint8_t> module, const Signer& signer);

/// Why these bytes are not those that one of the certificates (DER) has signed, in words
/// that follow the module's name; empty if they are, and if nobody can tell: the signer
/// is another one, there is no signature, or no openssl to check it.
std::string altered_fault(std::span<const std::uint8_t> module,
                          const std::vector<Bytes>& certificates);

/// Why the module's signature is not a good one by any of these certificates, in words
/// that follow its name; empty if it is.
std::string signature_fault(std::span<const std::uint8_t> module,
                            const std::vector<std::filesystem::path>& certificates);

} // namespace kpatch::sign
