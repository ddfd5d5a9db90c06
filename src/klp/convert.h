// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"

#include <optional>

namespace kpatch::klp {

struct ConvertOptions {
  /// Move `.altinstructions` and `.parainstructions` into `.klp.arch.*` sections, as
  /// kernels before 5.8 want it. Later ones take them as they are.
  bool klp_arch_sections = false;
  /// sizeof(struct paravirt_patch_site) of the kernel; needed where klp_arch_sections
  /// meets `.parainstructions`.
  std::optional<std::uint64_t> paravirt_site_size;
};

/// Turns the intermediate records of a linked module into livepatch symbols and
/// relocation tables and removes the sections that held them. Nothing may strip the
/// module or reorder its symbols afterwards.
void convert_to_livepatch(elf::Object& module, const ConvertOptions& options);

} // namespace kpatch::klp
