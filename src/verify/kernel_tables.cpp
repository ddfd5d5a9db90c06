// SPDX-License-Identifier: GPL-2.0-or-later
//
// Entries of special sections have other sizes from one kernel to the next, and no header
// says which. The kernel's own table does: with the right size its entries lead to code.
#include "verify/kernel_tables.h"

#include "base/endian.h"
#include "elf/kernel_sections.h"
#include "elf/orc.h"
#include "special/special_table.h"

#include <algorithm>
#include <map>

namespace kpatch::verify {

namespace {

constexpr std::uint64_t kEntriesForAStray = 100;

struct Reader {
  const image::Image& image;
  const image::ImagePart& part;

  std::uint64_t pointed_at(std::uint64_t offset) const {
    const auto distance =
        static_cast<std::int32_t>(load<std::uint32_t>(part.data, offset, image.order()));
    return part.address + offset + static_cast<std::uint64_t>(std::int64_t{distance});
  }
  bool leads_to_code(std::uint64_t offset) const {
    const image::ImagePart* target = image.find_part(pointed_at(offset));
    return target && target->is_code();
  }
};

/// The known size with which entries lead to code; 0 if there is none. One of thousands
/// may not, as with an alternative in data of 7.3; with a wrong size most do not.
std::uint64_t fitting_size(const image::Image& image,
                           const special::SpecialSection& row) {
  const image::ImagePart* part = image.find_part(row.name);
  if (!part || part->data.empty())
    return 0;
  const Reader reader{image, *part};
  for (const std::uint64_t size : row.known_sizes) {
    if (size == 0 || part->data.size() % size != 0)
      continue;
    std::uint64_t strays = 0;
    for (std::uint64_t at = 0; at < part->data.size(); at += size)
      strays += !reader.leads_to_code(at);
    if (strays * kEntriesForAStray <= part->data.size() / size)
      return size;
  }
  return 0;
}

std::uint64_t size_of_entries(const image::Image* vmlinux,
                              const special::SpecialSection& row) {
  if (row.entries != special::Entries::kStruct)
    return row.entries == special::Entries::kFixed ? row.fixed_size : 0;
  const bool is_certain = row.known_sizes[1] == 0;
  if (is_certain)
    return row.known_sizes[0];
  return vmlinux ? fitting_size(*vmlinux, row) : 0;
}

/// Features are counted in words of 32; those of bugs come last. Bit 15 turned the
/// question around before there were flags (arch/x86/include/asm/alternative.h). Other
/// modules may have longer ones than the kernel, but not by much.
void read_alternatives(const image::Image& image, KernelTables& tables) {
  constexpr std::uint64_t kFeature = 8;
  const std::uint64_t size = tables.entry_size(elf::kAlternatives);
  const Bytes& data = image.find_part(elf::kAlternatives)->data;
  for (std::uint64_t at = 0; at < data.size(); at += size) {
    tables.last_feature = std::max<std::uint32_t>(
        tables.last_feature,
        load<std::uint16_t>(data, at + kFeature, image.order()) & 0x7fffU);
    tables.longest_alternative = std::max<std::uint64_t>(
        tables.longest_alternative, data[at + tables.alternative_length]);
  }
  tables.last_feature = (tables.last_feature | 31U) + 32;
  tables.longest_alternative += tables.longest_alternative / 2;
}

std::uint32_t last_exception(const image::Image& image) {
  constexpr std::uint64_t kType = 8;
  const Bytes& data = image.find_part(elf::kExceptions)->data;
  std::uint32_t last = 0;
  for (std::uint64_t at = 0; at < data.size(); at += kTypedException)
    last = std::max(last, load<std::uint16_t>(data, at + kType, image.order()) & 0xffU);
  return last;
}

/// What unwind data say most often of the places where ftrace enters functions.
std::string orc_at_entry(const image::Image& image, std::uint64_t size) {
  const image::ImagePart* orc = image.find_part(elf::kOrcEntries);
  const image::ImagePart* places = image.find_part(elf::kOrcPlaces);
  if (!orc || !places || size == 0)
    return {};
  const Reader reader{image, *places};
  std::map<std::string, unsigned> counts;
  for (std::uint64_t i = 0; (i + 1) * elf::kOrcPlaceSize <= places->data.size() &&
                            (i + 1) * size <= orc->data.size();
       ++i)
    if (!image.at(reader.pointed_at(i * elf::kOrcPlaceSize)).empty())
      ++counts[std::string(orc->data.begin() + static_cast<std::ptrdiff_t>(i * size),
                           orc->data.begin() +
                               static_cast<std::ptrdiff_t>((i + 1) * size))];
  const auto most = std::ranges::max_element(
      counts, {}, &std::pair<const std::string, unsigned>::second);
  return most == counts.end() ? std::string() : most->first;
}

void read_labels(const image::Image& image, KernelTables& tables) {
  using elf::jump_entry::kKey;
  using elf::jump_entry::kSize;
  const std::uint64_t start = image.address_of("__start___jump_table");
  const std::uint64_t stop = image.address_of("__stop___jump_table");
  const auto data = image.bytes_from(start);
  for (std::uint64_t at = 0; start + at + kSize <= stop && at + kSize <= data.size();
       at += kSize) {
    const std::uint64_t key =
        start + at + kKey + load<std::uint64_t>(data, at + kKey, image.order());
    tables.keys.insert(key & ~std::uint64_t{3});
    tables.marks_labels = tables.marks_labels || (key & 2);
  }
}

} // namespace

KernelTables kernel_tables(const image::Image* image, const arch::Arch& arch) {
  KernelTables tables;
  for (const special::SpecialSection& row : special::special_sections())
    if ((row.archs & arch.bit()) && !row.is_prefix)
      tables.sizes[row.name] = size_of_entries(image, row);
  if (!image)
    return tables;
  const image::Image& vmlinux = *image;
  const std::uint64_t size = tables.entry_size(elf::kAlternatives);
  const auto place_length = special::place_length_at(arch, size);
  const auto length = special::replacement_length_at(arch, size);
  if (place_length && length) {
    tables.alternative_length = *place_length;
    tables.replacement_length = *length;
    read_alternatives(vmlinux, tables);
  } else { // a module for another processor than the kernel's
    tables.sizes[elf::kAlternatives] = 0;
  }
  if (tables.entry_size(elf::kExceptions) == kTypedException)
    tables.last_exception = last_exception(vmlinux);
  const image::ImagePart* orc = vmlinux.find_part(elf::kOrcEntries);
  const image::ImagePart* places = vmlinux.find_part(elf::kOrcPlaces);
  if (orc && places && places->size >= elf::kOrcPlaceSize)
    tables.orc = orc->size / (places->size / elf::kOrcPlaceSize);
  tables.orc_at_entry = orc_at_entry(vmlinux, tables.orc);
  read_labels(vmlinux, tables);
  tables.has_returns = vmlinux.address_of("__return_sites") != 0;
  tables.has_retpolines = vmlinux.address_of("__retpoline_sites") != 0;
  tables.has_static_calls = vmlinux.address_of("__start_static_call_sites") != 0;
  return tables;
}

} // namespace kpatch::verify
