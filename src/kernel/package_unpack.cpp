// SPDX-License-Identifier: GPL-2.0-or-later
//
// The content of an RPM package is a cpio archive behind a header, and libarchive reads
// both. The names in it begin with "./". They are put below a directory of ours one by
// one: what leads out of it, by "..", from the root or through a link of the package's
// own, is an error. Owners are left alone, since nothing of this is installed.
#include "kernel/rpm_unpack.h"

#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"

#include <archive.h>
#include <archive_entry.h>
#include <memory>

namespace kpatch::kernel {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBlock = std::size_t{1} << 16;

struct CloseReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
struct CloseWriter {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
using Reader = std::unique_ptr<archive, CloseReader>;
using Writer = std::unique_ptr<archive, CloseWriter>;

[[noreturn]] void refuse(const fs::path& package, archive* side) {
  const char* why = archive_error_string(side);
  const std::string_view reason = why ? why : "damaged data";
  const bool is_full = reason.find("No space left") != std::string_view::npos;
  fail_with_remedy(is_full
                       ? "a kernel with debug information needs about 6 GB: free that "
                         "much, or set CACHEDIR to a directory on another disk"
                       : "if the file is damaged, delete it and run again",
                   "{}: cannot be unpacked: {}", package.string(), reason);
}

Reader open_package(const fs::path& package) {
  Reader reader(archive_read_new());
  archive_read_support_filter_rpm(reader.get());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_xz(reader.get());
  archive_read_support_filter_lzma(reader.get());
  archive_read_support_filter_bzip2(reader.get());
  archive_read_support_filter_zstd(reader.get());
  archive_read_support_format_cpio(reader.get());
  if (archive_read_open_filename(reader.get(), package.c_str(), kBlock) != ARCHIVE_OK)
    refuse(package, reader.get());
  return reader;
}

Writer open_disk() {
  Writer disk(archive_write_disk_new());
  archive_write_disk_set_options(
      disk.get(), ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_SECURE_SYMLINKS |
                      ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SPARSE);
  return disk;
}

void copy_content(const fs::path& package, archive* reader, archive* disk) {
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  for (;;) {
    throw_if_interrupted();
    const int state = archive_read_data_block(reader, &block, &size, &offset);
    if (state == ARCHIVE_EOF)
      return;
    if (state < ARCHIVE_WARN)
      refuse(package, reader);
    if (archive_write_data_block(disk, block, size, offset) < ARCHIVE_WARN)
      refuse(package, disk);
  }
}

/// "./usr/lib" and "/usr/lib" are meant alike.
fs::path place_of(const fs::path& into, std::string_view name) {
  while (name.starts_with("./") || name.starts_with('/'))
    name.remove_prefix(name.find('/') + 1);
  return name.empty() || name == "." ? into : path_inside(into, name);
}

} // namespace

void unpack_rpm(const fs::path& package, const fs::path& into) {
  const Reader reader = open_package(package);
  const Writer disk = open_disk();
  fs::create_directories(into);
  const fs::path root = fs::canonical(into); // no link may be on the way, ours neither
  archive_entry* entry = nullptr;
  for (;;) {
    const int state = archive_read_next_header(reader.get(), &entry);
    if (state == ARCHIVE_EOF)
      break;
    if (state < ARCHIVE_WARN)
      refuse(package, reader.get());
    archive_entry_set_pathname(entry,
                               place_of(root, archive_entry_pathname(entry)).c_str());
    if (const char* link = archive_entry_hardlink(entry))
      archive_entry_set_hardlink(entry, place_of(root, link).c_str());
    // Directories that the packager cannot write to would stop what belongs in them.
    if (archive_entry_filetype(entry) == AE_IFDIR)
      archive_entry_set_perm(entry, 0755);
    if (archive_write_header(disk.get(), entry) < ARCHIVE_WARN)
      refuse(package, disk.get());
    copy_content(package, reader.get(), disk.get());
  }
  if (archive_write_close(disk.get()) < ARCHIVE_WARN)
    refuse(package, disk.get());
}

} // namespace kpatch::kernel
