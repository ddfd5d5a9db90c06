// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel finds what modules may use in __ksymtab and __ksymtab_gpl, whose entries are
// three distances, each from its own place (include/linux/export-internal.h with
// CONFIG_HAVE_ARCH_PREL32_RELOCATIONS): to the symbol, its name and its namespace. The
// checksums stand in the same order in __kcrctab and __kcrctab_gpl.
#include "image/image_exports.h"

#include "base/endian.h"

namespace kpatch::image {

namespace {

constexpr std::uint64_t kEntry = 12;
constexpr std::uint64_t kName = 4;
constexpr std::uint64_t kNamespace = 8;
constexpr std::uint64_t kCrc = 4;

std::string text_at(const Image& image, std::uint64_t address) {
  std::string text;
  for (std::uint8_t byte : image.bytes_from(address)) {
    if (byte == 0)
      break;
    text += static_cast<char>(byte);
  }
  return text;
}

std::string pointed_at(const Image& image, const ImagePart& part, std::uint64_t offset) {
  const auto distance =
      static_cast<std::int32_t>(load<std::uint32_t>(part.data, offset, image.order()));
  return text_at(image, part.address + offset +
                            static_cast<std::uint64_t>(std::int64_t{distance}));
}

void add_table(const Image& image, const std::string& kind, ImageExports& exports) {
  const ImagePart* table = image.find_part("__ksymtab" + kind);
  const ImagePart* crcs = image.find_part("__kcrctab" + kind);
  if (!table || table->data.size() % kEntry != 0)
    return;
  const std::uint64_t count = table->data.size() / kEntry;
  const bool has_crcs = crcs && crcs->data.size() == count * kCrc;
  for (std::uint64_t i = 0; i < count; ++i) {
    ImageExport& entry = exports[pointed_at(image, *table, i * kEntry + kName)];
    entry.is_gpl = !kind.empty();
    entry.import_namespace = pointed_at(image, *table, i * kEntry + kNamespace);
    if (has_crcs)
      entry.crc = load<std::uint32_t>(crcs->data, i * kCrc, image.order());
  }
}

} // namespace

ImageExports exports_in(const Image& image) {
  ImageExports exports;
  for (const char* kind : {"", "_gpl"})
    add_table(image, kind, exports);
  return exports;
}

} // namespace kpatch::image
