// SPDX-License-Identifier: GPL-2.0-or-later
//
// Several mistakes in a patch module build and even load without a word, and end in a
// warning or an oops once the code runs: a livepatch symbol at the wrong position, code
// without unwind data, a return that the kernel does not find when it rewrites them, a
// constant that only a booting kernel fills in. The rules are those of the kernel's
// kernel/livepatch/core.c, kernel/module/ and Documentation/livepatch/module-elf-format.
#include "verify/module_rules.h"

#include "arch/arch.h"
#include "verify/shape_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <span>

namespace kpatch::verify {

namespace {

namespace code {
constexpr const char* kMalformed = "KP5001";
constexpr const char* kUnresolvable = "KP5002";
constexpr const char* kNoUnwindData = "KP5003";
constexpr const char* kNoReturnSite = "KP5004";
constexpr const char* kOtherKernel = "KP5005";
constexpr const char* kBootConstant = "KP5006";
} // namespace code

constexpr std::uint16_t kLivepatchIndex = 0xff20; // SHN_LIVEPATCH
constexpr std::size_t kLongestObject = 55;
constexpr std::size_t kLongestName = 511;
constexpr std::string_view kVmlinux = "vmlinux";
constexpr std::string_view kRelocations = ".klp.rela.";
constexpr std::string_view kSymbols = ".klp.sym.";
constexpr std::string_view kReturnThunk = "__x86_return_thunk";
/// What runtime constants are compiled to (arch/x86/include/asm/runtime-const.h).
constexpr std::array<std::uint8_t, 8> kBootConstantBytes = {0xef, 0xcd, 0xab, 0x89,
                                                            0x67, 0x45, 0x23, 0x01};
/// Gone from memory and from the symbol table once a module has started.
constexpr std::string_view kInit = ".init";
constexpr const char* kReport = "this is a fault of the tool: please report it";

/// ".klp.sym.OBJECT.NAME,POSITION" in its parts.
struct LivepatchName {
  std::string_view object, name;
  std::uint64_t position = 0;
};

std::optional<LivepatchName> parse_name(std::string_view text) {
  if (!text.starts_with(kSymbols))
    return std::nullopt;
  text.remove_prefix(kSymbols.size());
  const std::size_t dot = text.find('.');
  const std::size_t comma = text.rfind(',');
  if (dot == std::string_view::npos || comma == std::string_view::npos || comma < dot)
    return std::nullopt;
  LivepatchName result{text.substr(0, dot), text.substr(dot + 1, comma - dot - 1)};
  const std::string_view digits = text.substr(comma + 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), result.position);
  if (error != std::errc() || end != digits.data() + digits.size() ||
      result.object.empty() || result.object.size() > kLongestObject ||
      result.name.empty() || result.name.size() > kLongestName)
    return std::nullopt;
  return result;
}

using Place = std::pair<elf::SectionId, std::uint64_t>;

class Checker {
 public:
  Checker(const elf::Object& module, const ModuleRules& rules)
      : module_(module), rules_(rules) {}

  std::vector<Problem> run() {
    for (const elf::LivepatchRelocations& table : module_.livepatch)
      check_table(table);
    check_symbols();
    check_unwind_data();
    check_return_sites();
    check_modinfo();
    check_boot_constants();
    return std::move(problems_);
  }

 private:
  void add(const char* problem_code, std::string_view symbol, std::string message,
           std::string remedy = kReport) {
    problems_.push_back({.code = problem_code,
                         .object = module_.label,
                         .symbol = std::string(symbol),
                         .message = std::move(message),
                         .remedy = std::move(remedy)});
  }

  bool is_code(elf::SectionId id) const {
    return module_.sections[id].is_text() && (module_.sections[id].flags & SHF_ALLOC) &&
           module_.sections[id].name != ".altinstr_replacement";
  }

  void check_table(const elf::LivepatchRelocations& table) {
    std::string_view rest = table.name;
    const bool is_named = rest.starts_with(kRelocations);
    rest.remove_prefix(is_named ? kRelocations.size() : 0);
    const std::string_view object = rest.substr(0, rest.find('.'));
    if (!is_named || object.empty() || object.size() == rest.size())
      return add(code::kMalformed, table.name, "is no name of livepatch relocations");
    for (const elf::Relocation& relocation : table.relocations) {
      const elf::Symbol& symbol = module_.symbols[relocation.symbol];
      const auto name = parse_name(symbol.name);
      if (!name || symbol.reserved_index != kLivepatchIndex)
        add(code::kMalformed, symbol.name,
            fmt::format("{} refers to it, but it is no livepatch symbol", table.name));
      else if (object != kVmlinux && name->object == kVmlinux)
        add(code::kMalformed, symbol.name,
            fmt::format("{} may not refer to vmlinux", table.name));
      check_field(table, relocation);
    }
  }

  /// The loader takes a field that is not zero for one that is filled in already, and
  /// gives up (arch/x86/kernel/module.c).
  void check_field(const elf::LivepatchRelocations& table,
                   const elf::Relocation& relocation) {
    const elf::Section& section = module_.sections[table.target];
    const arch::Arch& arch = arch::arch_for(module_);
    const auto field = arch.field(relocation.type);
    const std::size_t size = section.data.size();
    if (!field || relocation.offset > size || size - relocation.offset < field->size)
      return add(code::kMalformed, table.name,
                 fmt::format("no field for a relocation of type {} is at {}+{:#x}",
                             relocation.type, section.name, relocation.offset));
    const auto bytes = std::span(section.data).subspan(relocation.offset, field->size);
    const auto lies_in_it = [&](const elf::Relocation& other) {
      const auto its = arch.field(other.type);
      return other.offset < relocation.offset + field->size && its &&
             other.offset + its->size > relocation.offset;
    };
    if (std::ranges::any_of(bytes, [](std::uint8_t byte) { return byte != 0; }))
      add(code::kMalformed, table.name,
          fmt::format("the field at {}+{:#x} is not empty", section.name,
                      relocation.offset));
    else if (std::ranges::any_of(section.relocations, lies_in_it) ||
             std::ranges::count_if(table.relocations, lies_in_it) != 1)
      add(code::kMalformed, table.name,
          fmt::format("the field at {}+{:#x} has several relocations", section.name,
                      relocation.offset));
  }

  void check_symbols() {
    for (const elf::Symbol& symbol : module_.symbols) {
      if (symbol.reserved_index != kLivepatchIndex || symbol.is_defined())
        continue;
      const auto name = parse_name(symbol.name);
      if (!name) {
        add(code::kMalformed, symbol.name, "is no name of a livepatch symbol");
        continue;
      }
      const kernel::Image* image = rules_.image ? rules_.image(name->object) : nullptr;
      const std::size_t count = image ? image->named(name->name).size() : 0;
      if (name->position > 0 ? name->position > count : count != 1)
        add(code::kUnresolvable, name->name,
            fmt::format("{} has {} symbols of this name, and number {} is asked for",
                        name->object, count, name->position));
      else if (image)
        check_lasting(*image, *name);
    }
  }

  /// Livepatch counts with what a module has for starting while it starts, without it
  /// later on. The kernel's own table keeps all names for ever: there only what is meant
  /// must last.
  void check_lasting(const kernel::Image& module, const LivepatchName& name) {
    const auto is_init = [&](kernel::ImageSymbolId id) {
      const kernel::ImagePart* part = module.find_part(module.symbols()[id].address);
      return part && part->name.starts_with(kInit);
    };
    std::vector<kernel::ImageSymbolId> all = module.named(name.name);
    if (name.object == kVmlinux)
      all = {all[name.position > 0 ? name.position - 1 : 0]};
    if (std::ranges::any_of(all, is_init))
      add(code::kUnresolvable, name.name,
          fmt::format("{} gives {} up once it has started", name.object,
                      all.size() == 1 ? "it" : "a symbol of this name"),
          "do without it: a patch must also fit a module that has been loaded before");
  }

  /// The section and offset that an entry of a table of places refers to.
  Place target(const elf::Relocation& relocation) const {
    const elf::Symbol& symbol = module_.symbols[relocation.symbol];
    return {symbol.section, symbol.value + static_cast<std::uint64_t>(relocation.addend)};
  }

  std::set<Place> places_in(std::string_view table) const {
    std::set<Place> places;
    for (const elf::Section& section : module_.sections)
      if (section.name == table)
        for (const elf::Relocation& relocation : section.relocations)
          places.insert(target(relocation));
    return places;
  }

  void check_unwind_data() {
    if (!rules_.has_orc)
      return;
    const std::set<Place> places = places_in(".orc_unwind_ip");
    for (const elf::Symbol& symbol : module_.symbols) {
      if (!symbol.is_function() || symbol.size == 0 || !is_code(symbol.section))
        continue;
      // An entry is valid up to the next one, in functions that follow too.
      const auto after = places.upper_bound({symbol.section, symbol.value});
      if (after == places.begin() || std::prev(after)->first != symbol.section)
        add(code::kNoUnwindData, symbol.name,
            "there is no unwind data (ORC) for the function");
    }
  }

  void check_return_sites() {
    const std::set<Place> sites = places_in(".return_sites");
    for (elf::SectionId id = 1; id < module_.sections.size(); ++id)
      for (const elf::Relocation& relocation : module_.sections[id].relocations)
        if (is_code(id) && module_.symbols[relocation.symbol].name == kReturnThunk &&
            relocation.offset > 0 && !sites.contains({id, relocation.offset - 1}))
          add(code::kNoReturnSite, function_at(id, relocation.offset),
              fmt::format("the return at {}+{:#x} is not listed in .return_sites",
                          module_.sections[id].name, relocation.offset - 1));
  }

  std::string_view function_at(elf::SectionId id, std::uint64_t offset) const {
    for (const elf::Symbol& symbol : module_.symbols)
      if (symbol.is_function() && symbol.section == id && offset >= symbol.value &&
          offset - symbol.value < symbol.size)
        return symbol.name;
    return module_.sections[id].name;
  }

  void check_modinfo() {
    const elf::SectionId id = module_.find_section(".modinfo");
    const Bytes& data = module_.sections[id].data;
    const std::string all = std::string(1, '\0') + std::string(data.begin(), data.end());
    if (all.find(std::string(1, '\0') + "livepatch=") == std::string::npos)
      add(code::kMalformed, ".modinfo", "does not say that this is a live patch");
    const std::string wanted = std::string(1, '\0') + "vermagic=" + rules_.release + " ";
    if (all.find(wanted) == std::string::npos)
      add(code::kOtherKernel, ".modinfo",
          fmt::format("the module is not made for {}", rules_.release),
          "build with the headers and configuration of that kernel");
  }

  void check_boot_constants() {
    for (elf::SectionId id = 1; id < module_.sections.size(); ++id) {
      const Bytes& data = module_.sections[id].data;
      if (!is_code(id))
        continue;
      const auto found = std::search(data.begin(), data.end(), kBootConstantBytes.begin(),
                                     kBootConstantBytes.end());
      if (found != data.end())
        add(code::kBootConstant,
            function_at(id, static_cast<std::uint64_t>(found - data.begin())),
            "has a constant that only a booting kernel fills in");
    }
  }

  const elf::Object& module_;
  const ModuleRules& rules_;
  std::vector<Problem> problems_;
};

} // namespace

std::vector<Problem> check_module(const elf::Object& module, const ModuleRules& rules) {
  std::vector<Problem> problems = Checker(module, rules).run();
  for (auto&& more : {check_shape(module), check_records(module, rules)})
    problems.insert(problems.end(), more.begin(), more.end());
  return problems;
}

} // namespace kpatch::verify
