// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kpatch::kernel {

/// The start of every make command line for a prepared object tree; targets and variables
/// follow. The program must be run with `kbuild_environment()`.
std::vector<std::string> kbuild_command(const std::filesystem::path& source,
                                        const std::filesystem::path& objects);

/// Host programs of the kernel's scripts/ folder: few units need any that the header
/// package does not have.
enum class HostTools { kAsPacked, kBuild };

/// Units that one makefile knows. Most are found by descending from the top ("."), but a
/// module may take units of other folders (arch/x86/kvm takes ../../../virt/kvm/*.c), and
/// only its own makefile says with which options.
struct UnitGroup {
  std::filesystem::path directory = ".";
  std::vector<std::string> units;
};

/// The make command line that compiles units, but does none of the work that kbuild puts
/// before every goal of its own. Variables may follow. Meant for a private copy of a
/// prepared tree. To be tried with kAsPacked first; a unit whose own makefile runs
/// another tool needs kBuild.
std::vector<std::string> kbuild_units_command(const std::filesystem::path& source,
                                              const std::filesystem::path& objects,
                                              const UnitGroup& group, HostTools tools);

/// What must not leak from our caller into kbuild, neutralised.
std::map<std::string, std::string> kbuild_environment();

/// Makes an O= tree that holds the files of a distribution's header package ready for
/// compiling any unit: host tools and the generated headers that such a package leaves
/// out. A given `config` replaces the package's own.
void prepare_objects(const std::filesystem::path& source,
                     const std::filesystem::path& objects,
                     const std::filesystem::path& config = {});

} // namespace kpatch::kernel
