// SPDX-License-Identifier: GPL-2.0-or-later
//
// What ends a signed module, behind the message: a `struct module_signature` and a line
// of text (include/linux/module_signature.h of the kernel).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kpatch::elf {

inline constexpr std::string_view kSignatureMark = "~Module signature appended~\n";
/// struct module_signature: five bytes, three of padding, the length of the message in
/// big-endian order.
inline constexpr std::size_t kTrailerSize = 12;
inline constexpr std::size_t kLengthInTrailer = 8;
inline constexpr std::size_t kKindInTrailer = 2;
inline constexpr std::uint8_t kPkcs7 = 2; ///< PKEY_ID_PKCS7, the only kind

} // namespace kpatch::elf
