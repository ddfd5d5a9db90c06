// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "klp/module.h"
#include "produce/driver.h"

namespace kpatch::produce {

/// What every module of such a build is linked by.
klp::ModuleRequest link_request(const kernel::Target& target, const BuildOptions& options,
                                const std::filesystem::path& work);

/// Has the cache know what builds for this kernel have in common, for one that cannot add
/// to it: which files include which, the hook, how modules are linked. Nothing is found
/// out of a source that may change.
void find_ahead(const kernel::Target& target, const BuildOptions& options);

} // namespace kpatch::produce
