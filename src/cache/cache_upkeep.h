// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::cache {

/// Writes down, beside a pristine tree of the cache, what it looks like, unless that was
/// done already. To be called right after it was unpacked.
void record_fingerprint(const std::filesystem::path& tree);

/// The same of a package that will be called `name`: to be called when it is whole and
/// before it is renamed.
void record_fresh(const std::filesystem::path& fresh, const std::filesystem::path& name);

/// make_once(), and writes down what the tree looks like: nothing changes in it any more.
void make_sealed(const std::filesystem::path& tree,
                 const std::function<void(const std::filesystem::path& fresh)>& fill);

/// Writes down in a kernel's directory of the cache which pristine tree of the cache it
/// is made from.
void record_source(const std::filesystem::path& kernel,
                   const std::filesystem::path& source);

/// Notes that something of the cache was used today: what was not for a month may go.
void record_use(const std::filesystem::path& thing);

/// Notes the same of the folder of a kernel, if it is in the cache. As long as what is
/// returned lives, nobody removes it. Throws Error if somebody has done so just now.
std::shared_ptr<const void> record_kernel_use(const std::filesystem::path& kernel);

/// Something in the cache that has a use of its own.
struct CacheEntry {
  std::string name; ///< relative to the cache: "kernels/6.1.0-56-cloud-amd64_6.1.192-2"
  std::uintmax_t bytes = 0;
};
std::vector<CacheEntry> list_cache(const std::filesystem::path& cache);

/// Of all these, in bytes.
std::uintmax_t cache_size(const std::filesystem::path& cache);

/// Removes what killed runs have left, what older programs prepared and no present one
/// looks at, objects, compilers' commands, toolchains and package lists that were of no
/// use for a month, and
/// sources that no kernel in the cache was made from. Returns the names. Nothing that a
/// run under way uses is touched.
std::vector<std::string> collect_garbage(const std::filesystem::path& cache);

/// Removes kernels, with their packages and sources, until no more than `limit` bytes are
/// left: first those that no build has asked for longest, and none that one uses or has
/// asked for in the last two hours. Returns the names.
std::vector<std::string> shrink_cache(const std::filesystem::path& cache,
                                      std::uintmax_t limit);

/// Removes what is there of a kernel: its folders, packages, and the source that no other
/// kernel was made from. Returns the names; throws Error if there is none, or if a build
/// uses one of them.
std::vector<std::string> remove_kernel(const std::filesystem::path& cache,
                                       std::string_view release);

/// What is not as it was when it was put there: one line each; none is good.
std::vector<std::string> verify_cache(const std::filesystem::path& cache);

} // namespace kpatch::cache
