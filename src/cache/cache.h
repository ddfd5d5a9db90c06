// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>

namespace kpatch::cache {

/// Sees to it that the directory `path` exists, whole. If it does not, `fill` is called
/// with a fresh directory beside it, which then takes its name by one rename. Of several
/// processes one fills and the others wait; what a killed one left behind is removed.
void make_once(const std::filesystem::path& path,
               const std::function<void(const std::filesystem::path& fresh)>& fill);

/// Sees to it that the cache is of a format that this program knows, or is empty, and
/// that nobody but this user and root may write to it; from here on nothing that the
/// process makes may be written to by others. Throws Error if a later program has made
/// the cache or others may change what is in it.
void claim_cache(const std::filesystem::path& cache);

} // namespace kpatch::cache
