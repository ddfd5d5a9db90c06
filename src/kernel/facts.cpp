// SPDX-License-Identifier: GPL-2.0-or-later
//
// What has to be dug out of a kernel's gigabytes of debug information takes seconds and
// never changes, so it is kept beside the kernel.
#include "kernel/facts.h"

#include "base/error.h"
#include "base/files.h"
#include "base/module_name.h"
#include "base/text.h"
#include "cache/record.h"
#include "kernel/btf_facts.h"
#include "kernel/dwarf_facts.h"
#include "kernel/makefile_units.h"

#include <charconv>

namespace kpatch::kernel {
namespace fs = std::filesystem;

namespace {

/// To be changed with the meaning of one of the texts.
constexpr std::string_view kFormat = "facts-2";

/// The text kept in the file; if there is none, what `make` returns, which is then kept.
/// That nothing was found is not kept: what is missing may be installed later.
template <typename Make>
std::string kept_text(const fs::path& file, Make make,
                      std::string_view format = kFormat) {
  if (std::optional<std::string> text = cache::read_record(file, format);
      text && !text->empty())
    return std::move(*text);
  std::string text = make();
  if (!text.empty())
    cache::write_record(file, format, text);
  return text;
}

bool is_module_file(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.ends_with(".ko") || name.ends_with(".ko.xz") || name.ends_with(".ko.zst") ||
         name.ends_with(".ko.gz");
}

/// Module files below `root`, by module name, as paths relative to it.
std::map<std::string, std::string> module_files(const fs::path& root) {
  std::map<std::string, std::string> files;
  if (root.empty() || !fs::is_directory(root))
    return files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root))
    if (is_module_file(entry.path()) && entry.is_regular_file())
      files[module_name(entry.path())] = entry.path().lexically_relative(root).string();
  return files;
}

std::string modules_text(const fs::path& shipped_root, const fs::path& debug_root) {
  std::map<std::string, std::string> debug = module_files(debug_root);
  std::string text;
  for (const auto& [name, file] : module_files(shipped_root))
    text += fmt::format("{}\t{}\t{}\n", name, file, debug[name]);
  return text;
}

void parse_modules(std::string_view text, const fs::path& label,
                   const fs::path& shipped_root, const fs::path& debug_root,
                   Target& target) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos)
      fail("{}:{}: not a module with its files", label.string(), number);
    const std::string_view debug = line.substr(second + 1);
    target.modules.emplace(
        line.substr(0, first),
        ModuleFiles{shipped_root / line.substr(first + 1, second - first - 1),
                    debug.empty() ? fs::path() : debug_root / debug});
  }
}

/// Not made from a source file: what modpost writes.
bool is_by_product(std::string_view name) {
  return name.ends_with(".mod.c") || name.ends_with(".vmlinux.export.c");
}

bool has_debug_information(const Target& target, std::string_view owner) {
  const auto module = target.modules.find(owner);
  return owner == kVmlinux ||
         (module != target.modules.end() && !module->second.debug.empty());
}

/// Units of modules without debug information, or that are not there at all: a patch of
/// them must not be taken for one of nothing that runs.
void add_units_of_other_modules(const Target& target, UnitIndex& units) {
  const UnitIndex by_makefiles = units_from_makefiles(target);
  for (const auto& [unit, owners] : by_makefiles.all())
    for (const std::string& owner : owners)
      if (!has_debug_information(target, owner))
        units.add(unit, owner);
}

UnitIndex find_units(const Target& target) {
  if (target.vmlinux.empty())
    return units_from_makefiles(target);
  UnitIndex units;
  const auto add_all = [&](const fs::path& file, std::string_view owner) {
    for (const std::string& name : compile_units(file))
      if (!is_by_product(name))
        units.add(unit_path(name, target.source), owner);
  };
  add_all(target.vmlinux, kVmlinux);
  for (const auto& [name, files] : target.modules)
    if (!files.debug.empty())
      add_all(files.debug, name);
  if (target.records.empty())
    add_units_of_other_modules(target, units);
  return units;
}

special::StructSizes find_struct_sizes(const Target& target) {
  return target.vmlinux.empty() ? read_btf_sizes(image::read_kernel_image(target.image))
                                : read_struct_sizes(target.vmlinux);
}

/// Sizes are kept with what was looked for, so that a structure that a later version
/// wants as well is not taken for one that the kernel lacks.
std::string sizes_format() {
  std::string format(kFormat);
  for (const special::Structure& wanted : special::wanted_structures())
    format += fmt::format(",{}", wanted.name);
  return format;
}

/// What comes from another source is kept under another name.
fs::path kept_file(const Target& target, std::string_view name) {
  return target.cache /
         fmt::format("{}{}", name, target.vmlinux.empty() ? "-shipped" : "");
}

} // namespace

std::string unit_path(std::string_view name, const fs::path& source) {
  std::string path = fs::path(name).lexically_normal().string();
  if (path.empty() || (path.front() != '/' && !path.starts_with("../")))
    return path;
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string rest = path.substr(slash + 1);
    std::error_code ignored;
    if (!rest.empty() && !rest.starts_with("../") &&
        fs::is_regular_file(source / rest, ignored))
      return rest;
  }
  return path;
}

std::string struct_sizes_text(const special::StructSizes& sizes) {
  std::string text;
  for (const auto& [name, size] : sizes)
    text += fmt::format("{} {}\n", name, size);
  return text;
}

special::StructSizes parse_struct_sizes(std::string_view text, std::string_view label) {
  special::StructSizes sizes;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view digits = line.substr(std::min(space + 1, line.size()));
    std::uint32_t size = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (error != std::errc() || end != digits.data() + digits.size() || size == 0)
      fail("{}:{}: not a type with its size", label, number);
    sizes.emplace(line.substr(0, space), size);
  }
  return sizes;
}

void add_facts(Target& target, const fs::path& debug_modules) {
  const fs::path shipped = target.modules_root.empty()
                               ? fs::path()
                               : target.modules_root / "lib/modules" / target.release;
  if (target.modules.empty()) {
    const fs::path modules_file = kept_file(target, "modules");
    parse_modules(
        kept_text(modules_file, [&] { return modules_text(shipped, debug_modules); }),
        modules_file, shipped, debug_modules, target);
  }

  const fs::path units_file = kept_file(target, "units");
  target.units =
      UnitIndex::parse(kept_text(units_file, [&] { return find_units(target).text(); }),
                       units_file.string());

  const fs::path sizes_file = kept_file(target, "struct-sizes");
  target.struct_sizes = parse_struct_sizes(
      kept_text(
          sizes_file, [&] { return struct_sizes_text(find_struct_sizes(target)); },
          sizes_format()),
      sizes_file.string());
}

} // namespace kpatch::kernel
