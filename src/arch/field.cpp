// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/field.h"

#include "base/endian.h"
#include "base/error.h"

#include <algorithm>

namespace kpatch::arch {

namespace {

constexpr std::uint64_t kPage = 4096;
constexpr unsigned kMostBits = 64;

std::uint64_t ones(unsigned count) {
  return count >= kMostBits ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

std::uint64_t load_bytes(std::span<const std::uint8_t> data, std::uint64_t offset,
                         unsigned size, std::endian order) {
  switch (size) {
  case 8: return load<std::uint64_t>(data, offset, order);
  case 4: return load<std::uint32_t>(data, offset, order);
  case 2: return load<std::uint16_t>(data, offset, order);
  case 1: return load<std::uint8_t>(data, offset, order);
  default: fail("a field of {} bytes cannot be read", size);
  }
}

void store_bytes(std::span<std::uint8_t> data, std::uint64_t offset, unsigned size,
                 std::uint64_t value, std::endian order) {
  switch (size) {
  case 8: return store(data, offset, value, order);
  case 4: return store(data, offset, static_cast<std::uint32_t>(value), order);
  case 2: return store(data, offset, static_cast<std::uint16_t>(value), order);
  case 1: return store(data, offset, static_cast<std::uint8_t>(value), order);
  default: fail("a field of {} bytes cannot be written", size);
  }
}

/// How many bits the value has.
unsigned width_of(const Field& field) {
  if (field.is_whole_bytes())
    return 8 * field.size;
  unsigned width = 0;
  for (const FieldBits& bits : field.bits)
    width = std::max(width, bits.count == 0 ? 0 : bits.of_value + bits.count);
  return width;
}

} // namespace

std::optional<Field> find_field(std::span<const FieldRow> rows, std::uint32_t type) {
  const auto row = std::ranges::find(rows, type, &FieldRow::type);
  return row == rows.end() ? std::nullopt : std::optional(row->field);
}

std::uint64_t open_bits(const Field& field) {
  if (field.is_whole_bytes())
    return ones(8 * field.size);
  std::uint64_t open = 0;
  for (const FieldBits& bits : field.bits)
    open |= ones(bits.count) << bits.at;
  return open;
}

Bytes open_bytes(const Field& field, std::endian order) {
  Bytes bytes(field.size);
  if (field.size > 0)
    store_bytes(bytes, 0, field.size, open_bits(field), order);
  return bytes;
}

std::uint64_t read_field(std::span<const std::uint8_t> data, std::uint64_t offset,
                         const Field& field, std::endian order) {
  const std::uint64_t content = load_bytes(data, offset, field.size, order);
  std::uint64_t value = field.is_whole_bytes() ? content : 0;
  for (const FieldBits& bits : field.bits)
    value |= ((content >> bits.at) & ones(bits.count)) << bits.of_value;
  const unsigned width = width_of(field);
  const bool is_negative = field.is_signed && width > 0 && (value >> (width - 1)) & 1;
  return is_negative ? value | ~ones(width) : value;
}

void write_field(std::span<std::uint8_t> data, std::uint64_t offset, const Field& field,
                 std::uint64_t value, std::endian order) {
  if (field.is_whole_bytes())
    return store_bytes(data, offset, field.size, value, order);
  value += field.rounding;
  std::uint64_t content = load_bytes(data, offset, field.size, order) & ~open_bits(field);
  for (const FieldBits& bits : field.bits)
    content |= ((value >> bits.of_value) & ones(bits.count)) << bits.at;
  store_bytes(data, offset, field.size, content, order);
}

std::uint64_t base_of(const Field& field, std::uint64_t place, std::uint64_t toc) {
  switch (field.base) {
  case FieldBase::kZero: return 0;
  case FieldBase::kPlace: return place;
  case FieldBase::kPageOfPlace: return place & ~(kPage - 1);
  case FieldBase::kToc: return toc;
  }
  return 0;
}

} // namespace kpatch::arch
