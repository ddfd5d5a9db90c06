// SPDX-License-Identifier: GPL-2.0-or-later
//
// The common shape of the intermediate sections: arrays of fixed-size records, 8-byte
// aligned, whose pointers the linker fills in through relocations. `ld -r` concatenates
// the arrays of all objects of a patch and rebases what points into them.
#include "klp/record_writer.h"

#include "base/endian.h"

namespace kpatch::klp {

RecordWriter::RecordWriter(elf::Object& object, const arch::Arch& arch, std::string name,
                           std::uint64_t size)
    : object_(object), arch_(arch), id_(object.add_section({.name = std::move(name),
                                                            .flags = SHF_ALLOC,
                                                            .alignment = 8,
                                                            .entry_size = size,
                                                            .has_relocations = true})),
      size_(size) {}

void RecordWriter::begin() {
  ++count_;
  target().data.resize(count_ * size_);
}

void RecordWriter::put64(std::uint64_t offset, std::uint64_t value) {
  store<std::uint64_t>(target().data, (count_ - 1) * size_ + offset, value,
                       object_.header.order);
}

void RecordWriter::put32(std::uint64_t offset, std::uint32_t value) {
  store<std::uint32_t>(target().data, (count_ - 1) * size_ + offset, value,
                       object_.header.order);
}

void RecordWriter::put8(std::uint64_t offset, std::uint8_t value) {
  store<std::uint8_t>(target().data, (count_ - 1) * size_ + offset, value,
                      object_.header.order);
}

void RecordWriter::point(std::uint64_t offset, elf::SymbolId symbol,
                         std::int64_t addend) {
  target().relocations.push_back({.offset = (count_ - 1) * size_ + offset,
                                  .type = arch_.absolute64(),
                                  .symbol = symbol,
                                  .addend = addend});
}

StringPool::StringPool(elf::Object& object) : object_(object) {
  section_ = object.add_section(
      {.name = ".kpatch.strings", .flags = SHF_ALLOC, .alignment = 1, .entry_size = 1});
  symbol_ = object.section_symbol(section_);
}

std::int64_t StringPool::offset(const std::string& text) {
  Bytes& data = object_.sections[section_].data;
  const auto [place, is_new] =
      offsets_.try_emplace(text, static_cast<std::int64_t>(data.size()));
  if (is_new) {
    data.insert(data.end(), text.begin(), text.end());
    data.push_back(0);
  }
  return place->second;
}

} // namespace kpatch::klp
