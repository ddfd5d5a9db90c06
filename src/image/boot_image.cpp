// SPDX-License-Identifier: GPL-2.0-or-later
//
// x86's vmlinuz is a small program with the compressed vmlinux in it. Its header says
// where (Documentation/arch/x86/boot.rst of the kernel: fields setup_sects,
// payload_offset and payload_length, the latter two since protocol 2.08). What was not
// made by gzip has the size of its content, four bytes, after it (scripts/Makefile.lib:
// size_append).
#include "image/boot_image.h"

#include "base/endian.h"
#include "image/decompress.h"

#include <algorithm>
#include <array>

namespace kpatch::image {

namespace {

using View = std::span<const std::uint8_t>;

constexpr std::array<std::uint8_t, 4> kElf = {0x7f, 'E', 'L', 'F'};
constexpr std::array<std::uint8_t, 2> kGzip = {0x1f, 0x8b};
constexpr std::array<std::uint8_t, 4> kBootMagic = {'H', 'd', 'r', 'S'};

constexpr std::uint64_t kSectorSize = 512;
constexpr std::uint64_t kSetupSectors = 0x1f1;
constexpr std::uint8_t kDefaultSetupSectors = 4; ///< what 0 means
constexpr std::uint64_t kMagicOffset = 0x202;
constexpr std::uint64_t kProtocol = 0x206;
constexpr std::uint16_t kProtocolWithPayload = 0x208;
constexpr std::uint64_t kPayloadOffset = 0x248;
constexpr std::uint64_t kPayloadLength = 0x24c;
constexpr std::size_t kAppendedSize = 4;

bool has_at(View file, std::size_t offset, View magic) {
  return file.size() >= offset && file.size() - offset >= magic.size() &&
         std::ranges::equal(file.subspan(offset, magic.size()), magic);
}

std::uint64_t setup_size(View file) {
  const auto sectors = load<std::uint8_t>(file, kSetupSectors, std::endian::little);
  return (std::uint64_t{1} + (sectors ? sectors : kDefaultSetupSectors)) * kSectorSize;
}

/// The compressed part of an x86 boot image.
View payload(View file, std::string_view label) {
  const auto order = std::endian::little;
  if (load<std::uint16_t>(file, kProtocol, order) < kProtocolWithPayload)
    fail("{}: its boot protocol is older than 2.08 and does not say where the kernel is",
         label);
  const std::uint64_t begin =
      setup_size(file) + load<std::uint32_t>(file, kPayloadOffset, order);
  const std::uint64_t size = load<std::uint32_t>(file, kPayloadLength, order);
  if (begin > file.size() || size > file.size() - begin || size < kAppendedSize)
    fail("{}: its header puts the kernel outside the file", label);
  const View all = file.subspan(begin, size);
  return has_at(all, 0, kGzip) ? all : all.first(size - kAppendedSize);
}

/// The size that stands right behind a payload; gzip has it at its own end.
std::size_t appended_size(View file, View compressed) {
  const auto end =
      static_cast<std::size_t>(compressed.data() - file.data()) + compressed.size();
  const std::size_t at = has_at(compressed, 0, kGzip) ? end - kAppendedSize : end;
  return load<std::uint32_t>(file, at, std::endian::little);
}

} // namespace

Bytes vmlinux_inside(View file, std::string_view label) {
  if (has_at(file, 0, kElf))
    return {file.begin(), file.end()};
  const bool boots = has_at(file, kMagicOffset, kBootMagic);
  const View compressed = boots ? payload(file, label) : file;
  Bytes content =
      decompressed(compressed, label, boots ? appended_size(file, compressed) : 0);
  if (!has_at(content, 0, kElf))
    fail("{}: contains no vmlinux", label);
  return content;
}

} // namespace kpatch::image
