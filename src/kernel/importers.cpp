// SPDX-License-Identifier: GPL-2.0-or-later
//
// What an export is used by stands in thousands of compressed modules. They are read once
// for a kernel, and what each lacks is kept.
#include "kernel/importers.h"

#include "base/error.h"
#include "base/files.h"
#include "base/parallel.h"
#include "base/text.h"
#include "cache/record.h"
#include "elf/object.h"
#include "image/decompress.h"

#include <fmt/ranges.h>

#include <vector>

namespace kpatch::kernel {

namespace {

constexpr std::string_view kImportersFormat = "importers-1";

std::set<std::string> lacking_symbols(const std::filesystem::path& module) {
  const Bytes content = image::decompressed(read_bytes(module), module.string());
  std::set<std::string> names;
  for (const elf::Symbol& symbol : elf::read_object(content, module.string()).symbols)
    if (symbol.is_undefined() && !symbol.name.empty())
      names.insert(symbol.name);
  return names;
}

Importers read_importers(const Target& target, unsigned jobs) {
  std::vector<std::string> modules;
  for (const auto& [module, files] : target.modules)
    modules.push_back(module);
  std::vector<std::set<std::string>> lacking(modules.size());
  for_each_in_parallel(modules.size(), jobs, [&](std::size_t i) {
    lacking[i] = lacking_symbols(target.shipped_file(modules[i]));
  });
  Importers importers;
  for (std::size_t i = 0; i < modules.size(); ++i)
    for (const std::string& symbol : lacking[i])
      importers[symbol].insert(modules[i]);
  return importers;
}

} // namespace

std::string importers_text(const Importers& importers) {
  std::string text;
  for (const auto& [symbol, modules] : importers)
    text += fmt::format("{} {}\n", symbol, fmt::join(modules, " "));
  return text;
}

Importers parse_importers(std::string_view text, std::string_view label) {
  Importers importers;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::vector<std::string_view> words = split(take_line(text), ' ');
    if (words.size() < 2)
      fail("{}:{}: not a symbol with the modules that use it", label, number);
    importers[std::string(words[0])].insert(words.begin() + 1, words.end());
  }
  return importers;
}

Importers importers_of(const Target& target, bool modules_may_change, unsigned jobs) {
  const std::filesystem::path kept = target.cache / "importers";
  if (!modules_may_change)
    if (const auto text = cache::read_record(kept, kImportersFormat))
      return parse_importers(*text, kept.string());
  Importers importers = read_importers(target, jobs);
  if (!modules_may_change)
    cache::write_record(kept, kImportersFormat, importers_text(importers));
  return importers;
}

} // namespace kpatch::kernel
