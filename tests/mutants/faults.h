// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"

#include <span>
#include <string_view>

namespace kpatch::mutants {

/// One thing that may be wrong with a finished module.
struct Fault {
  std::string_view name;
  /// Does it to the module; false: the module has nothing that could be wrong so.
  bool (*apply)(elf::Object& module);
  /// Nobody need find it: it does no harm, or cannot always be told from what is right.
  bool may_escape = false;
};

std::span<const Fault> all_faults();

} // namespace kpatch::mutants
