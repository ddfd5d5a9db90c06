// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "arch/arch.h"
#include "image/image.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace kpatch::verify {

/// The size of an exception entry that has a type.
inline constexpr std::uint64_t kTypedException = 12;

/// What the kernel's own tables say about tables of modules; a size of 0: not known.
struct KernelTables {
  std::map<std::string_view, std::uint64_t> sizes; ///< of entries of special sections
  std::uint64_t alternative_length = 0;  ///< where one says how much code it replaces
  std::uint64_t replacement_length = 0;  ///< and where, how much it puts there
  std::uint64_t orc = 0;                 ///< size of an entry of .orc_unwind
  std::uint32_t last_feature = 0;        ///< no alternative asks for a higher one
  std::uint64_t longest_alternative = 0; ///< code that one replaces
  std::uint32_t last_exception = 0;      ///< no exception entry is of a higher type
  std::set<std::uint64_t> keys;          ///< addresses of the keys of its jump labels
  std::string orc_at_entry;  ///< what .orc_unwind says where a function begins
  bool marks_labels = false; ///< bit 1 of a key says that objtool makes a NOP
  bool has_returns = false;  ///< .return_sites are rewritten
  bool has_retpolines = false;
  bool has_static_calls = false;

  std::uint64_t entry_size(std::string_view section) const {
    const auto found = sizes.find(section);
    return found == sizes.end() ? 0 : found->second;
  }
};

/// Without an image only what is the same in all kernels is known.
KernelTables kernel_tables(const image::Image* image, const arch::Arch& arch);

} // namespace kpatch::verify
