// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/config.h"

#include <string>
#include <string_view>
#include <vector>

namespace kpatch::kernel {

/// The compiler that a kernel was built with, as its configuration names it.
struct Compiler {
  std::string command;       ///< what to call: "gcc-12"
  std::string version_text;  ///< CONFIG_CC_VERSION_TEXT: "gcc-12
                             ///< (Debian 12.2.0-14+deb12u1) 12.2.0"
  std::string packages{};    ///< with their versions, if it was fetched; empty: installed
  std::string not_fetched{}; ///< why; empty: it was, or needed not to be
  /// Of a fetched one: arguments of make that have it and its linker used.
  std::vector<std::string> make_variables{};
  std::string machine{};       ///< that it must compile for; empty: this one's
  std::string cross_compile{}; ///< what stands before the names of compiler and linker
};

/// Where the compiler may come from.
enum class CompilerChoice { kEither, kFetched, kInstalled };

/// The compiler that a configuration names: the command of that name if it is of that
/// version, else one that has the version in its name ("gcc-12"). `cross_compile` goes
/// before the command; if it is empty and `machine` is another processor than this one,
/// what the kernel's own compiler was called with, or else how Debian calls its cross
/// compilers.
Compiler compiler_of(const Config& config, const std::string& cross_compile = {},
                     const std::string& machine = {});

/// Throws Error if there is no such compiler, or one that compiles for another processor.
void check_compiler_processor(const Compiler& compiler);

/// The package of Debian that has this command: "gcc-12-s390x-linux-gnu" for
/// "s390x-linux-gnu-gcc-12".
std::string package_of_compiler(std::string_view command);

/// The first line of `command --version`. Throws Error with the package to install if
/// there is no such command.
std::string compiler_version_text(const std::string& command);

/// Whether two version texts mean the same compiler: the name it was called by (the first
/// word) does not count.
bool same_compiler(std::string_view one, std::string_view other);

} // namespace kpatch::kernel
