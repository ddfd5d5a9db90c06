// SPDX-License-Identifier: GPL-2.0-or-later
//
// With indirect branch tracking every function that is called through a pointer starts
// with ENDBR. objtool finds, in the whole kernel or module, the functions whose address
// nobody takes, and lists them in .ibt_endbr_seal, one place relative to the entry each.
// The kernel overwrites their ENDBR when it boots or loads the module, so that they are
// no targets for an attacker either.
#include "image/sealed_functions.h"

#include "base/endian.h"
#include "elf/kernel_sections.h"

namespace kpatch::image {

std::set<std::uint64_t> sealed_functions(const Image& image) {
  std::set<std::uint64_t> sealed;
  const ImagePart* list = image.find_part(elf::kSealedSites);
  if (!list)
    return sealed;
  constexpr std::size_t kEntry = sizeof(std::int32_t);
  for (std::size_t at = 0; at + kEntry <= list->data.size(); at += kEntry) {
    const auto distance = static_cast<std::int32_t>(
        load<std::uint32_t>(std::span(list->data), at, image.order()));
    sealed.insert(list->address + at +
                  static_cast<std::uint64_t>(std::int64_t{distance}));
  }
  return sealed;
}

} // namespace kpatch::image
