// SPDX-License-Identifier: GPL-2.0-or-later
//
// The one place that knows which machine number means which processor.
#include "arch/registry.h"

#include "base/error.h"

namespace kpatch::arch {

namespace {

struct Entry {
  std::uint16_t machine;
  const Arch& (*get)();
};

constexpr std::uint16_t kLoongarch = 258; // EM_LOONGARCH, not in every <elf.h>

constexpr Entry kMachines[] = {{EM_X86_64, x86_64},
                               {EM_PPC64, ppc64},
                               {EM_S390, s390},
                               {EM_AARCH64, aarch64},
                               {kLoongarch, loongarch64}};

} // namespace

const Arch& arch_for(const elf::Object& object) {
  return arch_for(object.header.machine, object.label);
}

const Arch* find_arch(std::string_view name) {
  for (const Entry& entry : kMachines)
    if (entry.get().name() == name)
      return &entry.get();
  return nullptr;
}

const Arch& arch_for(std::uint16_t machine, std::string_view label) {
  for (const Entry& entry : kMachines)
    if (entry.machine == machine)
      return entry.get();
  fail("{}: Unsupported target architecture (ELF machine {}); x86_64, ppc64le, s390x, "
       "aarch64 "
       "and loongarch64 are supported",
       label, machine);
}

} // namespace kpatch::arch
