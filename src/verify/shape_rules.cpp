// SPDX-License-Identifier: GPL-2.0-or-later
//
// The module loader checks little of what it uses: a name without an end in struct module
// stops the kernel in its string functions, code that is not executable in a page fault,
// and one wrong entry of __mcount_loc switches ftrace off for the whole machine
// (kernel/module/main.c, kernel/trace/ftrace.c: ftrace_bug).
#include "verify/shape_rules.h"

#include "arch/arch.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace kpatch::verify {

namespace {

constexpr const char* kShape = "KP5007";
constexpr const char* kRemedy = "do not load it; build it again with kpatch-build";
/// struct module: state, list, name[MODULE_NAME_LEN] (include/linux/module.h, 64 bit).
constexpr std::size_t kNameOffset = 24;
constexpr std::size_t kNameSize = 56;
/// No processor has the entry of a function farther from its start.
constexpr std::uint64_t kFarthestEntry = 16;

/// Tables that the kernel takes for arrays, and the size of an entry on 64-bit machines.
struct Table {
  std::string_view name;
  std::size_t entry_size;
};
constexpr Table kTables[] = {
    {"__jump_table",       16}, // include/linux/jump_label.h, relative
    {".static_call_sites", 8 }, // include/linux/static_call_types.h
    {"__mcount_loc",       8 },
    {".return_sites",      4 },
    {".retpoline_sites",   4 },
    {".smp_locks",         4 },
    {".orc_unwind_ip",     4 },
};

class ShapeChecker {
 public:
  explicit ShapeChecker(const elf::Object& module) : module_(module) {}

  std::vector<Problem> run() {
    check_struct_module();
    check_code();
    check_tables();
    check_entries();
    check_calls();
    return std::move(problems_);
  }

 private:
  void add(std::string_view symbol, std::string message) {
    problems_.push_back({.code = kShape,
                         .object = module_.label,
                         .symbol = std::string(symbol),
                         .message = std::move(message),
                         .remedy = kRemedy});
  }

  void check_struct_module() {
    constexpr std::string_view kName = ".gnu.linkonce.this_module";
    const elf::Section& section = module_.sections[module_.find_section(kName)];
    if (section.data.size() < kNameOffset + kNameSize)
      return add(kName, "is missing or has no room for the name of the module");
    const auto name = std::span(section.data).subspan(kNameOffset, kNameSize);
    if (std::ranges::find(name, 0) == name.end() || name[0] == 0)
      add(kName, "holds no name of the module that has an end");
    if (std::ranges::none_of(section.relocations, [&](const elf::Relocation& relocation) {
          return module_.symbols[relocation.symbol].name == "init_module";
        }))
      add(kName, "names no init function, so that the patch would never be enabled");
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

  void check_tables() {
    for (const elf::Section& section : module_.sections)
      for (const Table& table : kTables)
        if (section.name == table.name && section.size() % table.entry_size != 0)
          add(section.name, fmt::format("has {} bytes, no multiple of the {} of an entry",
                                        section.size(), table.entry_size));
    const std::uint64_t places =
        module_.sections[module_.find_section(".orc_unwind_ip")].size() / 4;
    const std::uint64_t entries =
        module_.sections[module_.find_section(".orc_unwind")].size();
    if (places ? entries == 0 || entries % places != 0 : entries != 0)
      add(".orc_unwind", fmt::format("has {} bytes for {} places", entries, places));
  }

  bool is_function_entry(elf::SectionId section, std::uint64_t offset) const {
    return std::ranges::any_of(module_.symbols, [&](const elf::Symbol& symbol) {
      return symbol.is_function() && symbol.section == section &&
             offset + kFarthestEntry >= symbol.value &&
             offset <= symbol.value + kFarthestEntry;
    });
  }

  void check_entries() {
    for (const elf::Section& section : module_.sections) {
      if (section.name != "__mcount_loc")
        continue;
      for (const elf::Relocation& relocation : section.relocations) {
        const elf::Symbol& symbol = module_.symbols[relocation.symbol];
        const std::uint64_t offset =
            symbol.value + static_cast<std::uint64_t>(relocation.addend);
        if (!is_function_entry(symbol.section, offset))
          add(section.name,
              fmt::format("says that a function begins at {}+{:#x}, and none does",
                          module_.sections[symbol.section].name, offset));
      }
    }
  }

  /// A call of something elsewhere leads to its start.
  void check_calls() {
    const arch::Arch& arch = arch::arch_for(module_);
    const auto check = [&](const elf::Section& section, const elf::Relocation& call) {
      const elf::Symbol& symbol = module_.symbols[call.symbol];
      const auto field = arch.field(call.type);
      // The field ends the instruction, and the processor counts from there. Code that
      // the compiler keeps apart for being cold is entered anywhere.
      if (symbol.name.find(".cold") == std::string::npos && !symbol.is_defined() &&
          field && arch.is_branch(section, call) &&
          call.addend + static_cast<std::int64_t>(field->size) != 0)
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

  const elf::Object& module_;
  std::vector<Problem> problems_;
};

} // namespace

std::vector<Problem> check_shape(const elf::Object& module) {
  return ShapeChecker(module).run();
}

} // namespace kpatch::verify
