// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

#include <string>
#include <string_view>
#include <vector>

namespace kpatch::distro {

/// Kernels by what serves them: "all:trixie,bookworm:cloud-amd64".
struct KernelSelection {
  bool only_newest = false;          ///< of each series and flavour
  std::vector<std::string> releases; ///< of Debian, by their codenames
  std::string flavour;               ///< empty: each
};

/// Whether the text is meant as a selection: no name of a kernel has a colon.
bool is_selection(std::string_view text);

/// Throws Error for what is none, or names an unknown release of Debian.
KernelSelection parse_selection(std::string_view text);

/// Those of these package names that the selection means and that have their headers
/// among them, by version.
std::vector<std::string> select_kernels(const std::vector<std::string>& packages,
                                        const KernelSelection& selection);

/// The kernels that the archives of the selected releases of Debian serve with their
/// headers. Throws Error if there are none.
std::vector<std::string> served_kernels(const std::string& text,
                                        const kernel::TargetRequest& request);

} // namespace kpatch::distro
