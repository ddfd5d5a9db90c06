// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "arch/arch.h"
#include "elf/object.h"

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace kpatch::klp {

/// Adds a section of fixed-size records to an object and writes them; pointers are
/// relocations, integers are in the target's byte order.
class RecordWriter {
 public:
  RecordWriter(elf::Object& object, const arch::Arch& arch, std::string name,
               std::uint64_t size);

  /// Opens a new record, all zeroes.
  void begin();
  void put64(std::uint64_t offset, std::uint64_t value);
  void put32(std::uint64_t offset, std::uint32_t value);
  void put8(std::uint64_t offset, std::uint8_t value);
  void point(std::uint64_t offset, elf::SymbolId symbol, std::int64_t addend);

  std::uint64_t count() const { return count_; }
  elf::SectionId section() const { return id_; }

 private:
  elf::Section& target() { return object_.sections[id_]; }

  elf::Object& object_;
  const arch::Arch& arch_;
  elf::SectionId id_;
  std::uint64_t size_;
  std::uint64_t count_ = 0;
};

/// `.kpatch.strings`: NUL-terminated strings, each once, in the order of first use.
class StringPool {
 public:
  explicit StringPool(elf::Object& object);

  /// Offset of the string in the section.
  std::int64_t offset(const std::string& text);
  elf::SymbolId symbol() const { return symbol_; }

 private:
  elf::Object& object_;
  elf::SectionId section_;
  elf::SymbolId symbol_;
  std::unordered_map<std::string, std::int64_t> offsets_;
};

} // namespace kpatch::klp
