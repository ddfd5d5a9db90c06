// SPDX-License-Identifier: GPL-2.0-or-later
//
// A function record that names nothing, or a module that does not exist, makes no noise:
// the kernel waits for a module of that name, and the fix is not in effect
// (kernel/livepatch/core.c: klp_find_object_module, klp_init_object_loaded).
#include "elf/function_records.h"
#include "verify/shape_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace kpatch::verify {

namespace {

constexpr const char* kRecord = "KP5008";
constexpr const char* kRemedy = "do not load it; build it again for this kernel";

/// A reference by section stands for the function that begins there.
bool leads_to_code(const elf::Object& module, const elf::FunctionRecord& record) {
  return std::ranges::any_of(module.symbols, [&](const elf::Symbol& symbol) {
    return symbol.is_function() && symbol.is_defined() && symbol.section == record.code &&
           symbol.value == record.offset && symbol.size != 0;
  });
}

/// Why the record is wrong; empty if it is right.
std::string fault(const elf::Object& module, const elf::FunctionRecord& record,
                  const kernel::Image* image) {
  if (!leads_to_code(module, record))
    return "its new code is missing or has no size";
  if (!image)
    return fmt::format("there is no '{}' to be patched", record.object);
  const std::vector<kernel::ImageSymbolId> all = image->named(record.name);
  if (record.position > 0 ? record.position > all.size() : all.size() != 1)
    return fmt::format("{} has {} symbols of this name, and number {} is asked for",
                       record.object, all.size(), record.position);
  const std::size_t rank = record.position > 0 ? record.position - 1 : 0;
  const kernel::ImagePart* part = image->find_part(image->symbols()[all[rank]].address);
  if (!part || !(part->flags & SHF_EXECINSTR))
    return "it is no function";
  if (part->name.starts_with(".init"))
    return fmt::format("{} gives it up once it has started", record.object);
  return {};
}

/// Tables about code: what stands there uses no function.
constexpr std::string_view kTables[] = {
    ".orc_",       "__mcount_loc",    ".return_sites", ".retpoline_sites",
    "__bug_table", ".kpatch",         "__jump_table",  ".static_call",
    "__ex_table",  ".altinstr",       ".smp_locks",    ".parainstruction",
    "__patchable", ".ibt_endbr_seal", ".call_sites",   ".cfi_sites",
    ".init.klp",   "__klp",           ".kcfi",         ".debug",
    ".discard",    ".eh_frame",
};

/// By section: whether code or data of other sections refers to it.
std::vector<bool> used_sections(const elf::Object& module) {
  std::vector<bool> used(module.sections.size());
  for (elf::SectionId id = 1; id < module.sections.size(); ++id) {
    const elf::Section& section = module.sections[id];
    if (std::ranges::any_of(kTables, [&](std::string_view table) {
          return section.name.starts_with(table);
        }))
      continue;
    for (const elf::Relocation& relocation : section.relocations)
      if (const elf::SectionId target = module.symbols[relocation.symbol].section;
          target != id)
        used[target] = true;
  }
  return used;
}

/// Code that nothing calls and that stands in place of nothing, but is called as a
/// function of the kernel is: its record is missing.
std::vector<std::string_view> idle_functions(const elf::Object& module,
                                             const elf::FunctionRecords& found,
                                             const ModuleRules& rules) {
  std::vector<bool> used = used_sections(module);
  std::set<std::string_view> objects = {"vmlinux"};
  for (const elf::FunctionRecord& record : found.records) {
    used[record.code] = true;
    objects.insert(record.object);
  }
  std::vector<std::string_view> idle;
  for (const elf::Symbol& symbol : module.symbols)
    if (symbol.is_function() && !used[symbol.section] && symbol.size != 0 &&
        module.sections[symbol.section].name.starts_with(".text.") &&
        std::ranges::any_of(objects, [&](std::string_view object) {
          const kernel::Image* image = rules.image ? rules.image(object) : nullptr;
          return image && !image->named(symbol.name).empty();
        }))
      idle.push_back(symbol.name);
  return idle;
}

} // namespace

std::vector<Problem> check_records(const elf::Object& module, const ModuleRules& rules) {
  std::vector<Problem> problems;
  const auto add = [&](const std::string& symbol, std::string message) {
    problems.push_back({.code = kRecord,
                        .object = module.label,
                        .symbol = symbol,
                        .message = std::move(message),
                        .remedy = kRemedy});
  };
  const elf::FunctionRecords found = elf::function_records(module);
  if (!found.damage.empty())
    add(found.table, found.damage);
  std::set<std::tuple<std::string, std::string, std::uint64_t>> seen;
  for (const elf::FunctionRecord& record : found.records) {
    const std::string why =
        fault(module, record, rules.image ? rules.image(record.object) : nullptr);
    if (!why.empty())
      add(record.name, why);
    if (!seen.insert({record.object, record.name, record.position}).second)
      add(record.name, "it is replaced twice");
  }
  for (std::string_view name : idle_functions(module, found, rules))
    add(std::string(name), "no record puts its new code in the place of the old one");
  return problems;
}

} // namespace kpatch::verify
