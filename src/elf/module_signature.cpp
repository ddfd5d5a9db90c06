// SPDX-License-Identifier: GPL-2.0-or-later
//
// A signed module ends in a PKCS#7 message, a `struct module_signature` that tells its
// length, and a fixed line of text (kernel: include/linux/module_signature.h). The
// kernel's sign-file puts no certificate into the message, so the one common name in it
// is that of the signing certificate's issuer: for the self-signed certificates used with
// modules the signer.
#include "elf/module_signature.h"

#include "base/endian.h"
#include "elf/signature_trailer.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace kpatch::elf {

namespace {

/// What a PKCS#7 message begins with: a sequence whose length has one to three bytes, and
/// in it the object identifier 1.2.840.113549.1.7.2, signedData.
constexpr std::uint8_t kSequence = 0x30;
constexpr std::array<std::uint8_t, 11> kSignedData = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                                      0xf7, 0x0d, 0x01, 0x07, 0x02};
/// The object identifier 2.5.4.3, commonName, in DER.
constexpr std::array<std::uint8_t, 5> kCommonName = {0x06, 0x03, 0x55, 0x04, 0x03};
/// DER: tag and a length of one byte; names are no longer than 64 characters.
constexpr std::size_t kStringHeader = 2;
constexpr std::uint8_t kLongestShortLength = 0x7f;

std::string common_name(std::span<const std::uint8_t> message) {
  const auto found =
      std::search(message.begin(), message.end(), kCommonName.begin(), kCommonName.end());
  if (found == message.end())
    return {};
  const std::span<const std::uint8_t> rest(found + kCommonName.size(), message.end());
  if (rest.size() < kStringHeader || rest[1] > kLongestShortLength ||
      rest.size() - kStringHeader < rest[1])
    return {};
  const std::span<const std::uint8_t> text = rest.subspan(kStringHeader, rest[1]);
  // It is printed, so nothing in it may control a terminal.
  std::string name(text.begin(), text.end());
  std::ranges::replace_if(
      name, [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return name;
}

/// What follows the head of a sequence that is as long as the message; else nothing.
std::span<const std::uint8_t> inside_sequence(std::span<const std::uint8_t> message) {
  constexpr std::uint8_t kLongForm = 0x80;
  constexpr std::size_t kShortHead = 2, kMostLengthBytes = 3;
  if (message.size() < kShortHead || message[0] != kSequence)
    return {};
  std::size_t head = kShortHead, length = message[1];
  if (length > kLongForm) {
    head += length - kLongForm;
    if (head > kShortHead + kMostLengthBytes || message.size() < head)
      return {};
    length = 0;
    for (const std::uint8_t byte : message.subspan(kShortHead, head - kShortHead))
      length = length << 8U | byte;
  }
  return message.size() - head == length ? message.subspan(head)
                                         : std::span<const std::uint8_t>();
}

/// What kernel/module_signature.c (mod_check_sig) and the parser behind it give up at.
std::string damage_of(std::span<const std::uint8_t> trailer,
                      std::span<const std::uint8_t> message) {
  if (trailer[kKindInTrailer] != kPkcs7)
    return "is not a PKCS#7 message";
  for (std::size_t i = 0; i < kLengthInTrailer; ++i)
    if (i != kKindInTrailer && trailer[i] != 0)
      return "has fields that must be zero and are not";
  const auto inside = inside_sequence(message);
  if (inside.size() < kSignedData.size() ||
      !std::ranges::equal(inside.first(kSignedData.size()), kSignedData))
    return "says that it is a PKCS#7 message, and is not";
  return {};
}

} // namespace

ModuleSignature read_signature(std::span<const std::uint8_t> image) {
  if (image.size() < kSignatureMark.size() + kTrailerSize ||
      !std::ranges::equal(image.last(kSignatureMark.size()), kSignatureMark))
    return {};
  ModuleSignature signature{.is_present = true};
  image = image.first(image.size() - kSignatureMark.size());
  const std::span<const std::uint8_t> trailer = image.last(kTrailerSize);
  image = image.first(image.size() - kTrailerSize);
  const std::uint32_t length =
      load<std::uint32_t>(trailer, kLengthInTrailer, std::endian::big);
  if (length >= image.size()) {
    signature.damage = "says that it is longer than the file";
    return signature;
  }
  signature.signer = common_name(image.last(length));
  signature.damage = damage_of(trailer, image.last(length));
  return signature;
}

} // namespace kpatch::elf
