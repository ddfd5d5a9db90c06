// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/problem.h"
#include "elf/module_signature.h"

#include <optional>
#include <string>
#include <vector>

namespace kpatch::report {

/// The result of `kpatch verify` for the module of that file name; without a signature
/// nothing is said of whether it is signed.
std::string judgement_text(const std::string& module, const std::string& release,
                           const std::vector<Problem>& problems,
                           const std::optional<elf::ModuleSignature>& signature);
std::string judgement_json(const std::string& module, const std::string& release,
                           const std::vector<Problem>& problems,
                           const std::optional<elf::ModuleSignature>& signature);

} // namespace kpatch::report
