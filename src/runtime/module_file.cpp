// SPDX-License-Identifier: GPL-2.0-or-later
//
// A module file describes itself in two places: `.modinfo`, strings `key=value`, each
// ended by NUL, and `.gnu.linkonce.this_module`, the future `struct module` with the name
// the kernel will use (the file's own name proves nothing). A live patch names the
// objects it changes in its function records, whichever tool made it, and in its
// livepatch relocations (`.klp.rela.<object>.<section>`); a patch made by other means may
// name them only at run time, which cannot be read here.
#include "runtime/module_file.h"

#include "base/durable_file.h"
#include "base/error.h"
#include "base/module_name.h"
#include "base/run_limited.h"
#include "base/text.h"
#include "elf/function_records.h"
#include "elf/kernel_sections.h"

#include <algorithm>
#include <array>

namespace kpatch::runtime {
namespace fs = std::filesystem;

namespace {

/// No module is bigger; a file made to fill the memory must not do so.
constexpr std::size_t kLargest = std::size_t{256} << 20;

struct Decompressor {
  std::string_view suffix;
  std::array<const char*, 2> argv;
};
constexpr Decompressor kDecompressors[] = {
    {".xz", {"xz", "-dc"}},
    {".zst", {"zstd", "-dcq"}},
    {".gz", {"gzip", "-dc"}},
};

std::string text_at(std::span<const std::uint8_t> data, std::uint64_t offset) {
  std::string text;
  for (; offset < data.size() && data[offset]; ++offset)
    text += static_cast<char>(data[offset]);
  return text;
}

std::string name_in_this_module(const elf::Object& object) {
  const elf::SectionId id = object.find_section(elf::kThisModule);
  if (id == elf::kNoSection)
    return {};
  const Bytes& data = object.sections[id].data;
  if (data.size() < kModuleNameOffset + kModuleNameSize)
    return {};
  return text_at(std::span(data).subspan(kModuleNameOffset, kModuleNameSize), 0);
}

/// A record without the name of an object looks like a damaged one; it is left out.
std::vector<ReplacedFunction> read_functions(const elf::Object& object) {
  std::vector<ReplacedFunction> functions;
  for (elf::FunctionRecord& record : elf::function_records(object).records)
    if (!record.object.empty())
      functions.push_back({.object = std::move(record.object),
                           .name = std::move(record.name),
                           .occurrence = std::max<unsigned long>(1, record.position)});
  std::ranges::sort(functions);
  return functions;
}

void add_objects_of_relocations(const elf::Object& object, std::set<std::string>& found) {
  constexpr std::string_view kPrefix = ".klp.rela.";
  for (const elf::LivepatchRelocations& table : object.livepatch) {
    if (!table.name.starts_with(kPrefix))
      continue;
    const std::string rest = table.name.substr(kPrefix.size());
    found.insert(rest.substr(0, rest.find('.')));
  }
}

} // namespace

std::string ModuleFile::info_value(const std::string& key) const {
  const auto found =
      std::ranges::find(info, key, &std::pair<std::string, std::string>::first);
  return found == info.end() ? "" : found->second;
}

std::optional<bool> ModuleFile::replaces() const {
  const std::string value = info_value("replace");
  if (value.empty())
    return std::nullopt;
  return value == "true";
}

std::string ModuleFile::release() const {
  const std::string magic = info_value("vermagic");
  return magic.substr(0, magic.find(' '));
}

std::vector<std::string> ModuleFile::needed() const {
  const std::string depends = info_value("depends");
  const std::vector<std::string_view> names = split(depends, ',');
  return {names.begin(), names.end()};
}

std::vector<std::string> ModuleFile::wanted() const {
  std::vector<std::string> names;
  for (const auto& [key, value] : info) {
    bool before = false;
    if (key != "softdep")
      continue;
    for (const std::string_view word : split(value, ' ')) {
      if (word.ends_with(':'))
        before = word == "pre:";
      else if (before)
        names.emplace_back(word);
    }
  }
  return names;
}

ModuleFile describe_module(const elf::Object& object) {
  ModuleFile file{.machine = object.header.machine};
  const elf::SectionId info = object.find_section(".modinfo");
  if (info != elf::kNoSection)
    file.info = elf::parse_info_strings(object.sections[info].data);
  file.name = name_in_this_module(object);
  if (file.name.empty())
    file.name = file.info_value("name");
  if (file.name.empty())
    fail_with_remedy("give the .ko that the kernel's module build made",
                     "{}: not a kernel module: it carries no module name", object.label);
  if (!is_module_name(file.name))
    fail_with_remedy(
        "do not trust this file; kpatch-build makes modules with sound names",
        "{}: the module's name is '{}'; a name may have letters, digits, _ and - "
        "only, at most {} of them",
        object.label, file.name, kLongestModuleName);
  file.functions = read_functions(object);
  for (const ReplacedFunction& function : file.functions)
    file.patched_objects.insert(function.object);
  add_objects_of_relocations(object, file.patched_objects);
  std::erase_if(file.patched_objects,
                [](const std::string& name) { return !is_module_name(name); });
  return file;
}

Bytes read_module_bytes(const fs::path& path) {
  const auto tool = std::ranges::find_if(kDecompressors, [&](const Decompressor& entry) {
    return path.extension() == entry.suffix;
  });
  if (tool == std::end(kDecompressors))
    return read_regular_file(path, kLargest);
  Command command;
  command.argv = {tool->argv[0], tool->argv[1]};
  const Bytes packed = read_regular_file(path, kLargest);
  command.input.assign(packed.begin(), packed.end());
  const std::string output = run_limited(command, kLargest);
  return Bytes(output.begin(), output.end());
}

ModuleFile read_module_file(const fs::path& path) {
  return describe_module(elf::read_object(read_module_bytes(path), path.string()));
}

bool is_module_file_name(std::string_view file_name) {
  for (const Decompressor& entry : kDecompressors)
    if (file_name.ends_with(entry.suffix)) {
      file_name.remove_suffix(entry.suffix.size());
      break;
    }
  return file_name.ends_with(".ko");
}

std::string module_name(std::string_view file_name) {
  std::string name(file_name.substr(file_name.find_last_of('/') + 1));
  name = name.substr(0, name.find(".ko"));
  std::ranges::replace(name, '-', '_');
  return name;
}

} // namespace kpatch::runtime
