// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace kpatch::compile {

/// Whether a compiler with these options puts paths of source files into its code, of
/// which -fmacro-prefix-map takes nothing away.
bool names_files(std::span<const std::string> options);

/// The compiler's assembly, in which strings that are paths of files in the `tree` are
/// their paths from there on.
std::string with_relative_names(std::string_view assembly, std::string_view tree);

} // namespace kpatch::compile
