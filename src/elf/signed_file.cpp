// SPDX-License-Identifier: GPL-2.0-or-later
//
// The content is followed by the message, a `struct module_signature` and a fixed line of
// text (kernel: include/linux/module_signature.h, scripts/sign-file.c).
#include "elf/signed_file.h"

#include "base/endian.h"

#include <algorithm>
#include <string_view>

namespace kpatch::elf {

namespace {

constexpr std::string_view kMark = "~Module signature appended~\n";
constexpr std::size_t kTrailerSize = 12;
constexpr std::size_t kKindAt = 2, kLengthAt = 8;
constexpr std::uint8_t kPkcs7 = 2; // PKEY_ID_PKCS7

} // namespace

std::optional<SignedFile> split_signature(std::span<const std::uint8_t> file) {
  constexpr std::size_t kTail = kMark.size() + kTrailerSize;
  if (file.size() < kTail || !std::ranges::equal(file.last(kMark.size()), kMark))
    return std::nullopt;
  const std::uint32_t length =
      load<std::uint32_t>(file.last(kTail), kLengthAt, std::endian::big);
  const std::span<const std::uint8_t> rest = file.first(file.size() - kTail);
  if (length >= rest.size())
    return std::nullopt;
  return SignedFile{rest.first(rest.size() - length), rest.last(length)};
}

Bytes with_signature(std::span<const std::uint8_t> content,
                     std::span<const std::uint8_t> message) {
  Bytes file(content.begin(), content.end());
  file.insert(file.end(), message.begin(), message.end());
  Bytes trailer(kTrailerSize);
  trailer[kKindAt] = kPkcs7;
  store<std::uint32_t>(trailer, kLengthAt, static_cast<std::uint32_t>(message.size()),
                       std::endian::big);
  file.insert(file.end(), trailer.begin(), trailer.end());
  file.insert(file.end(), kMark.begin(), kMark.end());
  return file;
}

} // namespace kpatch::elf
