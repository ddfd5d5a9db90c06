// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace kpatch::compile {

/// The compiler's assembly, in which each function of the `shared` sections of code has a
/// section of its own, as -ffunction-sections gives to those that have no section by
/// name: `.text.` and its name. So has each variable of those of data
/// (special::is_shared_data): the name of the shared section, a dot, and its own.
std::string with_own_sections(std::string_view assembly,
                              std::span<const std::string> shared);

} // namespace kpatch::compile
