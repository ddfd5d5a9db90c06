// SPDX-License-Identifier: GPL-2.0-or-later
//
// What can be done to sections, jumps and symbols of a finished module, so that memory is
// not what the code takes it for. Each returns false for a module that has nothing of the
// kind.
#pragma once

#include "arch/arch.h"
#include "edits.h"

#include <utility>

namespace kpatch::mutants {

/// The first section with contents or room whose name begins so.
inline Section* filled(Object& module, std::string_view start, bool has_texts = false) {
  for (Section& section : module.sections)
    if (section.name.starts_with(start) && section.size() > 8 &&
        (!has_texts || (section.flags & SHF_STRINGS)))
      return &section;
  return nullptr;
}

/// Variables in memory that cannot be written.
inline bool make_constant(Object& module) {
  Section* section = filled(module, ".data.");
  if (!section || !(section->flags & SHF_WRITE))
    section = filled(module, ".bss");
  if (!section)
    return false;
  section->flags &= ~std::uint64_t{SHF_WRITE};
  return true;
}

inline bool make_code_writable(Object& module) {
  Section* section = filled(module, ".text.");
  if (!section)
    return false;
  section->flags |= SHF_WRITE;
  return true;
}

inline bool drop_contents(Object& module) {
  Section* section = filled(module, ".rodata.", true);
  if (!section)
    return false;
  section->nobits_size = section->data.size();
  section->type = SHT_NOBITS;
  section->data.clear();
  return true;
}

inline bool cut_texts(Object& module) {
  bool is_cut = false;
  for (Section& section : module.sections)
    if (section.name.starts_with(".rodata.") && (section.flags & SHF_STRINGS) &&
        section.data.size() > 8) {
      section.data.assign(1, 0);
      is_cut = true;
    }
  return is_cut;
}

/// Room for half of the variables.
inline bool cut_room(Object& module) {
  Section* section = filled(module, ".bss");
  if (!section || !section->is_nobits())
    return false;
  section->nobits_size /= 2;
  return true;
}

/// The new code of the first record, with an end behind that of its section.
inline bool stretch_function(Object& module) {
  const auto records = elf::function_records(module).records;
  for (elf::Symbol& symbol : module.symbols)
    if (!records.empty() && symbol.is_function() && symbol.section == records[0].code &&
        symbol.value == records[0].offset) {
      symbol.size = module.sections[symbol.section].size() + 1;
      return true;
    }
  return false;
}

inline bool move_variable_out(Object& module) {
  for (elf::Symbol& symbol : module.symbols)
    if (symbol.is_object() && symbol.is_defined() &&
        module.sections[symbol.section].name.starts_with(".bss")) {
      symbol.value = module.sections[symbol.section].size() + 64;
      return true;
    }
  return false;
}

/// Offers the jumps of new code that need no relocation, one after the other.
inline bool change_jump(Object& module,
                        const std::function<bool(Section&, const arch::InstructionEnds&,
                                                 const arch::OwnReference&)>& change) {
  const arch::Arch& machine = arch::arch_for(module);
  for (Section& section : module.sections) {
    if (!is_code(section) || section.data.empty())
      continue;
    const arch::InstructionEnds ends = arch::instruction_ends(machine, section);
    std::uint64_t at = 0;
    for (const std::uint64_t end : ends) {
      const std::uint64_t start = std::exchange(at, end);
      const std::uint8_t opcode = section.data[start];
      const auto found = machine.own_reference(section, start).reference;
      const bool is_free =
          found && std::ranges::none_of(section.relocations, [&](const Relocation& one) {
            return one.offset == found->field;
          });
      const bool is_jump = opcode == 0xe9 || opcode == 0xeb || (opcode & 0xf0) == 0x70 ||
                           (found && found->size == 4 && opcode == 0x0f);
      if (is_free && is_jump && change(section, ends, *found))
        return true;
    }
  }
  return false;
}

inline bool jump_into_instruction(Object& module) {
  return change_jump(module, [](Section& section, const arch::InstructionEnds& ends,
                                const arch::OwnReference& jump) {
    std::uint8_t& distance = section.data[jump.field];
    if (distance == 0x7f || distance == 0xff ||
        std::ranges::binary_search(ends, jump.target + 1))
      return false;
    ++distance;
    return true;
  });
}

inline bool jump_out(Object& module) {
  return change_jump(module, [](Section& section, const arch::InstructionEnds&,
                                const arch::OwnReference& jump) {
    if (jump.size == 1 && jump.field + 0x80 <= section.data.size())
      return false;
    section.data[jump.field + jump.size - 1] = 0x7f;
    return true;
  });
}

/// An unwind entry of the first record's code, one byte on: within an instruction.
inline bool move_unwind_place(Object& module) {
  const auto records = elf::function_records(module).records;
  Section* places = find(module, ".orc_unwind_ip");
  if (records.empty() || !places)
    return false;
  const arch::InstructionEnds ends =
      arch::instruction_ends(arch::arch_for(module), module.sections[records[0].code]);
  for (Relocation& row : places->relocations) {
    const elf::Symbol& symbol = module.symbols[row.symbol];
    const std::uint64_t at = symbol.value + static_cast<std::uint64_t>(row.addend);
    if (symbol.section == records[0].code && at > records[0].offset && at < ends.back() &&
        !std::ranges::binary_search(ends, at + 1)) {
      ++row.addend;
      return true;
    }
  }
  return false;
}

/// The call by which tracers and live patches get hold of a function.
inline Relocation* call_of_tracer(Object& module) {
  return find_relocation(
      module, [&](const Section& section, const Relocation& relocation) {
        return is_code(section) && name(module, relocation) == "__fentry__";
      });
}

} // namespace kpatch::mutants
