// SPDX-License-Identifier: GPL-2.0-or-later
//
// An instruction of most processors holds a part of an address, so two of them have to be
// read. And what an instruction names may be a slot with the address in it, of a GOT or
// of ppc64's .toc, which the linker has done away with wherever it could:
//
//   s390x     lgrl %r1,thing@GOTENT          ->  larl %r1,thing
//   ppc64le   ld r9,slot@toc@l(r9)           ->  addi r9,r9,thing@toc@l
#include "match/field_reader.h"

#include "base/endian.h"

#include <algorithm>

namespace kpatch::match {

namespace {

std::uint64_t toc_of(const image::Image& image) {
  const auto found =
      std::ranges::find(image.symbols(), arch::kTocPointer, &image::ImageSymbol::name);
  return found == image.symbols().end() ? 0 : found->address;
}

/// Which of the addends of one symbol are the same: a distance from the place itself is
/// longer the farther that is.
std::int64_t named_offset(const elf::Relocation& relocation, const arch::Field& field) {
  return relocation.addend - (field.base == arch::FieldBase::kPlace
                                  ? static_cast<std::int64_t>(relocation.offset)
                                  : 0);
}

} // namespace

FieldReader::FieldReader(const elf::Object& object, const image::Image& image)
    : object_(object), image_(image), arch_(arch::arch_for(object)), toc_(toc_of(image)),
      slots_(object) {}

elf::Relocation FieldReader::meant_by(const elf::Relocation& relocation) const {
  const elf::Relocation* behind = slots_.behind(arch_, object_, relocation);
  elf::Relocation meant = behind ? *behind : relocation;
  meant.offset = relocation.offset;
  return meant;
}

/// The instruction before it, or behind it, that has the rest of the same address. Null
/// where the compiler made none.
const elf::Relocation* FieldReader::other_half(std::span<const elf::Relocation> stretch,
                                               const elf::Relocation& relocation) const {
  const arch::Field field = *arch_.field(relocation.type);
  const elf::Relocation* found = nullptr;
  for (const elf::Relocation& other : stretch) {
    const auto its = arch_.field(other.type);
    const bool is_other_half =
        its && its->share != arch::FieldShare::kWhole && its->share != field.share;
    if (!is_other_half || other.symbol != relocation.symbol ||
        named_offset(other, *its) != named_offset(relocation, field))
      continue;
    if (found && other.offset > relocation.offset)
      break;
    found = &other;
  }
  return found;
}

/// What the image has in the field, added to what it counts from; the low part of an
/// address as it is.
std::optional<std::uint64_t> FieldReader::field_value(const Placed& placed,
                                                      const elf::Relocation& relocation,
                                                      bool is_slot_gone) const {
  const auto field = is_slot_gone ? arch_.field_without_slot(relocation.type)
                                  : arch_.field(relocation.type);
  std::uint64_t offset = relocation.offset - placed.begin;
  if (placed.code && !placed.code->same_layout) {
    const auto after = std::ranges::upper_bound(placed.code->pairs, offset, {},
                                                &arch::InstructionPair::ours);
    if (after == placed.code->pairs.begin())
      return std::nullopt;
    const arch::InstructionPair& pair = *(after - 1);
    if (pair.our_size != pair.their_size) // a branch, whose field ends it
      return placed.address + static_cast<std::uint64_t>(pair.target) -
             (pair.ours + pair.our_size - offset);
    offset = pair.theirs + (offset - pair.ours);
  }
  const std::uint64_t place = placed.address + offset;
  const auto bytes = image_.bytes_from(place);
  if (!field || bytes.size() < field->size)
    return std::nullopt;
  const bool is_zero =
      field->share == arch::FieldShare::kHigh && arch_.is_high_part_gone(bytes);
  const std::uint64_t value =
      is_zero ? 0 : arch::read_field(bytes, 0, *field, image_.order());
  return field->share == arch::FieldShare::kLow
             ? value
             : value + arch::base_of(*field, place, toc_);
}

bool FieldReader::is_slot_gone(const Placed& placed,
                               const elf::Relocation& relocation) const {
  const auto ours = std::span(object_.sections[placed.section].data);
  return arch_.names_slot(object_, relocation) && placed.begin <= ours.size() &&
         arch_.is_slot_gone(ours.subspan(placed.begin), image_.bytes_from(placed.address),
                            relocation.offset - placed.begin);
}

std::optional<FieldReader::Sum>
FieldReader::sum_of(const Placed& placed, std::span<const elf::Relocation> stretch,
                    const elf::Relocation& relocation) const {
  const bool is_whole = arch_.field(relocation.type)->share == arch::FieldShare::kWhole;
  const elf::Relocation* other = is_whole ? nullptr : other_half(stretch, relocation);
  if (!is_whole && !other)
    return std::nullopt;
  const bool is_gone =
      is_slot_gone(placed, relocation) || (other && is_slot_gone(placed, *other));
  const auto value = field_value(placed, relocation, is_gone);
  const auto rest = other ? field_value(placed, *other, is_gone) : 0;
  if (!value || !rest)
    return std::nullopt;
  const bool is_low = arch_.field(relocation.type)->share == arch::FieldShare::kLow;
  return Sum{*value + *rest, is_low ? other->addend : relocation.addend, is_gone};
}

std::optional<std::uint64_t>
FieldReader::symbol_address(const Placed& placed,
                            std::span<const elf::Relocation> stretch,
                            const elf::Relocation& relocation) const {
  const auto field = arch_.field(relocation.type);
  if (!field || field->size == 0)
    return std::nullopt;
  const auto sum = sum_of(placed, stretch, relocation);
  if (!sum)
    return std::nullopt;
  const std::uint64_t symbol = sum->value - static_cast<std::uint64_t>(sum->addend);
  if (!arch_.names_slot(object_, relocation))
    return symbol - arch_.local_entry_behind(relocation.type, [&](std::uint64_t before) {
      return image_.bytes_from(symbol - before);
    });
  const auto past = [&](const elf::Relocation& one) {
    return static_cast<std::uint64_t>(
        arch_.target_offset(object_.sections[placed.section], one, {}));
  };
  const elf::Relocation meant = meant_by(relocation);
  std::uint64_t thing = symbol + past(relocation);
  if (!sum->is_slot_gone) {
    const auto slot = image_.bytes_from(thing);
    if (slot.size() < sizeof(thing))
      return std::nullopt;
    thing = load<std::uint64_t>(slot, 0, image_.order());
  }
  return thing - past(meant);
}

} // namespace kpatch::match
