// SPDX-License-Identifier: GPL-2.0-or-later
//
// A global function can be called from anywhere, and an exported one from any module. All
// calls are in the images that were shipped, so these are asked. A call or jump to the
// function is a caller; its address in data or in a register means that somebody calls it
// who is not known. What only describes code (unwind tables, export tables) is neither.
#include "produce/outside_callers.h"

#include "base/files.h"
#include "base/module_name.h"
#include "base/parallel.h"
#include "elf/kernel_sections.h"
#include "image/decompress.h"
#include "match/uses.h"
#include "special/special_table.h"

#include <algorithm>
#include <array>
#include <mutex>

namespace kpatch::produce {

namespace {

/// Beginnings of names of sections that say something about code and call none of it.
constexpr std::array<std::string_view, 10> kAboutCode = {
    "__ksymtab", "__kcrctab",       ".orc_unwind",  elf::kFtraceSites,
    ".BTF",      ".retpoline_site", ".return_site", ".call_site",
    ".note",     elf::kSealedSites};

/// The same of a table in a section of others: since 7.2 each address in the kernel's
/// symbol table is a distance from its own place (scripts/kallsyms.c), as a pointer may
/// be.
constexpr std::string_view kSymbolTable = "kallsyms_offsets";

/// The same of code that stands in for other code, and has no name of its own.
constexpr std::array<std::string_view, 2> kReplacements = {".altinstr_", ".static_call"};

bool begins_as_one_of(std::string_view name, std::span<const std::string_view> all) {
  return std::ranges::any_of(
      all, [&](std::string_view beginning) { return name.starts_with(beginning); });
}

/// Code that has run in vmlinux, and in a module runs when it is loaded or unloaded.
bool is_init_part(std::string_view name) {
  return name.starts_with(".init") || name.starts_with(".exit");
}

std::set<std::string> names_at(const image::Image& image, std::uint64_t address) {
  std::set<std::string> names;
  for (const image::ImageSymbolId id : image.at(address))
    names.insert(image.symbols()[id].name);
  return names;
}

/// Says why a use cannot be patched, or that there is nothing to patch.
class UseJudge {
 public:
  UseJudge(const ImageSearch& search, Callers& callers)
      : search_(search), callers_(callers) {}

  void add(const match::Use& use) {
    const std::string& part = use.part->name;
    if (begins_as_one_of(part, kAboutCode) ||
        special::is_special_section(part, search_.arch))
      return;
    const image::ImageSymbol* user = search_.image.nearest(use.place);
    const std::string name = user ? user->name : part;
    if (name == kSymbolTable)
      return;
    if (!use.part->is_code() || !use.is_branch)
      return refuse(fmt::format("its address is in {}", name));
    if (is_init_part(part))
      return add_init(part);
    if (begins_as_one_of(part, kReplacements) || !user)
      return refuse(fmt::format("code in {} calls it", part));
    if (user->address != use.target && known_.insert(user->address).second)
      callers_.functions.push_back(
          {search_.owner, names_at(search_.image, user->address)});
  }

 private:
  void refuse(std::string why) {
    if (callers_.obstacle.empty())
      callers_.obstacle = search_.owner == kVmlinux
                              ? std::move(why)
                              : fmt::format("{} of {}", why, search_.owner);
  }

  void add_init(const std::string& part) {
    if (search_.owner != kVmlinux && !search_.leave_init)
      refuse(fmt::format("code in {} calls it, which runs when the module is loaded or "
                         "unloaded (--ignore-init-changes leaves it alone),",
                         part));
  }

  const ImageSearch& search_;
  Callers& callers_;
  std::set<std::uint64_t> known_;
};

/// In a module that takes the function from another.
Callers callers_in_module(const kernel::Target& target, const std::string& module,
                          const std::string& function, ImageSearch search_as) {
  const auto& file = target.shipped_file(module);
  const Bytes content = image::decompressed(read_bytes(file), file.string());
  Callers callers;
  const image::Image image =
      image::module_image(elf::read_object(content, file.string()), file.string());
  for (const image::ImageSymbol& symbol : image.symbols())
    if (!symbol.is_defined && symbol.name == function)
      add_callers({image, search_as.arch, module, search_as.leave_init}, symbol.address,
                  callers);
  return callers;
}

void add_all(Callers from, Callers& to) {
  std::ranges::move(from.functions, std::back_inserter(to.functions));
  if (to.obstacle.empty())
    to.obstacle = std::move(from.obstacle);
}

/// The only global function of that name; nothing if there are more or none.
std::optional<std::uint64_t> global_address(const image::Image& image,
                                            const std::string& function) {
  std::optional<std::uint64_t> found;
  for (const image::ImageSymbolId id : image.named(function))
    if (const image::ImageSymbol& symbol = image.symbols()[id];
        symbol.binding != STB_LOCAL) {
      if (found)
        return std::nullopt;
      found = symbol.address;
    }
  return found;
}

} // namespace

void add_callers(const ImageSearch& search, std::uint64_t function, Callers& callers) {
  UseJudge judge(search, callers);
  for (const match::Use& use : match::uses_of(search.image, search.arch, {function}))
    judge.add(use);
}

Callers find_callers(const CallerSearch& search, const std::string& owner,
                     const std::string& function) {
  Callers callers{.functions = {},
                  .obstacle = {},
                  .is_exported = search.differ.symvers().exporter(function) == owner};
  const image::Image* image = search.differ.image_of(owner);
  const auto address = image ? global_address(*image, function) : std::nullopt;
  const arch::Arch* arch = arch::find_arch(search.target.machine);
  if (!address || !arch) {
    callers.obstacle = fmt::format("{} does not tell who calls it", owner);
    return callers;
  }
  const ImageSearch in_image{*image, *arch, owner,
                             search.init_changes == InitChanges::kLeaveOut};
  add_callers(in_image, *address, callers);
  if (!callers.is_exported || !callers.obstacle.empty())
    return callers;
  std::vector<std::string> modules;
  for (const std::string& module : search.importers_of(function))
    if (module != owner)
      modules.push_back(module);
  std::vector<Callers> found(modules.size());
  for_each_in_parallel(modules.size(), search.jobs, [&](std::size_t i) {
    found[i] = callers_in_module(search.target, modules[i], function, in_image);
  });
  for (Callers& of_module : found)
    add_all(std::move(of_module), callers);
  return callers;
}

std::set<std::string> users_in(const elf::Object& object, std::string_view function) {
  std::set<elf::SectionId> sections;
  for (elf::SectionId id = 1; id < object.sections.size(); ++id)
    if (object.sections[id].is_text())
      for (const elf::Relocation& relocation : object.sections[id].relocations)
        if (const elf::Symbol& symbol = object.symbols[relocation.symbol];
            symbol.name == function && !symbol.is_local())
          sections.insert(id);
  std::set<std::string> names;
  for (const elf::Symbol& symbol : object.symbols)
    if (symbol.is_function() && sections.contains(symbol.section))
      names.insert(symbol.name);
  return names;
}

bool may_name(const Bytes& object, std::string_view name) {
  // One that ends another name may be a part of that.
  const std::string wanted = std::string(name) + '\0';
  const std::string_view text(reinterpret_cast<const char*>(object.data()),
                              object.size());
  return text.find(wanted) != std::string_view::npos;
}

std::set<std::string> users_in(const std::filesystem::path& object,
                               std::string_view function) {
  const Bytes content = read_bytes(object);
  return may_name(content, function)
             ? users_in(elf::read_object(content, object.string()), function)
             : std::set<std::string>();
}

} // namespace kpatch::produce
