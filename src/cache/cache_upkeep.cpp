// SPDX-License-Identifier: GPL-2.0-or-later
//
// The cache is shared by runs that know nothing of each other, so what is to be removed
// must be certain to be nobody's: a directory that is being filled is locked by who fills
// it, and a file that is being written has a name that no reader looks for.
//
// That pristine trees, prepared ones and packages are what they were can be shown: a
// fingerprint was recorded when they were unpacked, made or fetched.
#include "cache/cache_upkeep.h"

#include "base/error.h"
#include "base/files.h"
#include "base/sha256.h"
#include "cache/cache.h"
#include "cache/fingerprint.h"
#include "cache/layout.h"
#include "cache/object_store.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <unistd.h>

namespace kpatch::cache {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kFingerprintSuffix = ".fingerprint.1";
/// Of packages and of the trees of a kernel: hidden, since what is not is a thing of its
/// own.
constexpr std::string_view kSeal = ".seal";
constexpr std::string_view kPreparedPrefix = "objects";
constexpr const char* kSourceName = "source-name";
constexpr std::string_view kUnfinishedMark = ".new-";

fs::path seal_of(const fs::path& path) {
  return path.parent_path() / ("." + path.filename().native() + std::string(kSeal));
}

/// Its time is that of the last use.
fs::path used_of(const fs::path& path) {
  return path.parent_path() / ("." + path.filename().native() + ".used");
}

std::string seal(const fs::path& path) {
  return fs::is_directory(path) ? tree_fingerprint(path, FingerprintDepth::kMetadata)
                                : sha256(read_text(path));
}

std::uintmax_t size_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(path, error)))
    return fs::file_size(path, error);
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(path, error))
    if (entry.is_regular_file() && !entry.is_symlink())
      bytes += entry.file_size(error);
  return bytes;
}

/// Whether a run is filling the directory that will be called `name` without the mark.
bool is_being_filled(const fs::path& unfinished) {
  const std::string name = unfinished.filename();
  const fs::path lock =
      unfinished.parent_path() / (name.substr(0, name.find(kUnfinishedMark)) + ".lock");
  const int descriptor = open(lock.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0)
    return false;
  const bool is_taken = flock(descriptor, LOCK_EX | LOCK_NB) != 0;
  close(descriptor);
  return is_taken;
}

bool is_unfinished(const fs::path& path) {
  const std::string name = path.filename();
  return name.starts_with('.') && name.find(kUnfinishedMark) != std::string::npos;
}

constexpr std::chrono::days kAbandoned{1};
constexpr std::chrono::days kUnused{31};

/// A download has no lock; one that nothing was added to for a day has ended.
bool is_old(const fs::path& path) {
  return is_older_than(path, kAbandoned);
}

/// A build may go on with a kernel that it looked up so long ago.
constexpr std::chrono::hours kUnderWay{2};

/// When a build last asked for the kernel, as far as it is known.
fs::file_time_type last_use(const fs::path& kernel) {
  std::error_code error;
  const auto used = fs::last_write_time(used_of(kernel), error);
  return error ? fs::last_write_time(kernel) : used;
}

/// Builds share the lock on the file whose time is that of the last use; who removes the
/// kernel has it alone. The kernel of the machine drops it with the process.
class UseLock {
 public:
  /// `how`: of flock(2).
  UseLock(const fs::path& used, int how)
      : descriptor_(open(used.c_str(), O_RDONLY | O_CLOEXEC)) {
    while (descriptor_ >= 0 && flock(descriptor_, how) != 0)
      if (errno != EINTR) {
        close(descriptor_);
        descriptor_ = -1;
      }
  }
  ~UseLock() {
    if (descriptor_ >= 0)
      close(descriptor_);
  }
  UseLock(const UseLock&) = delete;
  UseLock& operator=(const UseLock&) = delete;

  bool is_held() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

/// For who removes the kernel; not held if a build uses it.
std::unique_ptr<UseLock> claim(const fs::path& kernel) {
  const fs::path used = used_of(kernel);
  if (!fs::exists(used))
    std::ofstream{used};
  return std::make_unique<UseLock>(used, LOCK_EX | LOCK_NB);
}

/// What older programs kept of a kernel in forms that the running one does not look at.
bool is_of_other_format(const fs::path& path) {
  const std::string name = path.filename();
  if (name == kOriginals || // it has been one for all kernels since
      name.ends_with(".1")) // records without a heading
    return true;
  return name != kPreparedTree && (name == kPreparedPrefix ||
                                   name.starts_with(std::string(kPreparedPrefix) + "."));
}

/// The names of what the kernel was made from.
std::vector<std::string> sources_of(const fs::path& kernel) {
  std::vector<std::string> names;
  for (const fs::path& record : {kernel / "image/source-version", kernel / kSourceName})
    if (const auto name = read_text_if_exists(record))
      names.push_back(*name);
  return names;
}

bool is_used(const fs::path& cache, const fs::path& source) {
  for (const fs::path& kernel : entries_of(cache / kKernels))
    for (const std::string& name : sources_of(kernel))
      if (name == source.filename().string())
        return true;
  return false;
}

class Collector {
 public:
  explicit Collector(const fs::path& cache) : cache_(cache) {}

  std::vector<std::string> collect() {
    for (const char* part : {kSources, kKernels, kToolchains})
      take_unfinished(cache_ / part);
    for (const char* part : {kToolchains, kApt})
      take_unused(cache_ / part);
    for (const fs::path& kernel : entries_of(cache_ / kKernels)) {
      take_unfinished(kernel);
      for (const fs::path& entry : entries_of(kernel))
        if (is_of_other_format(entry))
          remove(entry);
      for (const fs::path& commands : entries_of(kernel / kCommands))
        if (is_older_than(commands, kUnused))
          remove(commands);
    }
    for (const fs::path& file : entries_of(cache_ / kDownloads))
      if (is_unfinished(file) && is_old(file))
        remove(file);
    for (const fs::path& source : entries_of(cache_ / kSources))
      if (fs::is_directory(source) && !is_unfinished(source) && !is_used(cache_, source))
        remove_source(source);
    for (const std::string& name : ObjectStore(cache_ / kOriginals).collect_garbage())
      removed_.push_back(fs::path(kOriginals) / name);
    return std::move(removed_);
  }

  /// With its packages, and the source if no other kernel was made from it.
  void take_kernel(const fs::path& kernel) {
    const std::string name = kernel.filename();
    const std::vector<std::string> sources = sources_of(kernel);
    remove_sealed(kernel);
    take_downloads("-" + name.substr(0, name.find('_')) + "_");
    for (const std::string& source : sources)
      if (!source.empty() && !is_used(cache_, source)) {
        fs::remove(cache_ / kSources / (source + std::string(kFingerprintSuffix)));
        if (fs::exists(cache_ / kSources / source))
          remove(cache_ / kSources / source);
        take_downloads("_" + source + "_");
      }
  }

  std::vector<std::string> removed() { return std::move(removed_); }

 private:
  void take_downloads(const std::string& part_of_name) {
    for (const fs::path& file : entries_of(cache_ / kDownloads))
      if (const std::string name = file.filename();
          !name.starts_with('.') && name.find(part_of_name) != std::string::npos)
        remove_sealed(file);
  }
  void remove_sealed(const fs::path& path) {
    fs::remove(used_of(path));
    fs::remove(seal_of(path));
    remove(path);
  }
  void take_unfinished(const fs::path& directory) {
    for (const fs::path& entry : entries_of(directory))
      if (is_unfinished(entry) && !is_being_filled(entry))
        remove(entry);
  }
  void take_unused(const fs::path& directory) {
    for (const fs::path& entry : entries_of(directory)) {
      const fs::path used = used_of(entry);
      if (entry.filename().native().starts_with('.') || !is_older_than(used, kUnused))
        continue;
      remove_sealed(entry);
    }
  }
  void remove_source(const fs::path& source) {
    if (!is_old(source)) // its kernel may be on the way
      return;
    fs::remove(fs::path(source) += kFingerprintSuffix);
    remove(source);
  }
  void remove(const fs::path& path) {
    fs::remove_all(path);
    removed_.push_back(path.lexically_relative(cache_));
  }

  const fs::path& cache_;
  std::vector<std::string> removed_;
};

} // namespace

void record_fingerprint(const fs::path& tree) {
  const fs::path file = fs::path(tree) += kFingerprintSuffix;
  if (!fs::exists(file))
    write_file(file, tree_fingerprint(tree, FingerprintDepth::kMetadata));
}

void record_fresh(const fs::path& fresh, const fs::path& name) {
  write_file(seal_of(name), seal(fresh));
}

void make_sealed(const fs::path& tree, const std::function<void(const fs::path&)>& fill) {
  make_once(tree, [&](const fs::path& fresh) {
    fill(fresh);
    record_fresh(fresh, tree);
  });
}

void record_source(const fs::path& kernel, const fs::path& source) {
  if (!fs::exists(kernel / kSourceName))
    write_file(kernel / kSourceName, source.filename().native());
}

void record_use(const fs::path& thing) {
  if (const fs::path file = used_of(thing); !fs::exists(file) || is_old(file))
    write_file(file, std::string_view());
}

std::shared_ptr<const void> record_kernel_use(const fs::path& kernel) {
  std::error_code cannot_be_noted; // which is no reason not to build
  const fs::path file = used_of(kernel);
  if (kernel.parent_path().filename() != kKernels)
    return nullptr;
  if (!fs::exists(file, cannot_be_noted))
    std::ofstream{file};
  fs::last_write_time(file, fs::file_time_type::clock::now(), cannot_be_noted);
  auto use = std::make_shared<const UseLock>(file, LOCK_SH);
  if (!fs::exists(kernel))
    fail_with_remedy("run again: it is fetched once more",
                     "{}: it has just been removed from the cache", kernel.string());
  return use;
}

std::vector<CacheEntry> list_cache(const fs::path& cache) {
  std::vector<CacheEntry> list;
  for (const char* kind : {kKernels, kSources, kDownloads, kToolchains, kApt})
    for (const fs::path& entry : entries_of(cache / kind))
      if (!entry.filename().native().starts_with('.') &&
          !entry.native().ends_with(kFingerprintSuffix))
        list.push_back({entry.lexically_relative(cache), size_of(entry)});
  if (const fs::path store = cache / kOriginals; fs::exists(store))
    list.push_back({kOriginals, size_of(store)});
  return list;
}

std::uintmax_t cache_size(const fs::path& cache) {
  std::uintmax_t sum = 0;
  for (const CacheEntry& entry : list_cache(cache))
    sum += entry.bytes;
  return sum;
}

std::vector<std::string> collect_garbage(const fs::path& cache) {
  claim_cache(cache);
  return Collector(cache).collect();
}

std::vector<std::string> shrink_cache(const fs::path& cache, std::uintmax_t limit) {
  claim_cache(cache);
  std::vector<fs::path> kernels;
  for (const fs::path& kernel : entries_of(cache / kKernels))
    if (!kernel.filename().native().starts_with('.') &&
        last_use(kernel) < fs::file_time_type::clock::now() - kUnderWay)
      kernels.push_back(kernel);
  std::ranges::stable_sort(kernels, {}, last_use);
  Collector collector(cache);
  for (const fs::path& kernel : kernels)
    if (cache_size(cache) > limit)
      if (const auto alone = claim(kernel); alone->is_held())
        collector.take_kernel(kernel);
  return collector.removed();
}

std::vector<std::string> remove_kernel(const fs::path& cache, std::string_view release) {
  claim_cache(cache);
  const std::vector<fs::path> kernels = folders_of_release(cache, release);
  if (kernels.empty())
    fail_with_remedy("kpatch-build cache list shows those that it has",
                     "cache remove: {} has no kernel {}", cache.string(), release);
  std::vector<std::unique_ptr<UseLock>> claims;
  for (const fs::path& kernel : kernels) {
    claims.push_back(claim(kernel));
    if (!claims.back()->is_held())
      fail_with_remedy("run it again when that build has ended",
                       "cache remove: a build is using {}", kernel.string());
  }
  Collector collector(cache);
  for (const fs::path& kernel : kernels)
    collector.take_kernel(kernel);
  return collector.removed();
}

namespace {

/// What in the folder has a seal and is not as it says.
void compare_with_seals(const fs::path& cache, const fs::path& folder,
                        std::vector<std::string>& complaints) {
  for (const fs::path& entry : entries_of(folder))
    if (const auto recorded = read_text_if_exists(seal_of(entry));
        recorded && *recorded != seal(entry))
      complaints.push_back(fmt::format("{}: it was altered since it was {}",
                                       entry.lexically_relative(cache).string(),
                                       fs::is_directory(entry) ? "made" : "fetched"));
}

} // namespace

std::vector<std::string> verify_cache(const fs::path& cache) {
  claim_cache(cache);
  std::vector<std::string> complaints;
  for (const char* folder : {kDownloads, kToolchains, kKernels})
    compare_with_seals(cache, cache / folder, complaints);
  for (const fs::path& kernel : entries_of(cache / kKernels))
    compare_with_seals(cache, kernel, complaints);
  for (const fs::path& source : entries_of(cache / kSources)) {
    if (!fs::is_directory(source) || is_unfinished(source))
      continue;
    const auto recorded = read_text_if_exists(fs::path(source) += kFingerprintSuffix);
    if (recorded && *recorded != tree_fingerprint(source, FingerprintDepth::kMetadata))
      complaints.push_back(
          fmt::format("{}: files were added, removed or altered since it was unpacked",
                      source.lexically_relative(cache).string()));
  }
  for (const std::string& damaged : ObjectStore(cache / kOriginals).complaints())
    complaints.push_back(fmt::format("{}/{}", kOriginals, damaged));
  return complaints;
}

} // namespace kpatch::cache
