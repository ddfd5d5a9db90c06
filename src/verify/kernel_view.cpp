// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify/kernel_view.h"

#include "base/endian.h"
#include "base/module_name.h"
#include "elf/kernel_sections.h"
#include "image/sealed_functions.h"

#include <algorithm>

namespace kpatch::verify {

namespace {

/// The kernel has its ftrace entries in its init data, bounded by symbols; a module in a
/// section (include/asm-generic/vmlinux.lds.h: MCOUNT_REC).
std::set<std::uint64_t> ftrace_entries_of(const image::Image& image) {
  std::span<const std::uint8_t> data;
  const std::uint64_t start = image.address_of("__start_mcount_loc");
  if (const image::ImagePart* part = image.find_part(elf::kFtraceSites))
    data = part->data;
  else if (start) {
    data = image.bytes_from(start);
    const std::uint64_t stop = image.address_of("__stop_mcount_loc");
    data = data.first(std::min<std::uint64_t>(data.size(), stop - start));
  }
  std::set<std::uint64_t> entries;
  constexpr std::size_t kEntry = sizeof(std::uint64_t);
  for (std::size_t at = 0; at + kEntry <= data.size(); at += kEntry)
    entries.insert(load<std::uint64_t>(data, at, image.order()));
  return entries;
}

} // namespace

const image::Image* KernelView::image(std::string_view owner) const {
  return images_ ? images_(owner) : nullptr;
}

const KernelView::Facts& KernelView::facts(std::string_view owner) const {
  const auto [found, is_new] = facts_.try_emplace(std::string(owner));
  if (is_new)
    if (const image::Image* its = image(owner))
      found->second = {image::exports_in(*its), image::sealed_functions(*its),
                       ftrace_entries_of(*its)};
  return found->second;
}

const image::ImageExports& KernelView::exports(std::string_view owner) const {
  return facts(owner).exports;
}

const std::set<std::uint64_t>& KernelView::sealed(std::string_view owner) const {
  return facts(owner).sealed;
}

const std::set<std::uint64_t>& KernelView::ftrace_entries(std::string_view owner) const {
  return facts(owner).entries;
}

const KernelTables& KernelView::tables() const {
  if (!tables_)
    tables_ = kernel_tables(image(kVmlinux), arch_);
  return *tables_;
}

} // namespace kpatch::verify
