// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "diff/diff.h"

namespace kpatch::klp {

/// Adds the records by which ftrace finds the entries of the changed and new functions
/// among the first `symbol_count` symbols of the delta's object.
void add_ftrace_records(diff::Delta& delta, elf::SymbolId symbol_count);

} // namespace kpatch::klp
