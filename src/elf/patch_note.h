// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel keeps nothing of a loaded module's .modinfo but its version. Notes it keeps,
// and shows each as /sys/module/NAME/notes/SECTION to everybody (add_notes_attrs in
// kernel/module/sysfs.c). So a patch carries what it says about itself in a note, too,
// and a loaded one can be asked without its file.
#pragma once

#include "base/files.h"

#include <bit>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kpatch::elf {

/// What a module says about itself, as keys and values in the order of modinfo; keys may
/// be there more than once.
using ModuleInfo = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::string_view kPatchNoteSection = ".note.kpatch";

/// The strings of a .modinfo section: `key=value`, each ended by NUL.
Bytes info_strings(const ModuleInfo& info);
ModuleInfo parse_info_strings(std::span<const std::uint8_t> data);

/// All values of a key.
std::vector<std::string> info_values(const ModuleInfo& info, std::string_view key);

/// The note as it stands in the section.
Bytes make_patch_note(const ModuleInfo& info, std::endian order);
/// Empty for anything that is not such a note, whole and sound.
ModuleInfo parse_patch_note(std::span<const std::uint8_t> note, std::endian order);

} // namespace kpatch::elf
