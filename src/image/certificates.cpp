// SPDX-License-Identifier: GPL-2.0-or-later
//
// certs/system_certificates.S of the kernel puts them one behind the other, and their
// length in all into a variable; certs/common.c takes them for sequences whose length has
// two bytes, as all certificates are that long.
#include "image/certificates.h"

#include "base/endian.h"

namespace kpatch::image {

namespace {

/// The bytes between the two symbols' meanings: the list is as long as the number says.
std::span<const std::uint8_t> list_of(const Image& vmlinux) {
  const auto size_at =
      vmlinux.bytes_from(vmlinux.address_of("system_certificate_list_size"));
  const auto list = vmlinux.bytes_from(vmlinux.address_of("system_certificate_list"));
  if (size_at.size() < sizeof(std::uint64_t))
    return {};
  const auto size = load<std::uint64_t>(size_at, 0, vmlinux.order());
  return size > list.size() ? std::span<const std::uint8_t>() : list.first(size);
}

} // namespace

std::vector<Bytes> certificates_in(const Image& vmlinux) {
  constexpr std::uint8_t kSequence = 0x30, kTwoBytesOfLength = 0x82;
  constexpr std::size_t kHead = 4, kLength = 2;
  std::vector<Bytes> certificates;
  auto rest = list_of(vmlinux);
  while (rest.size() > kHead && rest[0] == kSequence && rest[1] == kTwoBytesOfLength) {
    const std::size_t size = kHead + load<std::uint16_t>(rest, kLength, std::endian::big);
    if (size > rest.size())
      break;
    certificates.emplace_back(rest.begin(), rest.begin() + static_cast<long>(size));
    rest = rest.subspan(size);
  }
  return certificates;
}

} // namespace kpatch::image
