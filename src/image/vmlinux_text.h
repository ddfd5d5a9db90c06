// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kpatch::image {

/// The release that a vmlinux says it is, from its banner "Linux version 6.1.0-56-amd64
/// (...". Throws Error if it has none.
std::string release_of_vmlinux(const std::filesystem::path& vmlinux);

/// What uname -m says on the machine that it is for.
std::string machine_of_binary(const std::filesystem::path& binary);

/// What the compiler wrote into `.comment`: "GCC: (Debian 12.2.0-14+deb12u1) 12.2.0";
/// empty if there is no such section.
std::string compiler_comment(const std::filesystem::path& binary);

/// The value of a line of a module's `.modinfo`; empty if there is none.
std::string modinfo_value(const std::filesystem::path& module, std::string_view key);

} // namespace kpatch::image
