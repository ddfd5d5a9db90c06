// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kernel/target.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kpatch::kernel {

/// The start of every make command line for a prepared object tree; targets and variables
/// follow. The program must be run with `kbuild_environment()`.
std::vector<std::string> kbuild_command(const std::filesystem::path& source,
                                        const std::filesystem::path& objects);

/// The same for what is outside of the kernel's tree, in `folder`.
std::vector<std::string> kbuild_module_command(const std::filesystem::path& source,
                                               const std::filesystem::path& objects,
                                               const std::filesystem::path& folder);

/// What to add where the top makefile of `source` is to be read by the first make itself,
/// and not by a second one that it starts.
std::vector<std::string> first_make_arguments(const std::filesystem::path& source);

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

/// Whether the units are compiled, or only the record of how kbuild would do that is
/// written.
enum class UnitsGoal { kRecords, kObjects };

/// The make command line that compiles units, but does none of the work that kbuild puts
/// before every goal of its own. Variables may follow. Meant for a private copy of a
/// prepared tree. To be tried with kAsPacked first; a unit whose own makefile runs
/// another tool needs kBuild.
std::vector<std::string> kbuild_units_command(const std::filesystem::path& source,
                                              const std::filesystem::path& objects,
                                              const UnitGroup& group, HostTools tools,
                                              UnitsGoal goal);

/// A variable for make that has the compiler give each function and each variable a
/// section of its own.
inline constexpr std::string_view kSectionsByMake =
    "KCFLAGS=-ffunction-sections -fdata-sections";

/// A variable for make that has kbuild write its record of every C object, and not make
/// the object.
extern const std::string_view kRecordOnly;

/// Changes to the inherited environment for programs of kbuild: what would decide over
/// what is built is emptied, so that the same inputs give the same module for every
/// caller.
std::map<std::string, std::string> kbuild_environment();

/// Makes an O= tree that holds the files of a distribution's header package ready for
/// compiling any unit: host tools and the generated headers that such a package leaves
/// out. A given `config` replaces the package's own. `variables` go to make.
void prepare_objects(const std::filesystem::path& source,
                     const std::filesystem::path& objects,
                     const std::filesystem::path& config = {},
                     const std::vector<std::string>& variables = {});

/// Makes an O= tree out of a configuration alone. `variables` go to make.
void prepare_from_config(const std::filesystem::path& source,
                         const std::filesystem::path& objects,
                         const std::filesystem::path& config,
                         const std::vector<std::string>& variables);

/// Puts what `kbuild_units_command` needs into an object tree that may be written to.
void add_units_makefile(const std::filesystem::path& objects);

/// The text of that makefile and of kRecordOnly: with another one kbuild may record other
/// commands for the same kernel.
std::string units_recipe();

/// Those of them that say for which processor; none if it is this machine's.
std::vector<std::string> cross_variables(const Compiler& compiler);

/// The make arguments by which kbuild makes this kernel and no other: its compiler,
/// architecture and, to the letter, its release.
std::vector<std::string> make_variables_of(const Target& target);

} // namespace kpatch::kernel
