// SPDX-License-Identifier: GPL-2.0-or-later
//
// An isolated build finds the cache read-only, since nothing that a patch has had a say
// in may decide about another build. What does not depend on the patch is found out
// before, or each such build would find it out again.
#include "produce/find_ahead.h"

#include "base/error.h"
#include "base/log.h"
#include "base/module_name.h"
#include "compile/work_dir.h"
#include "image/image.h"
#include "kernel/patched_by.h"
#include "klp/core_identity.h"
#include "klp/hook.h"
#include "klp/module_link.h"
#include "patch/reach.h"

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

/// Whoever takes patches in that kernel.
std::shared_ptr<const klp::Backend> backend_of(const kernel::Target& target) {
  if (kernel::patched_by(target) == kernel::PatchedBy::kLivepatch)
    return klp::livepatch_backend();
  return klp::core_backend(
      klp::core_identity(image::read_kernel_image(target.shipped_file(kVmlinux))));
}

} // namespace

klp::ModuleRequest link_request(const kernel::Target& target, const BuildOptions& options,
                                const fs::path& work) {
  return {.backend = backend_of(target),
          .replace = options.replace,
          .source_tree = target.kbuild_tree(),
          .object_tree = target.objects,
          .hook_sources = options.hook_sources,
          .make_variables = target.make_variables,
          .symvers = target.symvers,
          .work_dir = work,
          .hook_cache = target.cache / "hooks",
          .jobs = options.jobs};
}

void find_ahead(const kernel::Target& target, const BuildOptions& options) {
  if (options.source_may_change)
    return;
  patch::includes_of(target, options.source_may_change);
  const compile::WorkDir work(options.cache / "tmp");
  const klp::ModuleRequest request = link_request(target, options, work.path());
  try {
    if (!request.backend->companions(request).empty())
      klp::compiled_hook(request, request.work_dir / "hook");
    else if (!fs::exists(klp::steps_file(request)))
      klp::learn_steps(request);
  } catch (const Error& error) { // the build will say so, if it comes to that
    debug("{}", error.what());
  }
}

} // namespace kpatch::produce
