// SPDX-License-Identifier: GPL-2.0-or-later
//
// The module loader checks little of what it uses: a name without an end in struct module
// stops the kernel in its string functions, code that is not executable in a page fault,
// and one wrong entry of __mcount_loc switches ftrace off for the whole machine
// (kernel/module/main.c, kernel/trace/ftrace.c: ftrace_bug).
#include "arch/arch.h"
#include "base/module_name.h"
#include "elf/kernel_sections.h"
#include "elf/orc.h"
#include "verify/codes.h"
#include "verify/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace kpatch::verify {

namespace {

/// Tables that the kernel takes for arrays, besides special sections, and the size of an
/// entry on 64-bit machines.
constexpr std::pair<std::string_view, std::uint64_t> kTables[] = {
    {elf::kOrcPlaces, elf::kOrcPlaceSize}, {"__versions", 64}}; // struct modversion_info

class ShapeChecker {
 public:
  explicit ShapeChecker(const Case& subject)
      : case_(subject), module_(subject.module.module()) {}

  void run() {
    check_struct_module();
    check_code();
    check_tables();
    check_sections();
    check_kinds();
    check_extents();
    check_calls();
  }

 private:
  void add(std::string_view symbol, std::string message) {
    case_.findings.add(code::kCrash, symbol, std::move(message));
  }

  void check_struct_module() {
    const elf::Section& section =
        module_.sections[module_.find_section(elf::kThisModule)];
    if (section.data.size() < kModuleNameOffset + kModuleNameSize)
      return add(elf::kThisModule,
                 "is missing or has no room for the name of the module");
    const auto name = std::span(section.data).subspan(kModuleNameOffset, kModuleNameSize);
    const std::string text(name.begin(), std::ranges::find(name, 0));
    if (!is_module_name(text))
      add(elf::kThisModule,
          fmt::format("holds no name of a module: letters, digits, _ and -, at most {}",
                      kLongestModuleName));
    check_functions(section);
  }

  /// The kernel calls what stands there when the module comes and goes.
  void check_functions(const elf::Section& section) {
    const auto& shipped = case_.rules.shipped;
    for (const std::string_view name : {"init_module", "cleanup_module"}) {
      const bool is_init = name == "init_module";
      const auto found = std::ranges::find_if(
          section.relocations, [&](const elf::Relocation& relocation) {
            return module_.symbols[relocation.symbol].name == name;
          });
      if (found == section.relocations.end())
        add(section.name,
            is_init ? "names no init function, so that the patch would never be enabled"
                    : "names no exit function, so that the module could never leave");
      else if (shipped && found->offset != (is_init ? shipped->init : shipped->exit))
        add(section.name, fmt::format("has {} in another place than the kernel", name));
      else if (!module_.symbols[found->symbol].is_defined() || found->addend != 0 ||
               !module_.sections[module_.symbols[found->symbol].section].is_text())
        add(section.name, fmt::format("{} is not code of the module", name));
    }
    if (shipped && shipped->size != section.data.size())
      add(section.name, fmt::format("has {} bytes; struct module of the kernel has {}",
                                    section.data.size(), shipped->size));
  }

  void check_code() {
    for (const elf::Symbol& symbol : module_.symbols) {
      const elf::Section& section = module_.sections[symbol.section];
      if (symbol.is_function() && section.name.starts_with(".text") &&
          (~section.flags & (SHF_ALLOC | SHF_EXECINSTR)))
        add(symbol.name,
            fmt::format("is code, but {} is not loaded as code", section.name));
    }
  }

  void check_sections() {
    for (const elf::Section& section : module_.sections)
      if (section.name.starts_with(elf::kPerCpu) && section.name != elf::kPerCpu &&
          (section.flags & SHF_ALLOC) && section.size() != 0)
        add(section.name, "holds variables of processors, and the loader gives each "
                          "processor its own only of .data..percpu");
  }

  /// Memory gets its rights by the flags of sections (kernel/module/strict_rwx.c).
  void check_kinds() {
    for (const elf::Section& section : module_.sections) {
      const bool is_variables = section.name.starts_with(".bss") ||
                                (section.name.starts_with(".data") &&
                                 !section.name.starts_with(".data.rel.ro") &&
                                 !section.name.starts_with(elf::kPerCpu));
      const std::uint64_t rights = section.flags & (SHF_WRITE | SHF_EXECINSTR);
      if (!(section.flags & SHF_ALLOC) || section.size() == 0)
        continue;
      if (rights == (SHF_WRITE | SHF_EXECINSTR))
        add(section.name, "could be written and run, which the kernel refuses");
      else if (is_variables && rights != SHF_WRITE)
        add(section.name, "holds variables, but is not loaded as what can be written");
      if (section.is_nobits() &&
          (section.name.starts_with(".data.") || section.name.starts_with(".rodata") ||
           section.name == ".data") &&
          !section.name.starts_with(elf::kPerCpu))
        add(section.name, "comes without its contents");
    }
  }

  /// The loader makes no room for what lies behind the end of a section.
  void check_extents() {
    for (const elf::Symbol& symbol : module_.symbols) {
      const elf::Section& section = module_.sections[symbol.section];
      if (!symbol.is_defined() || !(symbol.is_function() || symbol.is_object()) ||
          !(section.flags & SHF_ALLOC))
        continue;
      if (symbol.value > section.size() || symbol.size > section.size() - symbol.value)
        add(symbol.name,
            fmt::format("lies behind the end of its section {}", section.name));
    }
  }

  void check_tables() {
    for (const elf::Section& section : module_.sections) {
      std::uint64_t size = case_.kernel.tables().entry_size(section.name);
      for (const auto& [name, its_size] : kTables)
        if (section.name == name)
          size = its_size;
      if (size && section.size() % size != 0)
        add(section.name, fmt::format("has {} bytes, no multiple of the {} of an entry",
                                      section.size(), size));
    }
  }

  /// A call of something elsewhere leads to its start.
  void check_calls() {
    const arch::Arch& arch = arch::arch_for(module_);
    const auto check = [&](const elf::Section& section, const elf::Relocation& call) {
      const elf::Symbol& symbol = module_.symbols[call.symbol];
      // Code that the compiler keeps apart for being cold is entered anywhere.
      if (symbol.name.find(".cold") == std::string::npos && !symbol.is_defined() &&
          arch.is_branch(section, call) && call.addend != arch.addend_of_call())
        add(symbol.name, fmt::format("the call at {}+{:#x} does not lead to its start",
                                     section.name, call.offset));
    };
    for (const elf::Section& section : module_.sections)
      if (section.name.starts_with(".text"))
        for (const elf::Relocation& relocation : section.relocations)
          check(section, relocation);
    for (const elf::LivepatchRelocations& table : module_.livepatch)
      for (const elf::Relocation& relocation : table.relocations)
        if (module_.sections[table.target].name.starts_with(".text") &&
            relocation.offset < module_.sections[table.target].data.size())
          check(module_.sections[table.target], relocation);
  }

  const Case& case_;
  const elf::Object& module_;
};

} // namespace

void check_shape(const Case& subject) {
  ShapeChecker(subject).run();
}

} // namespace kpatch::verify
