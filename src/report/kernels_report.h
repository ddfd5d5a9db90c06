// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace kpatch::report {

/// What became of the build for one of several kernels.
struct KernelReport {
  std::string release;
  std::string json; ///< as `build_json` writes it; empty: the build left none
};

/// All of them as one JSON object; docs/json.md describes it.
std::string kernels_json(const std::vector<KernelReport>& reports);

/// One line a kernel: what became of it, and the module or why there is none.
std::string kernels_text(const std::vector<KernelReport>& reports);

/// A page with all of them in one table, and with what differs between them.
std::string kernels_page(const std::vector<KernelReport>& reports);

/// The exit status of kpatch-build: 0 if each kernel that the patch affects has its
/// module, 3 if it affects none, else 1.
int kernels_status(const std::vector<KernelReport>& reports);

} // namespace kpatch::report
