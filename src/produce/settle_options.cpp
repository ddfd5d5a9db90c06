// SPDX-License-Identifier: GPL-2.0-or-later
//
// What options mean beside each other, once all have been read.
#include "produce/settle_options.h"

#include "base/error.h"
#include "base/text.h"
#include "produce/module_naming.h"

#include <algorithm>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

/// What is said of one kernel is not true of others.
void check_several(const Invocation& invocation) {
  const kernel::TargetRequest& kernel = invocation.kernel;
  const auto refuse = [](std::string_view option) {
    fail("{} is about one kernel; it cannot be used with several --archversion", option);
  };
  if (!kernel.overrides.source.empty())
    refuse("--sourcedir");
  if (!kernel.overrides.config.empty())
    refuse("--config");
  if (!kernel.overrides.vmlinux.empty())
    refuse("--vmlinux");
  if (!kernel.out_of_tree.modules.empty())
    refuse("--oot-module");
  if (!invocation.options.debug_file.empty())
    refuse("--debug-file");
}

/// The kernels to build for, each once.
void choose_kernels(Invocation& invocation) {
  std::vector<std::string>& releases = invocation.releases;
  if (!invocation.only_kernel.empty()) {
    releases = {invocation.only_kernel};
    invocation.selections.clear();
  }
  std::vector<std::string> once;
  for (std::string& release : releases)
    if (std::ranges::find(once, release) == once.end())
      once.push_back(release);
  releases = std::move(once);
  if (!releases.empty())
    invocation.kernel.release = releases.front();
  if (invocation.is_for_several())
    check_several(invocation);
}

/// The next version of a package takes the place of this one, and so must the module: in
/// the kernel too, where two of one name cannot be.
void check_package(Invocation& invocation) {
  BuildOptions& options = invocation.options;
  const std::string& version = options.claims.version;
  if (version.empty() || !is_digit(version.front()) || !is_plain(version, ".+~"))
    fail_with_remedy("give --patch-version 1, and a higher one with each later package",
                     "--package: '{}' is not the version of a package", version);
  if (!options.replace)
    fail("--package: the next version of a package takes the place of this one; a patch "
         "with --non-replace does not");
  if (options.name.empty())
    options.name = "livepatch-" + version;
  options.name = module_name_from(options.name);
}

/// Options that only make sense together, or not together.
void check_combination(Invocation& invocation) {
  const kernel::TargetRequest& kernel = invocation.kernel;
  if (!kernel.source_rpm.empty() &&
      (!kernel.release.empty() || !invocation.selections.empty()))
    fail("--sourcerpm says by its name which kernel it is; --archversion cannot be used "
         "with it");
  if (!kernel.source_rpm.empty() && !kernel.overrides.source.empty())
    fail("--sourcerpm and --sourcedir cannot be used together");
  if (!kernel.out_of_tree.modules.empty() && kernel.out_of_tree.sources.empty())
    fail("--oot-module requires --oot-module-src");
  if (kernel.out_of_tree.modules.empty() && !kernel.out_of_tree.sources.empty())
    fail("--oot-module-src requires --oot-module");
  BuildOptions& options = invocation.options;
  if (!invocation.to.empty()) {
    options.leave_out = patch::Grain::kFile;
    if (options.name.empty())
      options.name = "livepatch-to-" + fs::path(invocation.to).filename().string();
  }
  if (!options.series.empty() && options.leave_out == patch::Grain::kFile)
    options.leave_out = patch::Grain::kPatch;
  const auto is_review = [](const auto& option) { return option.first == "review"; };
  if (options.leave_out != patch::Grain::kAll &&
      std::ranges::none_of(invocation.asked, is_review))
    options.review = Review::kRefuse;
  if (invocation.is_for_several() &&
      (invocation.options.wants_digests || !invocation.reproduce.empty()))
    fail("--provenance, --sbom, --vex and --reproduce are about one kernel; give one -a");
  if (invocation.signer.key.empty() != invocation.signer.certificate.empty())
    fail("--sign-key and --sign-cert go together");
  if (!kernel.full_build && !kernel.full_build_targets.empty())
    invocation.notices.push_back("NOTICE: --target is ignored without --full-build: only "
                                 "what the patch touches is compiled");
}

} // namespace

void settle(Invocation& invocation) {
  choose_kernels(invocation);
  invocation.options.wants_digests = !invocation.provenance.empty() ||
                                     !invocation.sbom.empty() || !invocation.vex.empty();
  check_combination(invocation);
  if (!invocation.package.empty())
    check_package(invocation);
}

} // namespace kpatch::produce
