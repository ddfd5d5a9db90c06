// SPDX-License-Identifier: GPL-2.0-or-later
//
// Digests say that two builds have made the same of a function without keeping the code.
// They are of the compiler's objects: what the linker and the loader fill in is the same
// for neither two kernels nor two boots.
#include "produce/function_digests.h"

#include "base/sha256.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace kpatch::produce {

namespace {

std::string target_of(const elf::Object& object, const elf::Relocation& relocation) {
  const elf::Symbol& symbol = object.symbols[relocation.symbol];
  return symbol.name;
}

std::string digest_of(const elf::Object& object, const elf::Symbol& function) {
  const elf::Section& section = object.sections[function.section];
  const std::uint64_t begin =
      std::min<std::uint64_t>(function.value, section.data.size());
  const std::uint64_t size =
      std::min<std::uint64_t>(function.size, section.data.size() - begin);
  Sha256 hash;
  hash.add(std::span(section.data).subspan(begin, size));
  for (const elf::Relocation& relocation : section.relocations)
    if (relocation.offset >= begin && relocation.offset - begin < size)
      hash.add(fmt::format("\n{:x} {} {} {}", relocation.offset - begin, relocation.type,
                           target_of(object, relocation), relocation.addend));
  return hash.finish();
}

} // namespace

std::map<std::string, std::string> function_digests(const elf::Object& object) {
  std::map<std::string, std::string> digests;
  std::set<std::string> ambiguous;
  for (const elf::Symbol& symbol : object.symbols)
    if (symbol.is_function() && symbol.is_defined() &&
        !digests.emplace(symbol.name, digest_of(object, symbol)).second)
      ambiguous.insert(symbol.name);
  for (const std::string& name : ambiguous)
    digests.erase(name);
  return digests;
}

void add_function_digests(UnitResult& result,
                          std::span<const compile::UnitObjects> objects) {
  const auto unit = std::ranges::find(objects, result.unit, &compile::UnitObjects::unit);
  if (unit == objects.end() || result.functions.empty())
    return;
  const auto digests = [](const std::filesystem::path& file) {
    return std::filesystem::exists(file) ? function_digests(elf::read_object(file))
                                         : std::map<std::string, std::string>();
  };
  auto before = digests(unit->original), after = digests(unit->patched);
  for (FunctionChange& function : result.functions) {
    function.before = before[function.name];
    function.after = after[function.name];
  }
}

} // namespace kpatch::produce
