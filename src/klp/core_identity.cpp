// SPDX-License-Identifier: GPL-2.0-or-later
//
// The linker leaves the build ID in a note (elf(5), "Notes (Nhdr)"): sizes of name and
// descriptor, type, name, descriptor, each from a multiple of four on. vmlinux has its
// notes in .notes, which stays in memory: /sys/kernel/notes reads it.
#include "klp/core_identity.h"

#include "base/endian.h"
#include "base/error.h"

#include <algorithm>

namespace kpatch::klp {

namespace {

constexpr std::string_view kSection = ".kpatch.identity";
constexpr std::string_view kSymbol = "kpatch_identity";
constexpr std::size_t kLongestBuildId = 64; // of kmod/core_hook.c
constexpr std::uint64_t kHeader = 12;
constexpr std::uint64_t kWord = 8;
constexpr std::uint32_t kBuildIdType = 3; // NT_GNU_BUILD_ID
constexpr std::string_view kGnu{"GNU\0", 4};

std::uint64_t rounded(std::uint64_t size) {
  return (size + 3) & ~std::uint64_t{3};
}

/// A note at an offset; false if the rest is no note.
struct Note {
  std::uint64_t name = 0, descriptor = 0, end = 0; ///< offsets
  std::uint32_t name_size = 0, descriptor_size = 0, type = 0;

  bool read(const Bytes& data, std::uint64_t at, std::endian order) {
    if (data.size() < at + kHeader)
      return false;
    name_size = load<std::uint32_t>(data, at, order);
    descriptor_size = load<std::uint32_t>(data, at + 4, order);
    type = load<std::uint32_t>(data, at + 8, order);
    name = at + kHeader;
    descriptor = name + rounded(name_size);
    end = descriptor + rounded(descriptor_size);
    return end <= data.size();
  }
};

bool has_name(const Bytes& data, const Note& note, std::string_view name) {
  return note.name_size == name.size() &&
         std::equal(name.begin(), name.end(),
                    data.begin() + static_cast<std::ptrdiff_t>(note.name));
}

} // namespace

CoreIdentity core_identity(const image::Image& vmlinux) {
  CoreIdentity identity{.anchor = vmlinux.address_of(kAnchor)};
  if (identity.anchor == 0 || vmlinux.named(kAnchor).size() != 1)
    fail("{}: it has no function {} or several, by which all others could be found",
         vmlinux.label(), kAnchor);
  const image::ImagePart* notes = vmlinux.find_part(".notes");
  Note note;
  for (std::uint64_t at = 0; notes && note.read(notes->data, at, vmlinux.order());
       at = note.end) {
    if (note.type != kBuildIdType || !has_name(notes->data, note, kGnu) ||
        note.descriptor_size == 0 || note.descriptor_size > kLongestBuildId)
      continue;
    const auto start = notes->data.begin() + static_cast<std::ptrdiff_t>(note.descriptor);
    identity.build_id.assign(start, start + note.descriptor_size);
    identity.build_id_at = notes->address + note.descriptor;
    return identity;
  }
  fail_with_remedy("link the kernel with --build-id, as its own makefiles do",
                   "{}: it has no build ID, by which a patch could know its kernel",
                   vmlinux.label());
}

elf::Object identity_object(const CoreIdentity& identity, const elf::Object& sample) {
  elf::Object object;
  object.label = "identity";
  object.header = sample.header;
  Bytes data(3 * kWord + kLongestBuildId);
  store(data, 0, identity.anchor, sample.header.order);
  store(data, kWord, identity.build_id_at, sample.header.order);
  store(data, 2 * kWord, std::uint64_t{identity.build_id.size()}, sample.header.order);
  std::ranges::copy(identity.build_id, data.begin() + 3 * kWord);
  const std::uint64_t size = data.size();
  const elf::SectionId section = object.add_section({.name = std::string(kSection),
                                                     .flags = SHF_ALLOC,
                                                     .alignment = kWord,
                                                     .data = std::move(data)});
  object.add_symbol({.name = std::string(kSymbol),
                     .binding = STB_GLOBAL,
                     .type = STT_OBJECT,
                     .section = section,
                     .size = size});
  return object;
}

} // namespace kpatch::klp
