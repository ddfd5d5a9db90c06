// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/compiler.h"

#include <optional>
#include <string>
#include <string_view>

namespace kpatch::kernel {

/// Throws Error that names both compilers unless the one here is the kernel's own.
void check_compiler(const Compiler& wanted);

/// A package of a distribution.
struct CompilerPackage {
  std::string vendor; ///< "Debian"
  std::string name;
  std::string version;
};

/// The one that the very compiler is in, as far as its version text tells.
std::optional<CompilerPackage> compiler_package_of(const Compiler& wanted);

/// The command that installs the very compiler, as far as its version text tells; else
/// empty.
std::string compiler_package(const Compiler& wanted);

/// In which way two version texts that differ do: "another compiler", "another version",
/// "another build of the same version".
std::string compiler_difference(std::string_view wanted, std::string_view here);

} // namespace kpatch::kernel
