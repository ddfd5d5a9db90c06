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

constexpr Entry kMachines[] = {
    {EM_X86_64,  x86_64     },
    {EM_PPC64,   ppc64      },
    {EM_S390,    s390       },
    {EM_AARCH64, aarch64    },
    {kLoongarch, loongarch64}
};

} // namespace

const Arch& arch_for(const elf::Object& object) {
  for (const Entry& entry : kMachines)
    if (entry.machine == object.header.machine)
      return entry.get();
  fail("{}: Unsupported target architecture (ELF machine {}); x86_64, ppc64le, s390x, "
       "aarch64 "
       "and loongarch64 are supported",
       object.label, object.header.machine);
}

} // namespace kpatch::arch
