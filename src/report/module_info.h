// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/patch_note.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace kpatch::report {

/// What a patch says about itself, as docs/json.md describes it; null if it says nothing.
nlohmann::ordered_json claims_json(const elf::ModuleInfo& info);

/// The same as indented lines.
std::string claims_text(const elf::ModuleInfo& info);

} // namespace kpatch::report
