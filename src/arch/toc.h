// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"

#include <cstddef>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace kpatch::arch {

class Arch;

inline constexpr std::string_view kTocSection = ".toc"; ///< ppc64's table of addresses

/// Whether a relocation of the object refers to a slot of its `.toc`, and not to a thing
/// itself by the distance from the TOC pointer.
bool leads_to_toc_slot(const Arch& arch, const elf::Object& object,
                       const elf::Relocation& relocation);

/// Where in `.toc` that slot is, in bytes.
std::uint64_t toc_slot(const elf::Object& object, const elf::Relocation& relocation);

/// What fills in the slots of an object's `.toc`.
class TocFillers {
 public:
  explicit TocFillers(const elf::Object& object);

  elf::SectionId section() const { return toc_; } ///< kNoSection: there is none

  /// The number of the relocation in `.toc` that fills in a slot; nothing for a slot that
  /// holds a constant.
  std::optional<std::size_t> find(std::uint64_t slot) const;

  /// The relocation that says what another one is about: that of its slot, or itself
  /// where it needs none; null if the slot holds a constant. Both are of the object.
  const elf::Relocation* behind(const Arch& arch, const elf::Object& object,
                                const elf::Relocation& relocation) const;

 private:
  elf::SectionId toc_;
  std::unordered_map<std::uint64_t, std::size_t> fillers_;
};

} // namespace kpatch::arch
