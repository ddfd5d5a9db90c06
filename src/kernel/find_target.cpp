// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which file of this folder knows the kernel: one row for each form that a request may
// have, the more explicit first.
#include "kernel/find_target.h"

#include "base/error.h"
#include "kernel/debian.h"
#include "kernel/full_build.h"
#include "kernel/out_of_tree.h"
#include "kernel/requirements.h"
#include "kernel/rpm.h"
#include "kernel/tree.h"
#include "kernel/ubuntu.h"

namespace kpatch::kernel {

namespace {

struct Provider {
  bool (*is_meant)(const TargetRequest& request);
  Target (*find)(const TargetRequest& request);
};

constexpr Provider kProviders[] = {
    {is_tree_request,                           tree_target  },
    {is_rpm_request,                            rpm_target   },
    {is_ubuntu_request,                         ubuntu_target},
    {[](const TargetRequest&) { return true; }, debian_target},
};

Target find_kernel(const TargetRequest& request) {
  for (const Provider& provider : kProviders)
    if (provider.is_meant(request))
      return provider.find(request);
  return {};
}

} // namespace

Target find_target(TargetRequest request) {
  const bool is_out_of_tree = !request.out_of_tree.modules.empty();
  if (is_out_of_tree && request.release.empty())
    request.release = release_of_module(request.out_of_tree.modules.front());
  Target target = find_kernel(request);
  check_configuration(target);
  if (!request.machine.empty() && request.machine != target.machine)
    fail_with_remedy("leave TARGET_ARCH out",
                     "TARGET_ARCH is {}, but the kernel {} is for {}", request.machine,
                     target.release, target.machine);
  if (request.full_build)
    target = fully_built(std::move(target), request);
  return is_out_of_tree ? with_out_of_tree_modules(std::move(target), request) : target;
}

} // namespace kpatch::kernel
