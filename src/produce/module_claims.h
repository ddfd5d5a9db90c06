// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/patch_note.h"
#include "patch/left_out.h"
#include "patch/patch_file.h"

#include <string>
#include <string_view>
#include <vector>

namespace kpatch::produce {

/// What the user wants a module to say about itself.
struct Claims {
  std::string description, version, author, url;
  std::vector<std::string> cves;
  bool reads_texts = true; ///< also those that the texts of the patches name
};

/// What the finished module says: what is wanted, and the CVE ids and "Fixes:" lines of
/// patches that are in it as a whole and change something of this kernel.
elf::ModuleInfo module_info(const Claims& wanted,
                            const std::vector<patch::PatchFile>& whole,
                            const std::vector<patch::LeftOut>& left_out);

/// Throws Error, naming the option, unless it is one line of text.
std::string checked_line(std::string_view option, const std::string& text);

} // namespace kpatch::produce
