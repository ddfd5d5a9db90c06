// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "rehearse/guest.h"
#include "runtime/kernel_log.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace kpatch::rehearse {

/// What to rehearse, and on which kernel.
struct RehearsalRequest {
  std::string release;
  std::filesystem::path vmlinuz;
  std::filesystem::path modules_root; ///< has lib/modules/<release>
  std::vector<std::filesystem::path> patches;
  std::filesystem::path check; ///< shell script; empty: load and unload only
  std::vector<std::filesystem::path> programs; ///< that the check uses
  std::filesystem::path guest_programs; ///< has busybox and kpatch; empty: the host's
  std::vector<std::string> with;        ///< modules to load before, by name or file
  bool late = false; ///< load the modules after the patches, not before
  unsigned cycles = 1;
  bool each = false;                ///< one patch after the other, not all together
  bool upgrade = false;             ///< each in the place of the one before, and back
  std::vector<std::string> without; ///< modules that are not loaded
  std::function<void(const GuestStep&)> live{}; ///< called with each step as it ends
  unsigned cpus = 2;
  std::vector<std::string> kernel_arguments; ///< more for the command line of the kernel
  std::string cpu_model;                     ///< as QEMU calls it; empty: its default
  std::optional<bool> kvm;                   ///< nothing: where it works
  double kvm_boot_seconds = 20;              ///< then it does not work
  std::filesystem::path kvm_note;            ///< where that is remembered; empty: nowhere
  double timeout_seconds = 240;
};

enum class Verdict {
  kPassed,
  kNoBoot,
  kModuleNotLoaded, ///< a module that the patch is for, or one asked for
  kCheckBefore,     ///< the check succeeds without the patch
  kLoad,
  kCheckPatched, ///< the check fails with the patch
  kUnload,
  kCheckAfter, ///< the check still succeeds without the patch
  kLog,        ///< the kernel complained
  kCrashed,
  kTimeout,
  kRollback, ///< the way back to the patch before
};

/// The verdict as one word, for programs.
std::string_view to_string(Verdict verdict);

struct Rehearsal {
  std::string release;
  std::vector<std::string> patches; ///< module names
  bool each = false;                ///< they were taken one after the other
  Verdict verdict = Verdict::kPassed;
  std::string reason; ///< one sentence
  GuestRecord guest;
  std::vector<runtime::Transition> transitions;
  std::vector<std::string>
      boot_complaints; ///< from before the patch; not held against it
  std::vector<std::string> complaints;
  std::vector<std::string> console; ///< the last lines, if the guest did not end well
  double seconds = 0;               ///< all in all
};

/// Whether a step came to the end that it must for the rehearsal to pass.
bool is_as_it_must_be(const GuestStep& step, const Rehearsal& rehearsal);

/// How a run of the machine ended, besides what the guest reported.
enum class MachineEnd { kByItself, kTimeout };

/// Fills in verdict, reason, transitions and complaints from what the guest reported.
void judge(Rehearsal& rehearsal, MachineEnd end, std::string_view mark);

/// Boots, loads, checks, unloads. Throws Error if it cannot even be tried.
Rehearsal rehearse(const RehearsalRequest& request);

} // namespace kpatch::rehearse
