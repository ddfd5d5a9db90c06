// SPDX-License-Identifier: GPL-2.0-or-later
//
// What became of a large change, for who has to decide about a reboot: the numbers first,
// then what stays out and why, then what runs. The same content as text and as one HTML
// page that needs no other file.
#pragma once

#include "produce/result.h"
#include "report/page.h"

#include <string>
#include <string_view>
#include <vector>

namespace kpatch::report {

/// Where a patch of a series is after the module is loaded.
enum class PatchState {
  kLive,        ///< its code runs
  kNeedsReboot, ///< it was left out
  kNotAffected, ///< nothing of it is part of this kernel
  kNotBuilt,    ///< there is no module
};
PatchState state_of(const produce::SeriesPatch& patch,
                    const produce::BuildResult& result);

/// "live", "needs-reboot", "not-affected" or "not-built", as in JSON.
std::string_view name_of(PatchState state);

/// The numbers of a build.
struct Totals {
  std::size_t units_in = 0;
  std::size_t units_without_effect = 0; ///< they compile to the code that runs
  std::size_t functions = 0;            ///< replaced or new
  std::size_t objects = 0;              ///< vmlinux and modules that are patched
  std::size_t needs_reboot = 0;         ///< files, or patches of a series
  std::size_t not_in_kernel = 0;        ///< files that no part of this kernel is made of
};
Totals totals_of(const produce::BuildResult& result);

/// What it is about, in one line.
std::string update_heading(const produce::BuildResult& result);
/// What there is to say but for problems, the numbers first; none is empty.
std::vector<Section> update_sections(const produce::BuildResult& result);

std::string update_text(const produce::BuildResult& result);
std::string update_page(const produce::BuildResult& result);

} // namespace kpatch::report
