// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/problem.h"

#include <string>
#include <vector>

namespace kpatch::report {

/// The result of `kpatch verify` for the module of that file name.
std::string judgement_text(const std::string& module, const std::string& release,
                           const std::vector<Problem>& problems);
std::string judgement_json(const std::string& module, const std::string& release,
                           const std::vector<Problem>& problems);

} // namespace kpatch::report
