// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which file of this folder knows the kernel: one row for each form that a request may
// have, the more explicit first.
#include "distro/find_target.h"

#include "base/error.h"
#include "distro/debian.h"
#include "distro/full_build.h"
#include "distro/out_of_tree.h"
#include "distro/rpm.h"
#include "distro/tree.h"
#include "distro/ubuntu.h"
#include "kernel/requirements.h"

namespace kpatch::distro {

namespace {

struct Provider {
  bool (*is_meant)(const kernel::TargetRequest& request);
  kernel::Target (*find)(const kernel::TargetRequest& request);
};

constexpr Provider kProviders[] = {
    {is_tree_request,                                   tree_target  },
    {is_rpm_request,                                    rpm_target   },
    {is_ubuntu_request,                                 ubuntu_target},
    {[](const kernel::TargetRequest&) { return true; }, debian_target},
};

kernel::Target find_kernel(const kernel::TargetRequest& request) {
  for (const Provider& provider : kProviders)
    if (provider.is_meant(request))
      return provider.find(request);
  return {};
}

} // namespace

kernel::Target find_target(kernel::TargetRequest request) {
  const bool is_out_of_tree = !request.out_of_tree.modules.empty();
  if (is_out_of_tree && request.release.empty())
    request.release = release_of_module(request.out_of_tree.modules.front());
  kernel::Target target = find_kernel(request);
  kernel::check_configuration(target);
  if (!request.machine.empty() && request.machine != target.machine)
    fail_with_remedy("leave TARGET_ARCH out",
                     "TARGET_ARCH is {}, but the kernel {} is for {}", request.machine,
                     target.release, target.machine);
  if (request.full_build)
    target = fully_built(std::move(target), request);
  return is_out_of_tree ? with_out_of_tree_modules(std::move(target), request) : target;
}

} // namespace kpatch::distro
