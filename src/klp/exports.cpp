// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the patch code refers to without a livepatch relocation, the module loader
// resolves as for any module: only exported symbols, and those exported in a namespace
// only for modules that import it. Code of vmlinux may use such a symbol without any
// import, so a patched copy of it in a module would fail to link; the imports are
// therefore worked out from what is used and Module.symvers, and added:
//
//   undefined dma_buf_put, exported in DMA_BUF   ->   .modinfo "import_ns=DMA_BUF"
//
// Some names come at the final link, from objects that the kernel's build adds to every
// module: the thunks that functions of s390x return through, where EXPOLINE is on.
#include "klp/exports.h"

#include "base/error.h"
#include "base/module_name.h"
#include "diff/lookup.h"
#include "elf/edit.h"
#include "special/names.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace kpatch::klp {

namespace {

constexpr std::string_view kImportKey = "import_ns=";

bool is_plain_undefined(const elf::Symbol& symbol) {
  return symbol.is_undefined() && !symbol.name.empty();
}

/// What the objects need of others, the kernel among them.
std::set<std::string> undefined_names(std::span<const elf::Object> objects) {
  std::set<std::string> names;
  std::vector<PartNames> parts;
  for (const elf::Object& object : objects)
    names.merge(std::set(parts.emplace_back(names_of(object)).needed));
  for (const PartNames& part : parts)
    for (const std::string& name : part.defined)
      names.erase(name);
  return names;
}

/// The values of `import_ns=` in the object's NUL-terminated module information.
void take_imports(const elf::Object& object, std::set<std::string>& imports) {
  for (const elf::Section& section : object.sections) {
    if (section.name != ".modinfo")
      continue;
    std::string_view text(reinterpret_cast<const char*>(section.data.data()),
                          section.data.size());
    while (!text.empty()) {
      const std::string_view entry = text.substr(0, text.find('\0'));
      if (entry.starts_with(kImportKey))
        imports.emplace(entry.substr(kImportKey.size()));
      text.remove_prefix(std::min(entry.size() + 1, text.size()));
    }
  }
}

std::vector<bool> referenced_symbols(const elf::Object& object) {
  std::vector<bool> used(object.symbols.size(), false);
  for (const elf::Section& section : object.sections) {
    used[section.group_signature] = true;
    for (const elf::Relocation& relocation : section.relocations)
      used[relocation.symbol] = true;
  }
  for (const elf::LivepatchRelocations& table : object.livepatch)
    for (const elf::Relocation& relocation : table.relocations)
      used[relocation.symbol] = true;
  return used;
}

} // namespace

PartNames names_of(const elf::Object& part) {
  PartNames names;
  for (const elf::Symbol& symbol : part.symbols)
    if (!is_plain_undefined(symbol) && !symbol.is_local())
      names.defined.insert(symbol.name);
    else if (is_plain_undefined(symbol) && symbol.binding != STB_WEAK)
      names.needed.insert(symbol.name);
  std::erase_if(names.needed, special::is_supplied_to_modules);
  return names;
}

PartNames names_of_build(const std::filesystem::path& object_tree,
                         const arch::Arch& arch) {
  PartNames names;
  for (const std::string_view extra : arch.module_extras())
    if (std::filesystem::exists(object_tree / extra))
      names.defined.merge(names_of(elf::read_object(object_tree / extra)).defined);
  return names;
}

std::vector<std::vector<std::string>> unprovided(std::span<const PartNames> parts,
                                                 const image::Symvers& symvers) {
  std::set<std::string_view> defined;
  for (const PartNames& part : parts)
    defined.insert(part.defined.begin(), part.defined.end());
  std::vector<std::vector<std::string>> missing(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (const std::string& name : parts[i].needed)
      if (!defined.contains(name) && !diff::is_linkable(symvers, name))
        missing[i].push_back(name);
  return missing;
}

std::vector<std::map<std::string, std::string>>
borrowed(std::span<const PartNames> parts, std::span<const std::string> owners) {
  std::map<std::string_view, std::string_view> homes;
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (const std::string& name : parts[i].defined)
      homes.emplace(name, owners[i]);
  std::vector<std::map<std::string, std::string>> result(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (const std::string& name : parts[i].needed)
      if (const auto home = homes.find(name);
          home != homes.end() && home->second != owners[i] && home->second != kVmlinux)
        result[i].emplace(name, home->second);
  return result;
}

void check_undefined_symbols(std::span<const elf::Object> objects,
                             const image::Symvers& symvers, const PartNames& build) {
  std::vector<std::string> missing;
  for (const std::string& name : undefined_names(objects))
    if (!build.defined.contains(name) && !diff::is_linkable(symvers, name))
      missing.push_back(name);
  if (!missing.empty())
    fail_with_remedy("The patch uses something that neither it nor the kernel provides: "
                     "look for a missing source file or a configuration option.",
                     "Undefined symbols: {}", fmt::join(missing, " "));
}

std::set<std::string> missing_namespaces(std::span<const elf::Object> objects,
                                         const image::Symvers& symvers) {
  std::set<std::string> wanted;
  for (const std::string& name : undefined_names(objects))
    if (const std::string_view space = symvers.import_namespace(name);
        !space.empty() && diff::is_linkable(symvers, name))
      wanted.emplace(space);
  std::set<std::string> imported;
  for (const elf::Object& object : objects)
    take_imports(object, imported);
  std::erase_if(wanted, [&](const std::string& name) { return imported.contains(name); });
  return wanted;
}

elf::Object import_object(const std::set<std::string>& namespaces,
                          const elf::Object& sample) {
  elf::Object object;
  object.label = "imports";
  object.header = sample.header;
  elf::Section modinfo{.name = ".modinfo", .flags = SHF_ALLOC};
  for (const std::string& name : namespaces) {
    modinfo.data.insert(modinfo.data.end(), kImportKey.begin(), kImportKey.end());
    modinfo.data.insert(modinfo.data.end(), name.begin(), name.end());
    modinfo.data.push_back(0);
  }
  object.add_section(std::move(modinfo));
  return object;
}

void strip_debug(elf::Object& object) {
  elf::remove_sections(object, [](const elf::Section& section) {
    return section.name.starts_with(".debug_") && !(section.flags & SHF_ALLOC);
  });
  const std::vector<bool> used = referenced_symbols(object);
  elf::remove_symbols(object, [&](elf::SymbolId id) {
    return is_plain_undefined(object.symbols[id]) && !used[id];
  });
}

} // namespace kpatch::klp
