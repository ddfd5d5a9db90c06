// SPDX-License-Identifier: GPL-2.0-or-later
//
// Since 6.11 some values that are fixed once the kernel runs are immediates in its code:
//
//   access_ok():      movabs $0x0123456789abcdef, %rax     runtime_ptr_USER_PTR_MAX:
//   place
//   __d_lookup_rcu(): shr    $12, %eax            runtime_shift_d_hash_shift: place
//
// While it boots the kernel goes through the tables that these sections are, writes the
// true value to each place and forgets them. It does so for its own image only: the same
// code in a module would use the placeholder, which is no address. A unit whose patch
// holds such a place is therefore compiled again, both sides alike, with a header that
// reads the variable instead. The comparison of the first objects already told which
// functions differ, and the proof that the original is the running kernel's code belongs
// to those.
#include "produce/runtime_constants.h"

#include "base/error.h"
#include "elf/object.h"

#include <algorithm>
#include <array>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 3> kTables = {"runtime_ptr_", "runtime_shift_",
                                                     "runtime_mask_"};
constexpr const char* kHeader = "kpatch-runtime-const.h";

bool is_table(const elf::Section& section) {
  return std::ranges::any_of(
      kTables, [&](std::string_view table) { return section.name.starts_with(table); });
}

/// The functions in a section that the compiler gave to one alone (".text.f",
/// ".text.unlikely.f").
bool is_home_of(const std::string& section, const std::string& function) {
  return section.ends_with("." + function);
}

} // namespace

std::string runtime_constant_user(const UnitResult& result,
                                  const fs::path& patched_object) {
  const elf::Object object = elf::read_object(patched_object);
  for (const elf::Section& section : object.sections) {
    if (!is_table(section))
      continue;
    for (const elf::Relocation& place : section.relocations) {
      const elf::Symbol& symbol = object.symbols[place.symbol];
      const std::string& home = object.sections[symbol.section].name;
      for (const FunctionChange& function : result.functions)
        if (is_home_of(home, function.name))
          return function.name;
    }
  }
  return {};
}

compile::UnitObjects compile_with_plain_constants(const compile::Workshop& shop,
                                                  const patch::PatchedView& view,
                                                  const std::string& unit,
                                                  std::vector<std::string> headers) {
  headers.emplace_back(kHeader);
  compile::UnitObjects objects = compile::compile_with_headers(shop, view, unit, headers);
  if (objects.failure)
    throw *objects.failure;
  if (!objects.patched_side.ok)
    fail("{}: the patched source does not compile where runtime constants are read from "
         "their variables\n{}",
         unit, objects.patched_side.messages);
  return objects;
}

} // namespace kpatch::produce
