// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which file of this folder knows the kernel.
#include "distro/find_target.h"

#include "base/error.h"
#include "cache/cache_upkeep.h"
#include "distro/full_build.h"
#include "distro/out_of_tree.h"
#include "distro/provider.h"
#include "kernel/requirements.h"

#include <algorithm>

namespace kpatch::distro {

namespace {

constexpr Provider (*kProviders[])() = {
#define KPATCH_PROVIDER(get) get,
#include "distro/providers.def"
#undef KPATCH_PROVIDER
};

Provider provider_of(const kernel::TargetRequest& request) {
  return (*std::ranges::find_if(
      kProviders, [&](Provider (*get)()) { return get().is_meant(request); }))();
}

} // namespace

kernel::Target find_target(kernel::TargetRequest request) {
  const bool is_out_of_tree = !request.out_of_tree.modules.empty();
  if (is_out_of_tree && request.release.empty())
    request.release = release_of_module(request.out_of_tree.modules.front());
  const Provider provider = provider_of(request);
  if (!request.snapshots.empty() && !provider.find_newer)
    fail_with_remedy("leave --snapshot out",
                     "--snapshot: only packages of Debian's kernels are fetched from an "
                     "archive of an earlier time");
  kernel::Target target = provider.find(request);
  kernel::check_configuration(target);
  target.in_use = cache::record_kernel_use(target.cache);
  if (!request.machine.empty() && request.machine != target.machine)
    fail_with_remedy("leave TARGET_ARCH out",
                     "TARGET_ARCH is {}, but the kernel {} is for {}", request.machine,
                     target.release, target.machine);
  if (request.full_build)
    target = fully_built(std::move(target), request);
  return is_out_of_tree ? with_out_of_tree_modules(std::move(target), request) : target;
}

std::filesystem::path find_newer_source(const kernel::TargetRequest& request,
                                        const kernel::Target& target,
                                        const std::string& wanted) {
  const Provider provider = provider_of(request);
  if (!provider.find_newer)
    fail_with_remedy(
        "unpack the newer source and give its folder: --to DIR",
        "--to {}: the source of another version is fetched only for Debian's "
        "kernels",
        wanted);
  return provider.find_newer(request, target, wanted);
}

} // namespace kpatch::distro
