// SPDX-License-Identifier: GPL-2.0-or-later
//
// An RPM package is a cpio archive behind a header; a Debian package is an ar archive
// whose member data.tar has the files. libarchive reads all of these. The names begin
// with "./". They are put below a directory of ours one by one: what leads out of it, by
// "..", from the root or through a link of the package's own, is an error. A kernel's
// package holds directories, files and links; a device node or a pipe in one would be
// somebody else's way in, so it is an error too, and set-uid bits do not come along.
// Owners are left alone, since nothing of this is installed.
//
// A name in a cpio archive may claim to have gigabytes, and libarchive takes memory for
// it at once. While a package is unpacked, the process may have a gigabyte more than
// before.
#include "distro/package_unpack.h"

#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <chrono>
#include <fstream>
#include <memory>
#include <sys/resource.h>
#include <unistd.h>

namespace kpatch::distro {
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

/// What the process may take in addition while it lives: enough for any compression's
/// window.
class MemoryLimit {
 public:
  MemoryLimit() {
    if (getrlimit(RLIMIT_DATA, &before_) != 0)
      return;
    constexpr rlim_t kMost = rlim_t{1} << 30;
    rlimit limit = before_;
    limit.rlim_cur = std::min(before_.rlim_cur, taken() + kMost);
    setrlimit(RLIMIT_DATA, &limit);
  }
  ~MemoryLimit() { setrlimit(RLIMIT_DATA, &before_); }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

 private:
  /// Bytes that count for this limit: the sixth number of proc_pid_statm(5), in pages.
  static rlim_t taken() {
    std::ifstream file("/proc/self/statm");
    rlim_t pages = 0;
    for (int field = 0; field < 6; ++field)
      file >> pages;
    return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
  }

  rlimit before_{};
};

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

void support_compression(archive* reader) {
  archive_read_support_filter_gzip(reader);
  archive_read_support_filter_xz(reader);
  archive_read_support_filter_lzma(reader);
  archive_read_support_filter_bzip2(reader);
  archive_read_support_filter_zstd(reader);
}

Reader open_rpm(const fs::path& package) {
  Reader reader(archive_read_new());
  archive_read_support_filter_rpm(reader.get());
  support_compression(reader.get());
  archive_read_support_format_cpio(reader.get());
  if (archive_read_open_filename(reader.get(), package.c_str(), kBlock) != ARCHIVE_OK)
    refuse(package, reader.get());
  return reader;
}

/// The outer archive of a Debian package, at the content of its data.tar.
Reader open_deb(const fs::path& package) {
  Reader reader(archive_read_new());
  archive_read_support_format_ar(reader.get());
  if (archive_read_open_filename(reader.get(), package.c_str(), kBlock) != ARCHIVE_OK)
    refuse(package, reader.get());
  archive_entry* member = nullptr;
  while (archive_read_next_header(reader.get(), &member) == ARCHIVE_OK)
    if (const char* name = archive_entry_pathname(member);
        name && std::string_view(name).starts_with("data.tar"))
      return reader;
  fail_with_remedy("delete the file and run again", "{}: not a Debian package",
                   package.string());
}

/// Hands libarchive the content of a member of another archive.
struct Member {
  archive* outer = nullptr;
  std::array<char, kBlock> block{};

  static la_ssize_t read(archive* /*reader*/, void* client, const void** data) {
    Member& member = *static_cast<Member*>(client);
    *data = member.block.data();
    return archive_read_data(member.outer, member.block.data(), member.block.size());
  }
};

Reader open_data(const fs::path& package, Member& member) {
  Reader reader(archive_read_new());
  support_compression(reader.get());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open(reader.get(), &member, nullptr, Member::read, nullptr) !=
      ARCHIVE_OK)
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

/// How far a package has been read, a few times a second.
class Meter {
 public:
  /// `file` reads the package file itself.
  Meter(const fs::path& package, archive* file, const Live& live)
      : package_(package), file_(file), live_(live) {
    if (live_)
      total_ = fs::file_size(package);
  }
  ~Meter() {
    if (live_)
      live_("");
  }
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  void show() {
    const auto now = std::chrono::steady_clock::now();
    if (!live_ || now < next_)
      return;
    constexpr std::chrono::milliseconds kPause{200};
    constexpr int kOutermost = -1; // of what is between the file and the archive in it
    next_ = now + kPause;
    const auto done =
        static_cast<std::uintmax_t>(archive_filter_bytes(file_, kOutermost));
    live_(unpacking_text(package_.filename().native(), done, total_, 0));
  }

 private:
  const fs::path& package_;
  archive* file_;
  const Live& live_;
  std::uintmax_t total_ = 0;
  std::chrono::steady_clock::time_point next_{};
};

void copy_content(const fs::path& package, archive* reader, archive* disk, Meter& meter) {
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  for (;;) {
    throw_if_interrupted();
    meter.show();
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

/// Puts the entry below `root`, as what a package of a kernel may hold.
void make_harmless(const fs::path& package, archive_entry* entry, const fs::path& root) {
  const char* name = archive_entry_pathname(entry);
  if (!name)
    fail_with_remedy("if the file is damaged, delete it and run again",
                     "{}: a file in it has no name", package.string());
  const auto kind = archive_entry_filetype(entry);
  const char* link = archive_entry_hardlink(entry);
  if (!link && kind != AE_IFREG && kind != AE_IFDIR && kind != AE_IFLNK)
    fail_with_remedy("take the package from the distribution's own archive",
                     "{}: {}: device nodes, pipes and sockets are not unpacked",
                     package.string(), name);
  if (link)
    archive_entry_set_hardlink(entry, place_of(root, link).c_str());
  archive_entry_set_pathname(entry, place_of(root, name).c_str());
  // Directories that the packager cannot write to would stop what belongs in them.
  constexpr unsigned kPermissions = 0777; // without set-uid, set-gid and sticky bits
  archive_entry_set_perm(
      entry, kind == AE_IFDIR ? 0755 : archive_entry_perm(entry) & kPermissions);
}

void unpack(const fs::path& package, archive* reader, const fs::path& into,
            Meter& meter) {
  const MemoryLimit limit;
  const Writer disk = open_disk();
  fs::create_directories(into);
  const fs::path root = fs::canonical(into); // no link may be on the way, ours neither
  archive_entry* entry = nullptr;
  for (;;) {
    const int state = archive_read_next_header(reader, &entry);
    if (state == ARCHIVE_EOF)
      break;
    if (state < ARCHIVE_WARN)
      refuse(package, reader);
    make_harmless(package, entry, root);
    if (archive_write_header(disk.get(), entry) < ARCHIVE_WARN)
      refuse(package, disk.get());
    copy_content(package, reader, disk.get(), meter);
  }
  if (archive_write_close(disk.get()) < ARCHIVE_WARN)
    refuse(package, disk.get());
}

} // namespace

void unpack_rpm(const fs::path& package, const fs::path& into, const Live& live) {
  const Reader reader = open_rpm(package);
  Meter meter(package, reader.get(), live);
  unpack(package, reader.get(), into, meter);
}

void unpack_deb(const fs::path& package, const fs::path& into, const Live& live) {
  const Reader outer = open_deb(package);
  Member member{.outer = outer.get()};
  const Reader reader = open_data(package, member);
  Meter meter(package, outer.get(), live);
  unpack(package, reader.get(), into, meter);
}

} // namespace kpatch::distro
