// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two places have a kernel's image with its modules: the cache, where building a patch
// unpacks the package into kernels/<release>_<version>/image, and the system itself. The
// cache comes first: it holds what the patch was built for.
#include "runtime/kernel_files.h"

#include "base/error.h"

#include <cstdlib>
#include <optional>
#include <vector>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

std::optional<KernelFiles> kernel_below(const fs::path& root,
                                        const std::string& release) {
  std::error_code ignored;
  const fs::path vmlinuz = root / "boot" / ("vmlinuz-" + release);
  if (!fs::is_regular_file(vmlinuz, ignored))
    return std::nullopt;
  for (const fs::path& modules : {root, root / "usr"})
    if (fs::is_directory(modules / "lib/modules" / release, ignored))
      return KernelFiles{.vmlinuz = vmlinuz, .modules_root = modules};
  return std::nullopt;
}

std::vector<fs::path> unpacked_images(const std::string& release, const fs::path& cache) {
  std::vector<fs::path> images;
  std::error_code error;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(cache / "kernels", error))
    if (entry.path().filename().string().starts_with(release + "_"))
      images.push_back(entry.path() / "image");
  return images;
}

} // namespace

KernelFiles find_kernel_files(const std::string& release, const fs::path& cache,
                              const fs::path& root) {
  std::vector<KernelFiles> found;
  for (const fs::path& image : unpacked_images(release, cache))
    if (const std::optional<KernelFiles> files = kernel_below(image, release))
      found.push_back(*files);
  if (found.size() > 1)
    fail_with_remedy("choose one with --vmlinuz and --modules",
                     "{}: the cache holds several builds of this release: {} and {}",
                     release, found[0].vmlinuz.string(), found[1].vmlinuz.string());
  if (!found.empty())
    return found.front();
  if (const std::optional<KernelFiles> files = kernel_below(root, release))
    return *files;
  fail_with_remedy("build a patch for it with kpatch-build -a, which fetches it, or give "
                   "--vmlinuz and --modules",
                   "{}: this kernel is neither in the cache {} nor installed", release,
                   cache.string());
}

fs::path cache_from_environment() {
  if (const char* named = std::getenv("CACHEDIR"); named && *named)
    return named;
  const char* home = std::getenv("HOME");
  return fs::path(home && *home ? home : "/root") / ".kpatch";
}

} // namespace kpatch::runtime
