// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "image/image.h"

#include <cstdint>
#include <set>
#include <string>

namespace kpatch::verify {

/// What the kernel's own tables say about tables of modules; a size of 0: not known.
struct KernelTables {
  std::uint64_t alternative = 0;         ///< size of an entry of .altinstructions
  std::uint64_t bug = 0;                 ///< of __bug_table
  std::uint64_t exception = 0;           ///< of __ex_table
  std::uint64_t orc = 0;                 ///< of .orc_unwind
  std::uint32_t last_feature = 0;        ///< no alternative asks for a higher one
  std::uint64_t longest_alternative = 0; ///< code that one replaces
  std::uint32_t last_exception = 0;      ///< no exception entry is of a higher type
  std::set<std::uint64_t> keys;          ///< addresses of the keys of its jump labels
  std::string orc_at_entry;  ///< what .orc_unwind says where a function begins
  bool marks_labels = false; ///< bit 1 of a key says that objtool makes a NOP
  bool has_returns = false;  ///< .return_sites are rewritten
  bool has_retpolines = false;
  bool has_static_calls = false;
};

KernelTables kernel_tables(const image::Image& vmlinux);

} // namespace kpatch::verify
