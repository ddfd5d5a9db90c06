// SPDX-License-Identifier: GPL-2.0-or-later
//
// What livepatch resolves when the patched object is there (kernel/livepatch/core.c,
// Documentation/livepatch/module-elf-format): it takes names and positions for granted,
// and a field that is not empty for one that is filled in already.
#include "arch/arch.h"
#include "base/module_name.h"
#include "elf/kernel_sections.h"
#include "verify/codes.h"
#include "verify/core_view.h"
#include "verify/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace kpatch::verify {

namespace {

constexpr std::string_view kRelocations = ".klp.rela.";
constexpr std::string_view kNotes = "__klp_relocs.";
/// What runtime constants are compiled to (arch/x86/include/asm/runtime-const.h).
constexpr std::array<std::uint8_t, 8> kBootConstantBytes = {0xef, 0xcd, 0xab, 0x89,
                                                            0x67, 0x45, 0x23, 0x01};
class Checker {
 public:
  explicit Checker(const Case& subject)
      : case_(subject), module_(subject.module.module()) {}

  void run() {
    for (const elf::LivepatchRelocations& table : module_.livepatch)
      check_table(table);
    check_symbols();
    check_early_references();
    check_modinfo();
    check_boot_constants();
  }

 private:
  void add(const char* problem_code, std::string_view symbol, std::string message) {
    case_.findings.add(problem_code, symbol, std::move(message));
  }

  void check_table(const elf::LivepatchRelocations& table) {
    std::string_view rest = table.name;
    const bool is_named = rest.starts_with(kRelocations);
    rest.remove_prefix(is_named ? kRelocations.size() : 0);
    const std::string_view object = rest.substr(0, rest.find('.'));
    if (!is_named || !is_module_name(object) || object.size() == rest.size() ||
        rest.substr(object.size() + 1) != module_.sections[table.target].name)
      return add(code::kMalformed, table.name,
                 fmt::format("is not a name for livepatch relocations of {}",
                             module_.sections[table.target].name));
    if (case_.rules.image && !case_.kernel.image(object))
      add(code::kMalformed, table.name,
          fmt::format("is for '{}', which this kernel does not have", object));
    for (const elf::Relocation& relocation : table.relocations) {
      const elf::Symbol& symbol = module_.symbols[relocation.symbol];
      const auto name = parse_livepatch_name(symbol.name);
      if (!name || symbol.reserved_index != elf::kLivepatchIndex)
        add(code::kMalformed, symbol.name,
            fmt::format("{} refers to it, but it is not a livepatch symbol", table.name));
      else if (object != name->object && !is_lent(object, *name))
        add(code::kMalformed, symbol.name,
            fmt::format("{} may not refer to {}", table.name, name->object));
      check_field(table, relocation);
    }
  }

  /// What another module exports is there whenever the patched one is that needs it.
  bool is_lent(std::string_view object, const LivepatchName& name) const {
    return object != kVmlinux && name.object != kVmlinux &&
           case_.kernel.exports(name.object).contains(name.name);
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
    const auto lies_in_it = [&](const elf::Relocation& other) {
      const auto its = arch.field(other.type);
      return other.offset < relocation.offset + field->size && its &&
             other.offset + its->size > relocation.offset;
    };
    if (arch.wants_empty_fields() && field->size > 0 &&
        arch::read_field(section.data, relocation.offset, *field, module_.header.order) !=
            0)
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
      if (symbol.reserved_index != elf::kLivepatchIndex || symbol.is_defined())
        continue;
      const auto name = parse_livepatch_name(symbol.name);
      if (!name) {
        // What klp-build leaves behind (.klp.tombstone.NAME) asks for nothing.
        if (symbol.name.starts_with(kLivepatchSymbols))
          add(code::kMalformed, symbol.name, "is not a valid name of a livepatch symbol");
        continue;
      }
      const image::Image* image = case_.kernel.image(name->object);
      const std::size_t count = image ? image->named(name->name).size() : 0;
      if (name->position > 0 ? name->position > count : count != 1)
        add(code::kUnresolvable, name->name,
            fmt::format("{} has {} symbols of this name, and number {} is asked for",
                        name->object, count, name->position));
      else if (image)
        check_lasting(*image, *name);
    }
  }

  /// The module loader leaves symbols for livepatch alone and takes their value, which is
  /// 0, for an address (SHN_LIVEPATCH in simplify_symbols, kernel/module/main.c). The
  /// notes that klp-build made its livepatch relocations from are read by nobody.
  void check_early_references() {
    const arch::Arch& arch = arch::arch_for(module_);
    for (const elf::Section& section : module_.sections) {
      if (!(section.flags & SHF_ALLOC) || section.name.starts_with(kNotes))
        continue;
      for (const elf::Relocation& relocation : section.relocations) {
        const elf::Symbol& symbol = module_.symbols[relocation.symbol];
        const auto field = arch.field(relocation.type);
        if (symbol.reserved_index == elf::kLivepatchIndex && !symbol.is_defined() &&
            (!field || field->size > 0))
          add(code::kMalformed, symbol.name,
              fmt::format(
                  "{}+{:#x} refers to it with a relocation that the module loader "
                  "applies, and would get the address 0",
                  section.name, relocation.offset));
      }
    }
  }

  /// Livepatch counts with what a module has for starting while it starts, without it
  /// later on. The kernel's own table keeps all names for ever: there only what is meant
  /// must last.
  void check_lasting(const image::Image& module, const LivepatchName& name) {
    const auto is_init = [&](image::ImageSymbolId id) {
      const image::ImagePart* part = module.find_part(module.symbols()[id].address);
      return part && is_gone_after_start(*part, name.object == kVmlinux);
    };
    std::vector<image::ImageSymbolId> all = module.named(name.name);
    if (name.object == kVmlinux)
      all = {all[name.position > 0 ? name.position - 1 : 0]};
    if (std::ranges::any_of(all, is_init))
      add(code::kUnresolvable, name.name,
          fmt::format("{} gives {} up once it has started", name.object,
                      all.size() == 1 ? "it" : "a symbol of this name"));
  }

  void check_modinfo() {
    const elf::SectionId id = module_.find_section(".modinfo");
    const Bytes& data = module_.sections[id].data;
    const std::string all = std::string(1, '\0') + std::string(data.begin(), data.end());
    if (all.find(std::string(1, '\0') + "livepatch=") == std::string::npos &&
        !is_for_core(module_))
      add(code::kMalformed, ".modinfo", "does not say that this is a live patch");
  }

  void check_boot_constants() {
    for (elf::SectionId id = 1; id < module_.sections.size(); ++id) {
      const Bytes& data = module_.sections[id].data;
      if (!case_.module.is_code(id))
        continue;
      const auto found = std::search(data.begin(), data.end(), kBootConstantBytes.begin(),
                                     kBootConstantBytes.end());
      if (found != data.end())
        add(code::kBootConstant,
            case_.module.function_at(
                {id, static_cast<std::uint64_t>(found - data.begin())}),
            "has a constant that only a booting kernel fills in");
    }
  }

  const Case& case_;
  const elf::Object& module_;
};

} // namespace

void check_livepatch(const Case& subject) {
  Checker(subject).run();
}

} // namespace kpatch::verify
