// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/module_signature.h"
#include "elf/patch_note.h"
#include "runtime/after_reboot.h"
#include "runtime/livepatch_state.h"
#include "runtime/module_file.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kpatch::runtime {

enum class Condition {
  kEnabled,
  kEnabling,
  kDisabling,
  kDisabled,
  kReplaced, ///< disabled by a newer patch
};

Condition condition_of(const PatchState& patch);
/// One word each, as `kpatch list` prints them.
std::string_view to_string(Condition condition);

struct FunctionStatus {
  ReplacedFunction function;
  std::string active;   ///< the patch whose version of it runs; empty: none
  std::string bypass{}; ///< who may decide over it all the same; empty: nobody
};

struct ObjectStatus {
  std::string name;
  std::optional<bool> patched; ///< as ObjectState
  std::vector<FunctionStatus> functions;
};

/// A live patch that is in the kernel.
struct PatchStatus {
  std::string name;
  Condition condition = Condition::kEnabled;
  std::optional<int> stack_order;    ///< 1 is the oldest; nothing for remains
  std::optional<bool> replaces;      ///< whether it is cumulative, where that is known
  std::vector<std::string> replaced; ///< what it took over from
  std::optional<long> users;
  std::string taint;    ///< of the module, as letters
  elf::ModuleInfo info; ///< what the loaded module says about itself; mostly empty
  std::vector<ObjectStatus> objects;
  std::filesystem::path file;     ///< installed; empty if it is not
  elf::ModuleSignature signature; ///< of that file
  std::vector<StalledTask> stalled;
  /// Of one that is in force or on the way; nothing if no newer kernel is installed.
  std::optional<AfterReboot> after_reboot{};
};

struct InstalledPatch {
  std::string name;
  std::string release;
  std::filesystem::path file;
};

struct Taint {
  char letter;
  std::string_view meaning;
};

struct SystemStatus {
  std::string release;
  bool can_livepatch = false;
  std::string signature_demand; ///< as signature_demand()
  bool is_tracing_off = false;  ///< no patched function is in effect then
  unsigned long taint = 0;      ///< the kernel's mask
  std::vector<Taint> taints;
  std::vector<PatchStatus> patches; ///< the oldest first, remains last
  std::vector<InstalledPatch> installed;
};

SystemStatus read_status(const Places& places);

/// Sorted by release and name.
std::vector<InstalledPatch> read_installed(const Places& places);

/// What one module file is.
struct PatchInformation {
  std::string argument; ///< as the user named it
  std::filesystem::path file;
  ModuleFile module;
  elf::ModuleSignature signature;
  std::optional<Condition> loaded; ///< nothing if it is not
};

PatchInformation read_information(const Host& host, const std::string& argument);

} // namespace kpatch::runtime
