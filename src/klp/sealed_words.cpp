// SPDX-License-Identifier: GPL-2.0-or-later
#include "klp/sealed_words.h"

#include "diff/data_words.h"
#include "elf/word_record.h"
#include "klp/policy.h"

namespace kpatch::klp {

std::vector<Problem> sealed_words(const diff::Delta& delta,
                                  const std::set<std::uint64_t>& sealed) {
  std::vector<Problem> problems;
  if (sealed.empty() || delta.words.empty())
    return problems;
  Resolver resolver(delta);
  const elf::SectionId section = delta.object.find_section(diff::kDataWords);
  for (const elf::Relocation& value : delta.object.sections[section].relocations) {
    if (value.offset % elf::word_record::kSize != elf::word_record::kAfter ||
        value.addend != 0)
      continue;
    const std::optional<diff::Found>& found = resolver.find(value.symbol);
    if (found && found->object == delta.inputs.parent && sealed.contains(found->address))
      problems.push_back(
          {.code = "KP3001",
           .object = delta.inputs.label,
           .symbol = delta.object.symbols[value.symbol].name,
           .message =
               fmt::format("{} would point to {}, which the kernel has closed to calls "
                           "through pointers",
                           delta.words[value.offset / elf::word_record::kSize],
                           delta.object.symbols[value.symbol].name),
           .remedy = "Call it from a function whose address the kernel takes already."});
  }
  return problems;
}

} // namespace kpatch::klp
