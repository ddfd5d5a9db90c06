// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::rehearse {

/// The program that runs as process 1 in the rehearsal.
std::string_view guest_init();

/// One thing done in the guest.
struct GuestStep {
  unsigned cycle = 0;        ///< from 1; 0 is preparation
  std::string action;        ///< module, check-before, load, check-patched, unload, ...
  std::string subject;       ///< what it was done to
  std::optional<int> status; ///< exit status; nothing if it never ended
  double seconds = 0;
  std::vector<std::string> said;

  /// Whether this was a kernel module that found nothing to drive (ENODEV).
  bool is_without_hardware() const;
};

/// What the guest reported.
struct GuestRecord {
  bool booted = false;
  double boot_seconds = 0;
  std::vector<GuestStep> steps;
  std::vector<std::string> log; ///< of the kernel, from its first line on
  unsigned long taint_before = 0;
  unsigned long taint_after = 0;
  bool complete = false; ///< it came to its end
};

/// Reads the report. Only lines that start with the token count.
GuestRecord parse_guest_record(std::string_view text, std::string_view token);

/// The line in the kernel log that parts booting from rehearsing.
std::string log_mark(std::string_view token);

} // namespace kpatch::rehearse
