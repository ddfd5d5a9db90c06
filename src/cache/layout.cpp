// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/layout.h"

#include "base/error.h"
#include "base/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace kpatch::cache {
namespace fs = std::filesystem;

namespace {

struct Part {
  std::string_view name;
  fs::path (*of)(const fs::path& cache, const fs::path& kernel);
};

fs::path source_of(const fs::path& cache, const fs::path& kernel) {
  const fs::path version = kernel / kImage / kSourceVersion;
  if (!fs::exists(version))
    return version;
  std::string name = read_text(version);
  name.erase(name.find_last_not_of('\n') + 1);
  const fs::path patched = cache / kSources / (name + kPatchedSource);
  return fs::exists(patched) ? patched : cache / kSources / name;
}

constexpr Part kPartsOfKernel[] = {
    {"kernel", [](const fs::path&, const fs::path& kernel) { return kernel; }},
    {"image", [](const fs::path&, const fs::path& kernel) { return kernel / kImage; }},
    {"objects",
     [](const fs::path&, const fs::path& kernel) { return kernel / kPreparedTree; }},
    {"source", source_of},
};

std::vector<fs::path> places_without_release(const fs::path& cache,
                                             std::string_view what) {
  if (what.empty())
    return {cache};
  for (const char* name : {kDownloads, kKernels, kOriginals, kSources})
    if (what == name)
      return {cache / name};
  fail_with_remedy(
      "run kpatch-build cache path [downloads|kernels|originals|sources], or "
      "kpatch-build cache path kernel|image|objects|source RELEASE",
      "cache path: '{}' does not name a part of the cache", what);
}

} // namespace

fs::path known_cache() {
  if (const char* chosen = std::getenv("CACHEDIR"); chosen && *chosen)
    return chosen;
  if (const char* home = std::getenv("HOME"); home && *home)
    return fs::path(home) / ".kpatch";
  return {};
}

fs::path default_cache() {
  if (fs::path cache = known_cache(); !cache.empty())
    return cache;
  fail_with_remedy(
      "set CACHEDIR to a directory that you may write to",
      "neither CACHEDIR nor HOME is set, so nothing says where to keep kernels");
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> all;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, none))
    all.push_back(entry.path());
  std::ranges::sort(all);
  return all;
}

/// Debian calls it vmlinux on processors whose boot loaders take no compressed one;
/// packages of the RPM family have it beside the modules.
std::optional<fs::path> find_image(const fs::path& root, std::string_view release) {
  std::error_code ignored;
  for (const fs::path& image : {root / "boot" / fmt::format("vmlinuz-{}", release),
                                root / "boot" / fmt::format("vmlinux-{}", release),
                                root / "lib/modules" / release / "vmlinuz",
                                root / "usr/lib/modules" / release / "vmlinuz"})
    if (fs::is_regular_file(image, ignored))
      return image;
  return std::nullopt;
}

std::vector<fs::path> folders_of_release(const fs::path& cache,
                                         std::string_view release) {
  std::vector<fs::path> folders;
  if (cache.empty())
    return folders;
  for (const fs::path& folder : entries_of(cache / kKernels)) {
    const std::string name = folder.filename();
    if (name.starts_with(release) && name.substr(release.size()).starts_with('_'))
      folders.push_back(folder);
  }
  return folders;
}

std::vector<fs::path> find_places(const fs::path& cache, std::string_view what,
                                  std::string_view release) {
  const auto part = std::ranges::find(kPartsOfKernel, what, &Part::name);
  if (release.empty() || part == std::end(kPartsOfKernel))
    return places_without_release(cache, what);
  std::vector<fs::path> places;
  for (const fs::path& kernel : folders_of_release(cache, release))
    if (fs::path place = part->of(cache, kernel); fs::exists(place))
      places.push_back(std::move(place));
  if (places.empty())
    fail_with_remedy(
        fmt::format("build a patch for it: kpatch-build -a {} PATCH", release),
        "cache path: {} does not have the {} of {}", cache.string(), what, release);
  return places;
}

} // namespace kpatch::cache
