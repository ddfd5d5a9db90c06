// SPDX-License-Identifier: GPL-2.0-or-later
//
// It is a part of the link of its own, like the imports, so that the hook stays the same
// for all patches of a kernel.
#include "klp/info_object.h"

#include <algorithm>

namespace kpatch::klp {

elf::Object info_object(const elf::ModuleInfo& info, const elf::Object& sample) {
  constexpr std::uint64_t kNoteAlignment = 4;
  elf::Object object;
  object.label = "info";
  object.header = sample.header;
  object.add_section(
      {.name = ".modinfo", .flags = SHF_ALLOC, .data = elf::info_strings(info)});
  object.add_section({.name = std::string(elf::kPatchNoteSection),
                      .type = SHT_NOTE,
                      .flags = SHF_ALLOC,
                      .alignment = kNoteAlignment,
                      .data = elf::make_patch_note(info, sample.header.order)});
  return object;
}

bool has_description(const elf::ModuleInfo& info) {
  return !elf::info_values(info, "description").empty();
}

} // namespace kpatch::klp
