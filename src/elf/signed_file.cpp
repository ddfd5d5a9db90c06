// SPDX-License-Identifier: GPL-2.0-or-later
//
// The content is followed by the message, a `struct module_signature` and a fixed line of
// text (kernel: include/linux/module_signature.h, scripts/sign-file.c).
#include "elf/signed_file.h"

#include "base/endian.h"
#include "elf/signature_trailer.h"

#include <algorithm>
#include <string_view>

namespace kpatch::elf {

std::optional<SignedFile> split_signature(std::span<const std::uint8_t> file) {
  constexpr std::size_t kTail = kSignatureMark.size() + kTrailerSize;
  if (file.size() < kTail ||
      !std::ranges::equal(file.last(kSignatureMark.size()), kSignatureMark))
    return std::nullopt;
  const std::uint32_t length =
      load<std::uint32_t>(file.last(kTail), kLengthInTrailer, std::endian::big);
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
  trailer[kKindInTrailer] = kPkcs7;
  store<std::uint32_t>(trailer, kLengthInTrailer,
                       static_cast<std::uint32_t>(message.size()), std::endian::big);
  file.insert(file.end(), trailer.begin(), trailer.end());
  file.insert(file.end(), kSignatureMark.begin(), kSignatureMark.end());
  return file;
}

} // namespace kpatch::elf
