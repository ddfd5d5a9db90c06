// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

#include <filesystem>
#include <string>

namespace kpatch::distro {

/// One place that kernels come from.
struct Provider {
  bool (*is_meant)(const kernel::TargetRequest& request);
  kernel::Target (*find)(const kernel::TargetRequest& request);
  /// Null: the user has to give the tree.
  std::filesystem::path (*find_newer)(const kernel::TargetRequest& request,
                                      const kernel::Target& target,
                                      const std::string& wanted) = nullptr;
};

#define KPATCH_PROVIDER(get) Provider get();
#include "distro/providers.def"
#undef KPATCH_PROVIDER

} // namespace kpatch::distro
