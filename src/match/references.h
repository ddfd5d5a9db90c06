// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "arch/arch.h"
#include "elf/object.h"
#include "image/image.h"
#include "match/field_reader.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace kpatch::match {

/// What one relocation turned out to mean.
struct Reading {
  std::uint64_t offset = 0; ///< of the field, in the section
  elf::SymbolId symbol =
      elf::kNoSymbol;        ///< what it refers to; none: contents were compared
  std::uint64_t address = 0; ///< of that symbol in the image
  bool is_by_place = false;  ///< the unit's own definition, whoever has its name
  bool is_right = true;      ///< as far as names and contents tell
  std::uint64_t inside = 0;  ///< how far behind its start the reference leads
  std::uint64_t target = 0;  ///< where it leads to in the image
  std::string wanted;        ///< for messages, unless right
};

/// Reads what an image has in the fields of relocations of a unit's object.
class ReferenceReader {
 public:
  ReferenceReader(const elf::Object& object, const image::Image& image);

  std::vector<Reading> read(const Placed& placed) const;
  /// Relocations of a section by offset.
  std::span<const elf::Relocation>
  relocations(elf::SectionId section, std::uint64_t begin, std::uint64_t size) const;
  const arch::Arch& arch() const { return arch_; }

 private:
  struct Aim {
    std::uint64_t offset = 0; ///< in the section of the symbol
    std::uint64_t address = 0;
  };

  Aim aim_of(elf::SectionId section, const elf::Relocation& relocation,
             std::uint64_t address) const;
  Reading interpret(elf::SectionId section, const elf::Relocation& relocation,
                    std::uint64_t address) const;
  bool same_contents(elf::SectionId id, std::uint64_t offset,
                     std::uint64_t address) const;
  bool same_address(elf::SectionId section, const elf::Relocation& relocation,
                    std::span<const std::uint8_t> theirs) const;
  elf::SymbolId symbol_holding(elf::SectionId section, std::uint64_t offset) const;
  const arch::InstructionEnds& ends(elf::SectionId section) const;

  const elf::Object& object_;
  const image::Image& image_;
  const arch::Arch& arch_;
  FieldReader fields_;
  std::vector<std::vector<elf::Relocation>> relocations_;
  std::vector<std::vector<elf::SymbolId>> symbols_in_; ///< by section, by value
  mutable std::unordered_map<elf::SectionId, arch::InstructionEnds> ends_;
};

/// Whether the symbol names a function or variable that an image can have.
bool is_named_thing(const elf::Symbol& symbol);

} // namespace kpatch::match
