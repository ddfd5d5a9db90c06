// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a relocation writes. On most processors that is not a number of whole bytes: the
// bits of an address lie among those of the instruction, shifted, and two instructions
// hold a part of it each.
//
//   aarch64   adrp x0, thing           bits 12 and up, counted from the page of the place
//             add x0, x0, :lo12:thing  bits 0 to 11
//   s390x     larl %r2,thing           half the distance
//   ppc64le   addis r9,r2,thing@toc@ha bits 16 and up of the distance from the TOC
//   pointer,
//                                      rounded, as the low part is signed
//             addi r9,r9,thing@toc@l   bits 0 to 15 of it
#pragma once

#include "base/files.h"

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace kpatch::arch {

/// Some bits of a field, and the bits of the value that they hold.
struct FieldBits {
  unsigned at = 0;       ///< the lowest of them in the field
  unsigned count = 0;    ///< none: the whole field is the value
  unsigned of_value = 0; ///< the lowest of them in the value
  bool operator==(const FieldBits&) const = default;
};

/// What the value of a field counts from.
enum class FieldBase {
  kZero,
  kPlace,       ///< where the field is
  kPageOfPlace, ///< the start of the 4 KiB that it is in
  kToc,         ///< ppc64's TOC pointer, the symbol .TOC.
};

/// How much of an address a field has. That of a high part and that of a low one for the
/// same thing come to the address when added.
enum class FieldShare { kWhole, kHigh, kLow };

/// What a relocation fills in.
struct Field {
  unsigned size = 0; ///< in bytes
  FieldBase base = FieldBase::kZero;
  bool is_signed = true;
  FieldShare share = FieldShare::kWhole;
  std::array<FieldBits, 2> bits{};
  std::uint64_t rounding = 0; ///< what is added to a value before a part of it is taken

  bool operator==(const Field&) const = default;
  bool is_whole_bytes() const { return bits[0].count == 0; }
};

/// A row of a processor's table: what relocations of that type fill in.
struct FieldRow {
  std::uint32_t type;
  Field field;
};

/// Nothing if no row has the type.
std::optional<Field> find_field(std::span<const FieldRow> rows, std::uint32_t type);

/// Those bits of a field, read as a number in the object's byte order, that a relocation
/// fills in.
std::uint64_t open_bits(const Field& field);

/// The same byte by byte, in the order of an object's bytes.
Bytes open_bytes(const Field& field, std::endian order);

/// The value that stands in a field at `offset`, extended by its sign to 64 bits: an
/// address, or what is to be added to `base_of` the field, or its low part. The field
/// must lie within `data`.
std::uint64_t read_field(std::span<const std::uint8_t> data, std::uint64_t offset,
                         const Field& field, std::endian order);

/// Puts a value there. What does not fit is cut off.
void write_field(std::span<std::uint8_t> data, std::uint64_t offset, const Field& field,
                 std::uint64_t value, std::endian order);

/// What ppc64's code names to find its TOC.
inline constexpr std::string_view kTocPointer = ".TOC.";

/// What the value of a field at that address counts from.
std::uint64_t base_of(const Field& field, std::uint64_t place, std::uint64_t toc);

} // namespace kpatch::arch
