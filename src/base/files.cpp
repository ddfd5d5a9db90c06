// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/files.h"

#include "base/durable_file.h"
#include "base/error.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kpatch {
namespace fs = std::filesystem;

namespace {

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0)
      close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

/// Reads on to `place` and returns how many bytes it got; 0 at the end of the file.
std::size_t read_on(const Descriptor& file, void* place, std::size_t size,
                    const fs::path& path) {
  for (;;) {
    const ssize_t got = read(file.get(), place, size);
    if (got >= 0)
      return static_cast<std::size_t>(got);
    if (errno != EINTR)
      fail("{}: cannot be read: {}", path.string(), std::strerror(errno));
  }
}

template <typename Container>
Container read_whole(const fs::path& path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0)
    fail("{}: cannot be opened: {}", path.string(), std::strerror(errno));
  Container data;
  struct stat status {};
  constexpr std::size_t kStep = 65536;
  if (fstat(file.get(), &status) == 0 && status.st_size > 0)
    data.resize(static_cast<std::size_t>(status.st_size) + 1); // one more for the end
  std::size_t filled = 0;
  for (;;) {
    // sysfs and proc report no size, so grow until a read says the end.
    if (filled == data.size())
      data.resize(std::max(filled + kStep, 2 * filled));
    const std::size_t got =
        read_on(file, data.data() + filled, data.size() - filled, path);
    if (got == 0)
      break;
    filled += got;
  }
  data.resize(filled);
  return data;
}

void write_all(int fd, const void* data, std::size_t size, const fs::path& path) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t done = write(fd, at, size);
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      fail("{}: cannot be written: {}", path.string(), std::strerror(errno));
    at += done;
    size -= static_cast<std::size_t>(done);
  }
}

enum class Durability { kNormal, kOnDisk };

void flush(int fd, const fs::path& path) {
  if (fsync(fd) != 0)
    fail("{}: cannot be brought to the disk: {}", path.string(), std::strerror(errno));
}

/// A name is on the disk when its directory is (fsync(2)).
void flush_directory(const fs::path& path) {
  const Descriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0)
    fail("{}: cannot be opened: {}", path.string(), std::strerror(errno));
  // Some file systems have no such thing for directories and say EINVAL.
  if (fsync(directory.get()) != 0 && errno != EINVAL)
    fail("{}: cannot be brought to the disk: {}", path.string(), std::strerror(errno));
}

fs::path directory_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

/// Makes what is missing of the directory, from the top down.
void create_directories_durably(const fs::path& directory) {
  if (directory.empty() || fs::is_directory(directory))
    return;
  create_directories_durably(directory.parent_path());
  fs::create_directory(directory);
  flush_directory(directory_of(directory));
}

void write_and_rename(const fs::path& path, const void* data, std::size_t size,
                      unsigned mode, Durability durability = Durability::kNormal) {
  std::string temporary = path.string() + ".XXXXXX";
  Descriptor file(mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0)
    fail("{}: cannot be created: {}", path.string(), std::strerror(errno));
  try {
    write_all(file.get(), data, size, path);
    const mode_t mask = umask(0);
    umask(mask);
    if (fchmod(file.get(), mode & ~mask) != 0)
      fail("{}: cannot be put in place: {}", path.string(), std::strerror(errno));
    if (durability == Durability::kOnDisk)
      flush(file.get(), path);
    if (rename(temporary.c_str(), path.c_str()) != 0)
      fail("{}: cannot be put in place: {}", path.string(), std::strerror(errno));
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
}

void write_durably(const fs::path& path, const void* data, std::size_t size,
                   unsigned mode) {
  create_directories_durably(path.parent_path());
  write_and_rename(path, data, size, mode, Durability::kOnDisk);
  flush_directory(directory_of(path));
}

} // namespace

Bytes read_bytes(const fs::path& path) {
  return read_whole<Bytes>(path);
}

std::string read_text(const fs::path& path) {
  return read_whole<std::string>(path);
}

std::optional<std::string> read_text_if_exists(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    return std::nullopt;
  return read_text(path);
}

void write_file(const fs::path& path, std::span<const std::uint8_t> data, unsigned mode) {
  write_and_rename(path, data.data(), data.size(), mode);
}

void write_file(const fs::path& path, std::string_view text, unsigned mode) {
  write_and_rename(path, text.data(), text.size(), mode);
}

void write_file_durably(const fs::path& path, std::span<const std::uint8_t> data,
                        unsigned mode) {
  write_durably(path, data.data(), data.size(), mode);
}

void write_file_durably(const fs::path& path, std::string_view text, unsigned mode) {
  write_durably(path, text.data(), text.size(), mode);
}

void rename_durably(const fs::path& from, const fs::path& to) {
  create_directories_durably(to.parent_path());
  if (rename(from.c_str(), to.c_str()) != 0)
    fail("{}: cannot be renamed to {}: {}", from.string(), to.string(),
         std::strerror(errno));
  flush_directory(directory_of(to));
  flush_directory(directory_of(from));
}

Bytes read_regular_file(const fs::path& path, std::size_t limit) {
  // O_NONBLOCK: opening a FIFO without a writer, or some devices, would wait for ever.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0)
    fail("{}: cannot be opened: {}", path.string(), std::strerror(errno));
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    fail("{}: not a regular file", path.string());
  if (static_cast<std::uintmax_t>(status.st_size) > limit)
    fail("{}: is larger than {} MiB", path.string(), limit >> 20);
  Bytes data(static_cast<std::size_t>(status.st_size));
  std::size_t filled = 0;
  while (filled < data.size()) {
    const std::size_t got =
        read_on(file, data.data() + filled, data.size() - filled, path);
    if (got == 0)
      break; // it has become shorter meanwhile
    filled += got;
  }
  data.resize(filled);
  return data;
}

bool is_older_than(const fs::path& path, std::chrono::seconds age) {
  std::error_code gone;
  const fs::file_time_type time = fs::last_write_time(path, gone);
  return !gone && fs::file_time_type::clock::now() - time > age;
}

fs::path working_directory() {
  std::error_code error;
  fs::path here = fs::current_path(error);
  if (error)
    fail_with_remedy("change to a directory that exists, then run the command again",
                     "the current directory cannot be used: {}", error.message());
  return here;
}

TempDir::TempDir(const std::string& prefix, const fs::path& parent) {
  fs::path base = parent;
  if (base.empty()) {
    const char* named = std::getenv("TMPDIR");
    base = named && *named ? named : "/tmp";
  }
  std::string name = (base / (prefix + "XXXXXX")).string();
  if (!mkdtemp(name.data()))
    fail("{}: no temporary directory can be made there: {}", base.string(),
         std::strerror(errno));
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  if (!path_.empty())
    fs::remove_all(path_, ignored);
}

TempDir::TempDir(TempDir&& other) noexcept : path_(std::move(other.path_)) {
  other.path_.clear();
}

FileLock::FileLock(const fs::path& path)
    : descriptor_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0)
    fail("{}: lock file cannot be opened: {}", path.string(), std::strerror(errno));
  while (flock(descriptor_, LOCK_EX) != 0) {
    if (errno == EINTR)
      continue;
    const int reason = errno;
    close(descriptor_);
    fail("{}: cannot be locked: {}", path.string(), std::strerror(reason));
  }
}

FileLock::~FileLock() {
  if (descriptor_ >= 0)
    close(descriptor_);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(other.descriptor_) {
  other.descriptor_ = -1;
}

fs::path path_inside(const fs::path& root, std::string_view relative) {
  const fs::path path(relative);
  if (relative.empty() || path.is_absolute() ||
      relative.find('\0') != std::string_view::npos)
    fail("'{}': not a path inside {}", relative, root.string());
  for (const fs::path& part : path)
    if (part == "..")
      fail("'{}': leads out of {}", relative, root.string());
  return root / path;
}

} // namespace kpatch
