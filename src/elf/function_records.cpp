// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two builders describe a patch in tables that the module's init function turns into the
// kernel's structures; pointers are relocations:
//
//   .kpatch.funcs        new function, its size, old address, its size, position, name,
//                        object (struct kpatch_func_record, struct kpatch_patch_func of
//                        the classic tool); a zero word may follow the last record
//   .init.klp_objects    name (none: vmlinux), functions, callbacks, how many
//   .init.klp_funcs      old name, new function, position
//                        (include/linux/livepatch_external.h; 6.19 has the sections as
//                        __klp_objects and __klp_funcs)
#include "elf/function_records.h"

#include "base/endian.h"
#include "base/module_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace kpatch::elf {

namespace {

namespace ours {
constexpr std::uint64_t kSize = 56;
constexpr std::uint64_t kCode = 0;
constexpr std::uint64_t kPosition = 32;
constexpr std::uint64_t kName = 40;
constexpr std::uint64_t kObject = 48;
} // namespace ours

namespace func {
constexpr std::uint64_t kSize = 24;
constexpr std::uint64_t kName = 0;
constexpr std::uint64_t kCode = 8;
constexpr std::uint64_t kPosition = 16;
} // namespace func

namespace object {
constexpr std::uint64_t kSize = 64;
constexpr std::uint64_t kName = 0;
constexpr std::uint64_t kFuncs = 8;
constexpr std::uint64_t kCount = 56;
} // namespace object

using Pointers = std::map<std::uint64_t, const Relocation*>;

Pointers pointers_of(const Section& section) {
  Pointers pointers;
  for (const Relocation& relocation : section.relocations)
    pointers[relocation.offset] = &relocation;
  return pointers;
}

const Relocation* pointer_at(const Pointers& pointers, std::uint64_t offset) {
  const auto found = pointers.find(offset);
  return found == pointers.end() ? nullptr : found->second;
}

std::uint64_t place_in_section(const Object& module, const Relocation& pointer) {
  return module.symbols[pointer.symbol].value +
         static_cast<std::uint64_t>(pointer.addend);
}

std::string text_at(const Object& module, const Relocation* pointer) {
  std::string text;
  if (!pointer)
    return text;
  const Bytes& data = module.sections[module.symbols[pointer->symbol].section].data;
  for (std::uint64_t at = place_in_section(module, *pointer);
       at < data.size() && data[at]; ++at)
    text += static_cast<char>(data[at]);
  return text;
}

void set_code(const Object& module, const Relocation* pointer, FunctionRecord& record) {
  if (!pointer)
    return;
  record.code = module.symbols[pointer->symbol].section;
  record.offset = place_in_section(module, *pointer);
}

std::uint64_t number_at(const Object& module, const Section& section,
                        std::uint64_t offset) {
  return load<std::uint64_t>(section.data, offset, module.header.order);
}

/// The end of the table is where the last record with a pointer ends; where a symbol says
/// otherwise the hook would read more or less.
std::string damage_of_ours(const Object& module, SectionId id, std::uint64_t end) {
  const Section& section = module.sections[id];
  if (end > section.data.size())
    return "ends within a record";
  if (std::any_of(section.data.begin() + static_cast<std::ptrdiff_t>(end),
                  section.data.end(), [](std::uint8_t byte) { return byte != 0; }))
    return "holds more than function records";
  const Symbol& bound = module.symbols[module.find_symbol("__kpatch_funcs_end")];
  if (bound.section == id && bound.value != end)
    return fmt::format("has {} bytes of records, and its end is said to be at {}", end,
                       bound.value);
  return {};
}

void read_ours(const Object& module, SectionId id, FunctionRecords& found) {
  const Section& section = module.sections[id];
  const Pointers pointers = pointers_of(section);
  found.table = section.name;
  const std::uint64_t count =
      pointers.empty() ? 0 : pointers.rbegin()->first / ours::kSize + 1;
  found.damage = damage_of_ours(module, id, count * ours::kSize);
  if (count * ours::kSize > section.data.size())
    return;
  for (std::uint64_t at = 0; at < count * ours::kSize; at += ours::kSize) {
    FunctionRecord record{.object =
                              text_at(module, pointer_at(pointers, at + ours::kObject)),
                          .name = text_at(module, pointer_at(pointers, at + ours::kName)),
                          .position = number_at(module, section, at + ours::kPosition)};
    set_code(module, pointer_at(pointers, at + ours::kCode), record);
    found.records.push_back(std::move(record));
  }
}

/// The functions of one object of the kernel's own builder. False if they are not there.
bool read_functions(const Object& module, const Relocation& first, std::uint64_t count,
                    const std::string& owner, std::vector<FunctionRecord>& records) {
  const Section& section = module.sections[module.symbols[first.symbol].section];
  const std::uint64_t start = place_in_section(module, first);
  if (start > section.data.size() || count > (section.data.size() - start) / func::kSize)
    return false;
  const Pointers pointers = pointers_of(section);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t at = start + i * func::kSize;
    FunctionRecord record{.object = owner,
                          .name = text_at(module, pointer_at(pointers, at + func::kName)),
                          .position = number_at(module, section, at + func::kPosition)};
    set_code(module, pointer_at(pointers, at + func::kCode), record);
    records.push_back(std::move(record));
  }
  return true;
}

void read_kernels(const Object& module, SectionId id, FunctionRecords& found) {
  const Section& section = module.sections[id];
  const Pointers pointers = pointers_of(section);
  found.table = section.name;
  if (section.data.empty() || section.data.size() % object::kSize != 0)
    found.damage = "holds incomplete records of objects";
  for (std::uint64_t at = 0; at + object::kSize <= section.data.size();
       at += object::kSize) {
    const Relocation* name = pointer_at(pointers, at + object::kName);
    const Relocation* functions = pointer_at(pointers, at + object::kFuncs);
    const auto count =
        load<std::uint32_t>(section.data, at + object::kCount, module.header.order);
    if (!functions || count == 0 ||
        !read_functions(module, *functions, count,
                        name ? text_at(module, name) : std::string(kVmlinux),
                        found.records))
      found.damage = "names functions that are not there";
  }
}

} // namespace

FunctionRecords function_records(const Object& module) {
  FunctionRecords found;
  if (const SectionId id = module.find_section(".kpatch.funcs"))
    read_ours(module, id, found);
  for (const char* name : {".init.klp_objects", "__klp_objects"})
    if (const SectionId id = module.find_section(name))
      read_kernels(module, id, found);
  return found;
}

} // namespace kpatch::elf
