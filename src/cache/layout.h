// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where things are in the cache, which all programs of this user share. The names are
// part of its format (cache/cache.cpp): another meaning needs another number there.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace kpatch::cache {

/// Pristine sources, each in a folder of its own.
inline constexpr const char* kSources = "sources";
/// What is known of one kernel each: kernels/RELEASE_VERSION/...
inline constexpr const char* kKernels = "kernels";
/// Packages as they were fetched.
inline constexpr const char* kDownloads = "downloads";
/// Original objects of all kernels.
inline constexpr const char* kOriginals = "originals";
/// What apt knows of the archives of other releases of Debian, a folder for each.
inline constexpr const char* kApt = "apt";
/// Compilers with all that they need to run, a folder for each.
inline constexpr const char* kToolchains = "toolchains";

/// There while hardware virtualisation is known not to work: the id of that boot.
inline constexpr const char* kKvmFails = "kvm-fails";

// Below the folder of a kernel:
/// The prepared O= tree. The number stands for its form.
inline constexpr const char* kPreparedTree = "objects.2";
/// What units are compiled with, a folder for each configuration and compiler, whose time
/// is that of the last use.
inline constexpr const char* kCommands = "commands";
/// The unpacked image package: boot/vmlinuz-RELEASE, lib/modules/RELEASE.
inline constexpr const char* kImage = "image";

/// In the folder of the image: the version of the source that it was built from.
inline constexpr const char* kSourceVersion = "source-version";
/// At the end of the name of a source that a kernel's feature set has patched.
inline constexpr const char* kPatchedSource = "-patched";

/// $CACHEDIR, or ~/.kpatch; empty if the environment has neither.
std::filesystem::path known_cache();
/// The same for who cannot do without: throws Error if the environment has neither.
std::filesystem::path default_cache();

/// All that is in a folder, sorted by name; nothing if it cannot be read.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);

/// The kernel's image among the files of its packages, or of a system; nothing if there
/// is none.
std::optional<std::filesystem::path> find_image(const std::filesystem::path& root,
                                                std::string_view release);

/// The folders of all kernels of this release: of its versions, its RPM packages and its
/// trees. Sorted by name; none without a cache.
std::vector<std::filesystem::path> folders_of_release(const std::filesystem::path& cache,
                                                      std::string_view release);

/// What is there of a kernel: `what` is kernel, image, objects (the prepared tree) or
/// source (as the kernel was compiled from it); without a release, downloads, kernels,
/// originals, sources, or nothing for the cache itself. Throws Error for other words and
/// for what is not there.
std::vector<std::filesystem::path> find_places(const std::filesystem::path& cache,
                                               std::string_view what,
                                               std::string_view release);

} // namespace kpatch::cache
