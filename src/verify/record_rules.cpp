// SPDX-License-Identifier: GPL-2.0-or-later
//
// A function record that names nothing, or a module that does not exist, makes no noise:
// the kernel waits for a module of that name, and the fix is not in effect
// (kernel/livepatch/core.c: klp_find_object_module, klp_init_object_loaded).
#include "base/module_name.h"
#include "elf/function_records.h"
#include "special/special_table.h"
#include "verify/codes.h"
#include "verify/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace kpatch::verify {

namespace {

constexpr const char* kRemedy = "do not load it; build it again for this kernel";

/// A reference by section stands for the function that begins there.
bool leads_to_code(const elf::Object& module, const elf::FunctionRecord& record) {
  return std::ranges::any_of(module.symbols, [&](const elf::Symbol& symbol) {
    return symbol.is_function() && symbol.is_defined() && symbol.section == record.code &&
           symbol.value == record.offset && symbol.size != 0;
  });
}

/// Code that ftrace can redirect lies before the next symbol
/// (kernel/trace/ftrace.c: ftrace_location).
bool has_ftrace_entry(const KernelView& kernel, const elf::FunctionRecord& record,
                      const image::Image& image, std::uint64_t address) {
  const std::set<std::uint64_t>& entries = kernel.ftrace_entries(record.object);
  const auto entry = entries.lower_bound(address);
  if (entries.empty())
    return true;
  if (entry == entries.end())
    return false;
  const image::ImageSymbol* nearest = image.nearest(*entry);
  return nearest && nearest->address == address;
}

/// The new code keeps the name of the old one, which may be made unique.
bool is_named_alike(const elf::Object& module, const elf::FunctionRecord& record) {
  return std::ranges::any_of(module.symbols, [&](const elf::Symbol& symbol) {
    return symbol.is_function() && symbol.is_defined() && symbol.section == record.code &&
           symbol.value == record.offset &&
           (symbol.name == record.name ||
            symbol.name == record.name + std::string(elf::kUniqueSuffix));
  });
}

/// What stands before a function for tracers and call checks has a name of its own.
bool is_padding(std::string_view name) {
  return name.starts_with("__pfx_") || name.starts_with("__cfi_");
}

/// Why the record is wrong; empty if it is right.
std::string fault(const elf::Object& module, const elf::FunctionRecord& record,
                  const KernelView& kernel) {
  if (!is_module_name(record.object))
    return fmt::format("'{}' can be no object", record.object);
  if (!leads_to_code(module, record))
    return "its new code is missing or has no size";
  if (is_padding(record.name))
    return "it is the padding before a function, which cannot be patched";
  const image::Image* image = kernel.image(record.object);
  if (!image)
    return fmt::format("the kernel has no object '{}' to patch", record.object);
  const image::ImageSymbol* found = find_symbol(*image, record.name, record.position);
  if (!found)
    return fmt::format("{} has {} symbols of this name, and number {} is asked for",
                       record.object, image->named(record.name).size(), record.position);
  const image::ImagePart* part = image->find_part(found->address);
  if (!part || !part->is_code())
    return "it is not a function";
  if (is_gone_after_start(*part, record.object == kVmlinux))
    return fmt::format("{} gives it up once it has started", record.object);
  if (!has_ftrace_entry(kernel, record, *image, found->address))
    return "no tracer can redirect it: it has no ftrace entry";
  if (!is_named_alike(module, record))
    return "its new code has the name of another function";
  return {};
}

/// What stands there uses no function, as with the tables of special sections.
constexpr std::string_view kAboutCode[] = {
    ".orc_", ".kpatch", ".static_call", ".altinstr", ".init.klp",
    "__klp", ".kcfi",   ".debug",       ".discard",  ".eh_frame",
};

bool uses_functions(const elf::Section& section, const arch::Arch& arch) {
  return !special::is_table_of_code(section.name, arch) &&
         std::ranges::none_of(kAboutCode, [&](std::string_view prefix) {
           return section.name.starts_with(prefix);
         });
}

/// Places of functions that code or data refers to, by symbol or by section; what the
/// processor adds to a relative reference is at most the rest of its instruction. Who
/// refers to the middle of a function, as its cold part does, does not use it.
std::set<Place> used_places(const elf::Object& module) {
  constexpr std::uint64_t kRests[] = {0, 4, 5, 6, 8};
  constexpr std::int64_t kStart = 8; // s390 counts a call from before its field
  const arch::Arch& arch = arch::arch_for(module);
  std::set<Place> used;
  for (const elf::Section& section : module.sections) {
    if (!uses_functions(section, arch))
      continue;
    for (const elf::Relocation& relocation : section.relocations) {
      const elf::Symbol& symbol = module.symbols[relocation.symbol];
      if (symbol.is_defined() && !symbol.is_section() && relocation.addend > kStart)
        continue;
      if (symbol.is_defined() && !symbol.is_section())
        used.insert({symbol.section, symbol.value});
      else if (symbol.is_defined())
        for (const std::uint64_t rest : kRests)
          used.insert(
              {symbol.section, static_cast<std::uint64_t>(relocation.addend) + rest});
    }
  }
  return used;
}

/// Objects that the module has to do with.
std::set<std::string_view> objects_of(const elf::Object& module,
                                      const elf::FunctionRecords& found) {
  std::set<std::string_view> objects = {kVmlinux};
  for (const elf::FunctionRecord& record : found.records)
    objects.insert(record.object);
  for (const elf::Symbol& symbol : module.symbols)
    if (const auto name = parse_livepatch_name(symbol.name))
      objects.insert(name->object);
  return objects;
}

/// Whether code of the patch is there, as far as that shows, and none of the module's
/// own. Functions have sections of their own, or are linked behind what the module is
/// made with (since 7.x scripts/module.lds joins them): there those behind the first with
/// a record.
class PatchCode {
 public:
  PatchCode(const elf::Object& module, const elf::FunctionRecords& found)
      : module_(module) {
    for (const elf::FunctionRecord& record : found.records) {
      const auto at = first_.try_emplace(record.code, record.offset).first;
      at->second = std::min(at->second, record.offset);
    }
  }

  bool has(const Place& place) const {
    const std::string& section = module_.sections[place.first].name;
    const auto first = first_.find(place.first);
    return section.starts_with(".text.") ||
           (section == ".text" && first != first_.end() && place.second > first->second);
  }

 private:
  const elf::Object& module_;
  std::map<elf::SectionId, std::uint64_t> first_;
};

/// Whether new code may be meant for a function of the kernel: for any of its name, but
/// what is global, for one that is global, too. A function that a patch adds may have the
/// name of another file's static one, and be used by nothing since it is inlined.
bool may_replace(const elf::Symbol& code, const image::ImageSymbol& original) {
  return code.is_local() || original.binding != STB_LOCAL;
}

/// Code that nothing calls and that stands in place of nothing, but is called as a
/// function of the kernel is: its record is missing.
std::vector<std::string_view> idle_functions(const elf::Object& module,
                                             const elf::FunctionRecords& found,
                                             const KernelView& kernel) {
  std::set<Place> used = used_places(module);
  for (const elf::FunctionRecord& record : found.records)
    used.insert({record.code, record.offset});
  const std::set<std::string_view> objects = objects_of(module, found);
  const PatchCode code(module, found);
  std::vector<std::string_view> idle;
  for (const elf::Symbol& symbol : module.symbols)
    if (symbol.is_function() && symbol.is_defined() && symbol.size != 0 &&
        !is_padding(symbol.name) && !used.contains({symbol.section, symbol.value}) &&
        code.has({symbol.section, symbol.value}) &&
        std::ranges::any_of(objects, [&](std::string_view object) {
          const image::Image* image = kernel.image(object);
          return image &&
                 std::ranges::any_of(
                     image->named(symbol.name), [&](image::ImageSymbolId original) {
                       return may_replace(symbol, image->symbols()[original]);
                     });
        }))
      idle.push_back(symbol.name);
  return idle;
}

} // namespace

void check_records(const Case& subject) {
  const elf::Object& module = subject.module.module();
  const auto add = [&](std::string_view symbol, std::string message) {
    subject.findings.add(code::kRecord, symbol, std::move(message), kRemedy);
  };
  const elf::FunctionRecords found = elf::function_records(module);
  if (!found.damage.empty())
    add(found.table, found.damage);
  std::set<std::tuple<std::string, std::string, std::uint64_t>> seen;
  for (const elf::FunctionRecord& record : found.records) {
    const std::string why = fault(module, record, subject.kernel);
    if (!why.empty())
      add(record.name, why);
    else
      check_likeness(subject, record);
    // The kernel counts from one and takes zero for the only one.
    if (!seen.insert({record.object, record.name,
                      std::max<std::uint64_t>(1, record.position)})
             .second)
      add(record.name, "it is replaced twice");
  }
  for (std::string_view name : idle_functions(module, found, subject.kernel))
    add(name, "no record puts its new code in the place of the old one");
}

} // namespace kpatch::verify
