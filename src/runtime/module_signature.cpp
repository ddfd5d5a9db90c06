// SPDX-License-Identifier: GPL-2.0-or-later
//
// A signed module ends in a PKCS#7 message, a `struct module_signature` that tells its
// length, and a fixed line of text (kernel: include/linux/module_signature.h). The
// kernel's sign-file puts no certificate into the message, so the one common name in it
// is that of the signing certificate's issuer: for the self-signed certificates used with
// modules the signer.
#include "runtime/module_signature.h"

#include "base/endian.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace kpatch::runtime {

namespace {

constexpr std::string_view kMark = "~Module signature appended~\n";
/// struct module_signature: five bytes, three of padding, length in big-endian order.
constexpr std::size_t kTrailerSize = 12;
constexpr std::size_t kLengthInTrailer = 8;
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

} // namespace

ModuleSignature read_signature(std::span<const std::uint8_t> image) {
  if (image.size() < kMark.size() + kTrailerSize ||
      !std::ranges::equal(image.last(kMark.size()), kMark))
    return {};
  ModuleSignature signature{.is_present = true};
  image = image.first(image.size() - kMark.size());
  const std::span<const std::uint8_t> trailer = image.last(kTrailerSize);
  image = image.first(image.size() - kTrailerSize);
  const std::uint32_t length =
      load<std::uint32_t>(trailer, kLengthInTrailer, std::endian::big);
  if (length <= image.size())
    signature.signer = common_name(image.last(length));
  return signature;
}

} // namespace kpatch::runtime
