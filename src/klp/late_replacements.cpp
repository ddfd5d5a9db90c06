// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel copies the replacement code of alternatives to its place when it loads the
// patch module (module_finalize, apply_alternatives), and adjusts what it copies to the
// new place. Livepatch relocations for vmlinux are written before that, those for a
// module only when that module is patched (kernel/livepatch/core.c, klp_write_object_
// relocs): into the replacement section, which nobody looks at any more. The place keeps
// a call to nowhere. Kernels before 5.8 keep alternatives back with the relocations
// (.klp.arch).
#include "klp/late_replacements.h"

#include "base/module_name.h"
#include "elf/kernel_sections.h"
#include "klp/policy.h"

#include <fmt/format.h>

#include <set>

namespace kpatch::klp {

namespace {

constexpr const char* kLate = "KP3003";

Problem problem(const diff::Delta& delta, const std::string& name) {
  return {
      .code = kLate,
      .object = delta.inputs.label,
      .symbol = name,
      .message = fmt::format(
          "an alternative of the patched code refers to {}, which the kernel fills in "
          "when {} is patched: after it has copied the alternative's code",
          name, delta.inputs.parent),
      .remedy = fmt::format(
          "Call {} from plain code instead, as with boot_cpu_has() or a static key.",
          name)};
}

} // namespace

std::vector<Problem> late_replacements(const diff::Delta& delta) {
  const elf::SectionId id = delta.object.find_section(elf::kReplacements);
  if (!id || delta.inputs.klp_arch || delta.inputs.parent == kVmlinux ||
      delta.object.sections[id].relocations.empty())
    return {};
  Resolver resolver(delta);
  const auto marks = choose_livepatch_relocations(delta, resolver);
  std::vector<Problem> problems;
  std::set<elf::SymbolId> told;
  for (std::size_t i = 0; i < marks[id].size(); ++i) {
    const elf::SymbolId symbol = delta.object.sections[id].relocations[i].symbol;
    if (marks[id][i] && told.insert(symbol).second)
      problems.push_back(problem(delta, delta.object.symbols[symbol].name));
  }
  return problems;
}

} // namespace kpatch::klp
