// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kpatch::compile {

/// What goes before the compiler: the program that the user names, none for "none", and
/// if the user names none, one that is installed and that the environment sets up. Throws
/// Error if the named one is not installed.
std::vector<std::string> find_launcher(const std::string& wanted);

/// Whether the program has other machines compile, with what they take for this compiler.
bool is_distributing(std::string_view launcher);

/// Whether a word of a recorded command is such a program: the one that compiled the
/// kernel need not be the one to use here.
bool is_launcher(std::string_view word);

} // namespace kpatch::compile
