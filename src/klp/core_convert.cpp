// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kernel moves as a whole when it starts at a random address, so the distance between
// two of its symbols is what it is in the image. The module loader knows what the kernel
// exports, and adds to that whatever a relocation says:
//
//   before  .kpatch.relocations { .text.f+0x12, CALL26, 0, symbol record }
//           .kpatch.symbols     { 0xffff800080313648, LOCAL FUNC, "show_val_kb" }
//   after   .rela.text.f: 0x12 CALL26 sprint_symbol + 0x1a2648
//
// So the loader fills in all of it before the code is made read-only, with the checks of
// reach, the veneers and the versions of exports that it has for any module. A kernel
// that is not the one of the image would get nonsense; kpatch.ko looks at the build ID
// before any of it is run.
#include "klp/core_convert.h"

#include "base/error.h"
#include "base/module_name.h"
#include "elf/edit.h"
#include "klp/record_table.h"

#include <algorithm>

namespace kpatch::klp {

namespace {

constexpr std::size_t kEndWord = 8; ///< of each table of kmod/kpatch.lds

/// What the hook of kpatch.ko does nothing with.
struct Unserved {
  std::string_view section;
  std::string_view what;
};

constexpr Unserved kUnserved[] = {
    {".kpatch.words", "sets words of the kernel's data"},
    {".kpatch.states", "declares states of the system"},
};

void refuse_unserved(const elf::Object& module) {
  for (const auto& [name, what] : kUnserved)
    if (const elf::SectionId id = module.find_section(name);
        module.sections[id].size() > kEndWord)
      fail_with_remedy(
          "leave that out of the patch, or run a kernel with CONFIG_LIVEPATCH",
          "{}: the patch {}, which kpatch.ko, for kernels without "
          "CONFIG_LIVEPATCH, does not do yet",
          module.label, what);
}

void check_owner(const elf::Object& module, const RelocationRecord& record) {
  for (const std::string& owner : {record.object, record.symbol.object})
    if (owner != kVmlinux)
      fail_with_remedy("patch functions of vmlinux only, or run a kernel with "
                       "CONFIG_LIVEPATCH",
                       "{}: {} is of module {}; kpatch.ko, for kernels without "
                       "CONFIG_LIVEPATCH, does not reach modules yet",
                       module.label, record.symbol.name, owner);
  if (record.symbol.address == 0)
    fail("{}: it is not known where the kernel has {}", module.label, record.symbol.name);
}

elf::SymbolId find_anchor(const elf::Object& module) {
  const elf::SymbolId id = module.find_symbol(kAnchor);
  if (id == elf::kNoSymbol || !module.symbols[id].is_undefined())
    fail("{}: its hook does not refer to {}", module.label, kAnchor);
  return id;
}

} // namespace

void convert_to_core(elf::Object& module, const CoreIdentity& identity) {
  refuse_unserved(module);
  const elf::SymbolId anchor = find_anchor(module);
  for (const RelocationRecord& record : read_relocation_records(module)) {
    check_owner(module, record);
    elf::Section& section = module.sections[record.section];
    section.has_relocations = true;
    section.relocations.push_back(
        {.offset = record.offset,
         .type = record.type,
         .symbol = anchor,
         .addend = record.addend +
                   static_cast<std::int64_t>(record.symbol.address - identity.anchor)});
  }
  elf::remove_sections(module, [](const elf::Section& section) {
    return is_record_section(section.name);
  });
}

} // namespace kpatch::klp
