// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two places have a kernel's image with its modules: the cache, where building a patch
// unpacks the packages (Debian's into a folder of their own, those of RPM beside what is
// derived from them), and the system itself. The cache comes first: it holds what the
// patch was built for.
#include "rehearse/kernel_files.h"

#include "base/error.h"
#include "cache/layout.h"

#include <optional>
#include <vector>

namespace kpatch::rehearse {
namespace fs = std::filesystem;

namespace {

std::optional<KernelFiles> kernel_below(const fs::path& root,
                                        const std::string& release) {
  const std::optional<fs::path> image = cache::find_image(root, release);
  std::error_code ignored;
  for (const fs::path& modules : {root, root / "usr"})
    if (image && fs::is_directory(modules / "lib/modules" / release, ignored))
      return KernelFiles{.vmlinuz = *image, .modules_root = modules};
  return std::nullopt;
}

} // namespace

KernelFiles find_kernel_files(const std::string& release, const fs::path& cache,
                              const fs::path& root) {
  std::vector<KernelFiles> found;
  for (const fs::path& folder : cache::folders_of_release(cache, release))
    for (const fs::path& image : {folder / cache::kImage, folder})
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
                   "{}: this kernel is not installed and not in the cache{}", release,
                   cache.empty() ? "" : " " + cache.string());
}

} // namespace kpatch::rehearse
