// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "runtime/host.h"

#include <chrono>
#include <string>

namespace kpatch::runtime {

/// How long another operation is waited for unless something else is asked for.
inline constexpr std::chrono::seconds kLockPatience{10};

/// Held while the patches of this machine are being changed: by one process at
/// a time.
class OperationLock {
 public:
  /// Waits up to `patience`, then throws Error that names the holder. `command`
  /// is what the others see. Where no lock can be made, a warning is all.
  OperationLock(Host& host, const std::string& command, std::chrono::seconds patience);
  ~OperationLock();
  OperationLock(const OperationLock&) = delete;
  OperationLock& operator=(const OperationLock&) = delete;

 private:
  int descriptor_ = -1;
};

} // namespace kpatch::runtime
