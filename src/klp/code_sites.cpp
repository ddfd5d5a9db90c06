// SPDX-License-Identifier: GPL-2.0-or-later
//
// objtool exits with status 0 whatever happens, and what it has not made is missed only
// in the running kernel: a return that no .return_sites entry names goes to the unpatched
// return thunk (a warning at load, and the processor's flaw stays open); code without ORC
// entries makes stack traces unreliable, and then no transition that waits for a task in
// it ends. A constant that only a booting kernel fills in sends the code to no address at
// all. All three are looked for in the module itself, whoever made its parts.
#include "klp/code_sites.h"

#include "arch/arch.h"
#include "base/error.h"
#include "special/names.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace kpatch::klp {

namespace {

using Place = std::pair<elf::SectionId, std::int64_t>;

constexpr const char* kRemedy =
    "This is a mistake of the build, not of the patch: please report it.";

/// Where the entries of a table point to.
std::set<Place> places_in(const elf::Object& module, std::string_view table) {
  std::set<Place> places;
  for (const elf::Section& section : module.sections)
    if (section.name == table)
      for (const elf::Relocation& relocation : section.relocations) {
        const elf::Symbol& symbol = module.symbols[relocation.symbol];
        places.emplace(symbol.section,
                       static_cast<std::int64_t>(symbol.value) + relocation.addend);
      }
  return places;
}

bool is_code(const elf::Section& section) {
  return section.is_text() && (section.flags & SHF_ALLOC) &&
         !section.name.starts_with(".altinstr");
}

void check_unwind_data(const elf::Object& module) {
  const std::set<Place> places = places_in(module, ".orc_unwind_ip");
  for (const elf::Symbol& symbol : module.symbols) {
    if (!symbol.is_function() || !symbol.is_defined() ||
        !is_code(module.sections[symbol.section]) ||
        special::is_padding_name(symbol.name))
      continue;
    const auto after =
        places.upper_bound({symbol.section, static_cast<std::int64_t>(symbol.value)});
    if (after == places.begin() || std::prev(after)->first != symbol.section)
      fail_with_remedy(kRemedy, "{}: {} has no unwind data", module.label, symbol.name);
  }
}

void check_returns(const elf::Object& module, const arch::Arch& arch) {
  const std::set<Place> sites = places_in(module, ".return_sites");
  for (elf::SectionId id = 1; id < module.sections.size(); ++id) {
    const elf::Section& section = module.sections[id];
    if (!is_code(section))
      continue;
    for (const elf::Relocation& relocation : section.relocations) {
      // The site is the jump, whose operation code is one byte long.
      const Place site{id, static_cast<std::int64_t>(relocation.offset) - 1};
      if (module.symbols[relocation.symbol].name == arch.return_thunk() &&
          !sites.contains(site))
        fail_with_remedy(kRemedy, "{}: the return at {}+{:#x} is not listed",
                         module.label, section.name, site.second);
    }
  }
}

void check_constants(const elf::Object& module) {
  // asm/runtime-const.h, as it stands in code.
  constexpr std::array<std::uint8_t, 8> kPlaceholder = {0xef, 0xcd, 0xab, 0x89,
                                                        0x67, 0x45, 0x23, 0x01};
  for (const elf::Section& section : module.sections)
    if (is_code(section) &&
        std::search(section.data.begin(), section.data.end(), kPlaceholder.begin(),
                    kPlaceholder.end()) != section.data.end())
      fail_with_remedy(kRemedy,
                       "{}: section {} holds a constant that only a booting kernel fills "
                       "in",
                       module.label, section.name);
}

} // namespace

void check_code_sites(const elf::Object& module, const kernel::Config& config) {
  const arch::Arch& arch = arch::arch_for(module);
  if (config.is_set("CONFIG_UNWINDER_ORC"))
    check_unwind_data(module);
  if (!arch.return_thunk().empty() &&
      (config.is_set("CONFIG_RETHUNK") || config.is_set("CONFIG_MITIGATION_RETHUNK")))
    check_returns(module, arch);
  check_constants(module);
}

} // namespace kpatch::klp
