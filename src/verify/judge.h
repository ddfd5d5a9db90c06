// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/problem.h"
#include "elf/object.h"
#include "verify/module_rules.h"

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace kpatch::verify {

/// The kernel that is to load a module, by its files alone.
struct KernelOnDisk {
  std::string release;
  std::filesystem::path image;        ///< vmlinuz or vmlinux
  std::filesystem::path modules_root; ///< has lib/modules/<release>; or empty
  std::vector<std::filesystem::path> more_modules; ///< files, or directories of them: in
                                                   ///< the place of others of their names
};

/// Holds modules against one kernel, whose files it reads once.
class Judge {
 public:
  explicit Judge(const KernelOnDisk& kernel);
  ~Judge();
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  std::vector<Problem> problems_of(const elf::Object& module) const;
  /// Of a file as it is to be loaded, signature and all.
  std::vector<Problem> problems_of(std::span<const std::uint8_t> file,
                                   const std::string& label) const;
  /// Those that are built into the kernel, DER.
  std::vector<Bytes> certificates() const;

 private:
  class Files;
  std::unique_ptr<Files> files_;
  ModuleRules rules_;
};

/// All reasons why that kernel should not get the finished module, however it was made.
std::vector<Problem> judge(const elf::Object& module, const KernelOnDisk& kernel);

} // namespace kpatch::verify
