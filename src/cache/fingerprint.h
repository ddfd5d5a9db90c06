// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

namespace kpatch::cache {

/// A digest that changes when a file of the tree is added, removed or altered: over
/// paths, sizes and modification times, and with `kContent` over the content as well.
enum class FingerprintDepth { kMetadata, kContent };
std::string tree_fingerprint(const std::filesystem::path& tree, FingerprintDepth depth);

} // namespace kpatch::cache
