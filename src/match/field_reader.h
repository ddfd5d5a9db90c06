// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "arch/arch.h"
#include "arch/toc.h"
#include "elf/object.h"
#include "image/image.h"

#include <cstdint>
#include <optional>
#include <span>

namespace kpatch::match {

/// A stretch of a section of the unit and where the image has it.
struct Placed {
  elf::SectionId section = elf::kNoSection;
  std::uint64_t begin = 0; ///< in the section
  std::uint64_t size = 0;
  std::uint64_t address = 0;                  ///< in the image
  const arch::CodeComparison* code = nullptr; ///< null: byte by byte
};

/// Reads addresses out of the fields that an image has in the place of a unit's
/// relocations.
class FieldReader {
 public:
  FieldReader(const elf::Object& object, const image::Image& image);

  /// What the image has for "symbol" in the "symbol + addend" that the relocation means,
  /// which is one of the `stretch`. Nothing if it has no field, or but a part of one.
  std::optional<std::uint64_t> symbol_address(const Placed& placed,
                                              std::span<const elf::Relocation> stretch,
                                              const elf::Relocation& relocation) const;

  /// The relocation itself, or that of the slot in the unit that it names.
  elf::Relocation meant_by(const elf::Relocation& relocation) const;

 private:
  /// An address, and what the instructions with its parts are relocated by.
  struct Sum {
    std::uint64_t value = 0;
    std::int64_t addend = 0;
    bool is_slot_gone = false;
  };

  std::optional<Sum> sum_of(const Placed& placed,
                            std::span<const elf::Relocation> stretch,
                            const elf::Relocation& relocation) const;
  std::optional<std::uint64_t> field_value(const Placed& placed,
                                           const elf::Relocation& relocation,
                                           bool is_slot_gone) const;
  const elf::Relocation* other_half(std::span<const elf::Relocation> stretch,
                                    const elf::Relocation& relocation) const;
  bool is_slot_gone(const Placed& placed, const elf::Relocation& relocation) const;

  const elf::Object& object_;
  const image::Image& image_;
  const arch::Arch& arch_;
  std::uint64_t toc_ = 0; ///< of ppc64
  arch::TocFillers slots_;
};

} // namespace kpatch::match
