// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernels and modules are shipped compressed by whatever the distribution likes best.
// libarchive knows all that the kernel's own build offers, but for LZO.
#include "image/decompress.h"

#include "base/error.h"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <memory>

namespace kpatch::image {

namespace {

/// Nothing that a kernel is made of is bigger; a damaged length must not eat the memory.
constexpr std::size_t kLargest = std::size_t{1} << 30;

struct Close {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Archive = std::unique_ptr<archive, Close>;

[[noreturn]] void refuse(archive* reader, std::string_view label) {
  const char* why = archive_error_string(reader);
  fail("{}: cannot be decompressed: {}", label, why ? why : "damaged data");
}

Archive open_archive(std::span<const std::uint8_t> file, std::string_view label) {
  Archive reader(archive_read_new());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_bzip2(reader.get());
  archive_read_support_filter_xz(reader.get());
  archive_read_support_filter_lzma(reader.get());
  archive_read_support_filter_zstd(reader.get());
  archive_read_support_filter_lz4(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_read_support_format_empty(reader.get());
  if (archive_read_open_memory(reader.get(), file.data(), file.size()) != ARCHIVE_OK)
    refuse(reader.get(), label);
  return reader;
}

} // namespace

Bytes decompressed(std::span<const std::uint8_t> file, std::string_view label,
                   std::size_t likely_size) {
  const Archive reader = open_archive(file, label);
  archive_entry* entry = nullptr;
  const int found = archive_read_next_header(reader.get(), &entry);
  if (found == ARCHIVE_EOF)
    return {};
  if (found != ARCHIVE_OK)
    refuse(reader.get(), label);
  Bytes content;
  content.reserve(std::min(likely_size, kLargest));
  for (;;) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int read = archive_read_data_block(reader.get(), &block, &size, &offset);
    if (read == ARCHIVE_EOF)
      return content;
    if (read != ARCHIVE_OK)
      refuse(reader.get(), label);
    if (size > kLargest - content.size())
      fail("{}: it holds more than {} MiB", label, kLargest >> 20);
    const auto* bytes = static_cast<const std::uint8_t*>(block);
    content.insert(content.end(), bytes, bytes + size);
  }
}

} // namespace kpatch::image
