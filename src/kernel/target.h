// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "image/symbols.h"
#include "kernel/compiler.h"
#include "kernel/config.h"
#include "kernel/units.h"
#include "special/struct_sizes.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::kernel {

/// The two files of a module.
struct ModuleFiles {
  std::filesystem::path shipped; ///< the one that is loaded
  std::filesystem::path debug;   ///< the same with DWARF and FILE symbols
};

/// A kernel that patches are made for: where its files are and what they say. Nothing
/// under these paths may be written to.
struct Target {
  std::string release; ///< what uname -r says: "6.1.0-56-cloud-amd64"
  std::string version; ///< of the source it was built from: "6.1.192-2"
  std::string machine; ///< what uname -m says: "x86_64"

  std::filesystem::path source; ///< pristine source that patches apply to
  std::string feature_set; ///< patches that only the headers of `source` have; or empty
  std::filesystem::path patches_file;  ///< where they are looked for
  std::filesystem::path kbuild_source; ///< the kernel's, if `source` is not; else empty
  std::filesystem::path records; ///< where kbuild's records of a finished build of the
                                 ///< source are; empty: it was not built
  std::filesystem::path
      objects;                 ///< prepared O= tree: .config, generated headers, scripts,
                               ///< objtool, Module.symvers; to be copied before use
  std::filesystem::path image; ///< vmlinuz
  std::filesystem::path modules_root; ///< the root below which lib/modules/<release> is,
                                      ///< as depmod -b and modprobe -d take it
  std::filesystem::path vmlinux;      ///< with DWARF and symbols; empty: none
  std::filesystem::path symvers;      ///< Module.symvers
  std::filesystem::path config_file;  ///< .config
  std::filesystem::path cache; ///< for what is derived from this kernel: may be added to
  std::shared_ptr<const void>
      in_use{}; ///< as long as it lives nobody removes that folder

  Config config;
  Compiler compiler;
  /// Arguments of every make for this kernel, such as "CC=gcc-12".
  std::vector<std::string> make_variables;
  special::StructSizes struct_sizes;
  UnitIndex units;
  std::map<std::string, ModuleFiles, std::less<>>
      modules; ///< by name as the kernel has it

  /// The tree with the kernel's own Makefile.
  const std::filesystem::path& kbuild_tree() const {
    return kbuild_source.empty() ? source : kbuild_source;
  }
  /// The file whose symbol table stands for `owner`: the debug vmlinux or the debug .ko.
  /// Throws Error if there is no such module.
  const std::filesystem::path& debug_file(std::string_view owner) const;
  /// The file of `owner` that runs: the kernel image or the shipped module. Throws Error
  /// if there is no such module.
  const std::filesystem::path& shipped_file(std::string_view owner) const;
  /// The symbols of the debug file.
  std::vector<image::ParentSymbol> symbols(std::string_view owner) const;
};

/// What to do about a source without the patches of its feature set; empty: it has none.
std::string lacking_patches_remedy(const Target& target);

/// What the user says instead of taking it from the distribution; empty: not said.
struct Overrides {
  std::filesystem::path source;  ///< -s
  std::filesystem::path config;  ///< -c
  std::filesystem::path vmlinux; ///< -v
};

/// Modules that are not part of the kernel.
struct OutOfTree {
  std::vector<std::filesystem::path> modules; ///< the .ko files in use
  std::vector<std::filesystem::path> sources; ///< in the order of their dependencies
};

struct TargetRequest {
  std::string release;         ///< empty: the running kernel
  std::string machine;         ///< $TARGET_ARCH; empty: this one's
  std::string cross_compile;   ///< $CROSS_COMPILE: what stands before "gcc"
  std::filesystem::path cache; ///< empty: cache::default_cache()
  bool offline = false;        ///< do not download: what is not there is an error
  std::vector<std::string>
      snapshots; ///< addresses of package archives of an earlier time
  CompilerChoice compiler = CompilerChoice::kEither;
  bool debug_package = false; ///< fetch debug information though none is needed
  Overrides overrides;
  std::filesystem::path source_rpm; ///< -r
  OutOfTree out_of_tree;
  bool full_build = false; ///< build the whole kernel before anything else
  std::vector<std::string> full_build_targets; ///< of make; empty: vmlinux and modules
  /// Told one line at the start of each step that takes noticeable time.
  std::function<void(std::string_view)> progress;
  /// Told several times a second how far such a step is: a line that takes the place of
  /// the one before, an empty one ends it. Null: nobody looks.
  std::function<void(std::string_view)> live{};
};

} // namespace kpatch::kernel
