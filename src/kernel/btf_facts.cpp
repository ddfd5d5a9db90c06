// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kernel with CONFIG_DEBUG_INFO_BTF describes its own types in section .BTF of its
// image, for BPF programs. The description includes what debug information would say of
// sizes.
#include "kernel/btf_facts.h"

#include "base/error.h"

#include <bpf/btf.h>
#include <memory>

namespace kpatch::kernel {

namespace {

struct Free {
  void operator()(btf* types) const { btf__free(types); }
};

} // namespace

special::StructSizes read_btf_sizes(const image::Image& kernel) {
  const image::ImagePart* section = kernel.find_part(".BTF");
  if (!section || section->data.size() > std::uint32_t{1} << 31)
    fail("{}: it carries no type information (.BTF)", kernel.label());
  const std::unique_ptr<btf, Free> types(
      btf__new(section->data.data(), static_cast<std::uint32_t>(section->data.size())));
  if (!types)
    fail("{}: its type information (.BTF) cannot be read", kernel.label());
  special::StructSizes sizes;
  for (const special::Structure& wanted : special::wanted_structures()) {
    const int id = btf__find_by_name_kind(types.get(), std::string(wanted.name).c_str(),
                                          BTF_KIND_STRUCT);
    if (id > 0)
      sizes.emplace(wanted.name,
                    btf__type_by_id(types.get(), static_cast<std::uint32_t>(id))->size);
  }
  return sizes;
}

} // namespace kpatch::kernel
