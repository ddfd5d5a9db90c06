// SPDX-License-Identifier: GPL-2.0-or-later
//
// From a machine number or a name to the processor.
#include "arch/registry.h"

#include "base/error.h"

#include <fmt/ranges.h>

namespace kpatch::arch {

namespace {

struct Entry {
  std::uint16_t machine;
  const Arch& (*get)();
};

constexpr Entry kMachines[] = {
#define KPATCH_PROCESSOR(bit, get, machine) {machine, get},
#include "arch/processors.def"
#undef KPATCH_PROCESSOR
};

} // namespace

const Arch& arch_for(const elf::Object& object) {
  return arch_for(object.header.machine, object.label);
}

std::vector<const Arch*> all_archs() {
  std::vector<const Arch*> all;
  for (const Entry& entry : kMachines)
    all.push_back(&entry.get());
  return all;
}

const Arch* find_arch(std::string_view name) {
  for (const Arch* arch : all_archs())
    if (arch->name() == name)
      return arch;
  return nullptr;
}

const Arch& arch_for(std::uint16_t machine, std::string_view label) {
  for (const Entry& entry : kMachines)
    if (entry.machine == machine)
      return entry.get();
  std::vector<std::string_view> names;
  for (const Arch* arch : all_archs())
    names.push_back(arch->name());
  fail("{}: Unsupported target architecture (ELF machine {}); supported: {}", label,
       machine, fmt::join(names, ", "));
}

} // namespace kpatch::arch
