// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel writes the replacement of an alternative over its code while the module is
// loaded (arch/x86/kernel/alternative.c), and what stands there then may have other
// instructions than the file shows. So other code comes in at its start or behind it, but
// not in the middle: the place where an exception goes on (lib/extable.c), the target of
// a jump label (arch/x86/kernel/jump_label.c).
#include "base/endian.h"
#include "elf/kernel_sections.h"
#include "verify/codes.h"
#include "verify/kernel_tables.h"
#include "verify/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace kpatch::verify {

namespace {

/// Code that is written over: where it begins and where it ends.
using Replaced = std::map<Place, std::uint64_t>;

Replaced replaced_code(const Case& subject) {
  const KernelTables& tables = subject.kernel.tables();
  Replaced replaced;
  for (const Row& row :
       subject.module.rows(elf::kAlternatives, tables.entry_size(elf::kAlternatives)))
    if (const auto place = subject.module.place_in(row, 0)) {
      std::uint64_t& end = replaced[*place];
      end = std::max(end,
                     place->second + subject.module.section(row.table)
                                         .data[row.offset + tables.alternative_length]);
    }
  return replaced;
}

bool is_inside(const Replaced& replaced, const Place& place) {
  auto after = replaced.lower_bound(place);
  return after != replaced.begin() && (--after)->first.first == place.first &&
         place.second < after->second;
}

} // namespace

void check_landings(const Case& subject) {
  constexpr std::uint64_t kSecond = 4; // of both tables: where it goes on
  const Replaced replaced = replaced_code(subject);
  for (const std::string_view table : {elf::kExceptions, elf::kJumpLabels})
    for (const Row& row :
         subject.module.rows(table, subject.kernel.tables().entry_size(table))) {
      const auto place = subject.module.place_in(row, kSecond);
      if (place && is_inside(replaced, *place))
        subject.findings.add(
            code::kWrongEntry, table,
            fmt::format("its entry at {:#x} goes on at {}+{:#x}, inside of code that the "
                        "kernel replaces",
                        row.offset, subject.module.section(place->first).name,
                        place->second));
    }
}

} // namespace kpatch::verify
