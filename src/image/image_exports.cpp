// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel finds what modules may use in __ksymtab and __ksymtab_gpl. An entry leads to
// the symbol, its name and its namespace, by three distances from their own places or, on
// processors without CONFIG_HAVE_ARCH_PREL32_RELOCATIONS, by addresses
// (include/linux/export.h: struct kernel_symbol). Names that the image has tell which.
// The checksums stand in the same order in __kcrctab and __kcrctab_gpl.
#include "image/image_exports.h"

#include "base/endian.h"

namespace kpatch::image {

namespace {

/// How large each of the three members of an entry is.
constexpr std::uint64_t kDistance = 4;
constexpr std::uint64_t kAddress = 8;
constexpr std::uint64_t kMembers = 3;
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

/// A table of exports whose members have that size.
class Table {
 public:
  Table(const Image& image, const ImagePart& part, std::uint64_t member)
      : image_(image), part_(part), member_(member) {}

  std::uint64_t count() const { return part_.data.size() / (kMembers * member_); }
  std::string name(std::uint64_t entry) const { return pointed_at(entry, 1); }
  std::string name_space(std::uint64_t entry) const { return pointed_at(entry, 2); }

  /// Whether its first entry is one.
  bool fits() const {
    return part_.data.size() % (kMembers * member_) == 0 && count() > 0 &&
           image_.knows(name(0));
  }

 private:
  std::string pointed_at(std::uint64_t entry, std::uint64_t which) const {
    const std::uint64_t offset = (entry * kMembers + which) * member_;
    if (member_ == kAddress)
      return text_at(image_, load<std::uint64_t>(part_.data, offset, image_.order()));
    const auto distance = static_cast<std::int32_t>(
        load<std::uint32_t>(part_.data, offset, image_.order()));
    return text_at(image_, part_.address + offset +
                               static_cast<std::uint64_t>(std::int64_t{distance}));
  }

  const Image& image_;
  const ImagePart& part_;
  std::uint64_t member_;
};

void add_table(const Image& image, const std::string& kind, ImageExports& exports) {
  const ImagePart* part = image.find_part("__ksymtab" + kind);
  const ImagePart* crcs = image.find_part("__kcrctab" + kind);
  if (!part)
    return;
  for (const std::uint64_t member : {kDistance, kAddress}) {
    const Table table(image, *part, member);
    if (!table.fits())
      continue;
    const bool has_crcs = crcs && crcs->data.size() == table.count() * kCrc;
    for (std::uint64_t i = 0; i < table.count(); ++i) {
      ImageExport& entry = exports[table.name(i)];
      entry.is_gpl = !kind.empty();
      entry.import_namespace = table.name_space(i);
      if (has_crcs)
        entry.crc = load<std::uint32_t>(crcs->data, i * kCrc, image.order());
    }
    return;
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
