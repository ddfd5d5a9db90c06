// SPDX-License-Identifier: GPL-2.0-or-later
//
// The loader fills in what relocations name and asks little: the field must be empty
// (arch/x86/kernel/module.c), the symbol must be there. That it is the right one, still
// there later on, and entered where it begins, shows only when the code runs.
#include "arch/arch.h"
#include "base/module_name.h"
#include "elf/kernel_sections.h"
#include "special/special_table.h"
#include "verify/codes.h"
#include "verify/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace kpatch::verify {

namespace {

/// Who may refer to init code with a right, besides tables that say where code is.
constexpr std::string_view kMayNameInit[] = {
    ".init",        ".orc_",   ".gnu.linkonce", ".altinstr",
    ".static_call", "__param", ".exit.data",    "__klp",
};

class ReferenceChecker {
 public:
  explicit ReferenceChecker(const Case& subject)
      : case_(subject), view_(subject.module), module_(view_.module()),
        arch_(arch::arch_for(module_)), sites_(arch::arch_for(module_).code_sites()) {}

  void run() {
    for (elf::SectionId id = 1; id < module_.sections.size(); ++id) {
      if (!(view_.section(id).flags & SHF_ALLOC))
        continue;
      for (const elf::Relocation& relocation : view_.section(id).relocations) {
        check_field(id, relocation);
        check_target(id, relocation);
      }
      if (view_.is_code(id))
        check_missing(id);
    }
    for (const elf::LivepatchRelocations& table : module_.livepatch)
      for (const elf::Relocation& relocation : table.relocations)
        if (relocation.offset < view_.section(table.target).size())
          check_late(table, relocation);
  }

 private:
  bool may_name_init(const elf::Section& section) const {
    return special::is_table_of_code(section.name, arch_) ||
           std::ranges::any_of(kMayNameInit, [&](std::string_view prefix) {
             return section.name.starts_with(prefix);
           });
  }

  std::string text(elf::SectionId id, std::uint64_t offset) const {
    return fmt::format("{}+{:#x}", view_.section(id).name, offset);
  }

  void add(const char* problem, std::string_view symbol, std::string message) {
    case_.findings.add(problem, symbol, std::move(message));
  }

  /// Ordinary fields, as the loader wants them; those of livepatch are seen to elsewhere.
  void check_field(elf::SectionId id, const elf::Relocation& relocation) {
    const auto field = arch_.field(relocation.type);
    const Bytes& data = view_.section(id).data;
    const std::string place = text(id, relocation.offset);
    if (!field || relocation.offset > data.size() ||
        data.size() - relocation.offset < field->size)
      return add(code::kMalformed, view_.section(id).name,
                 fmt::format("no field for a relocation of type {} is at {}",
                             relocation.type, place));
    if (arch_.wants_empty_fields() && field->size > 0 &&
        arch::read_field(data, relocation.offset, *field, module_.header.order) != 0)
      add(code::kMalformed, view_.section(id).name,
          fmt::format("the field at {} is not empty", place));
    check_room(id, relocation);
  }

  void check_late(const elf::LivepatchRelocations& table,
                  const elf::Relocation& relocation) {
    check_room(table.target, relocation);
    check_target(table.target, relocation);
  }

  /// Kernel and modules lie in the upper half.
  void check_room(elf::SectionId id, const elf::Relocation& relocation) {
    const auto field = arch_.field(relocation.type);
    if (field && !field->is_signed && field->base == arch::FieldBase::kZero &&
        field->share == arch::FieldShare::kWhole && field->size < 8 &&
        module_.symbols[relocation.symbol].reserved_index != SHN_ABS)
      add(code::kMalformed, view_.section(id).name,
          fmt::format("the field at {} has no room for an address",
                      text(id, relocation.offset)));
  }

  void check_target(elf::SectionId id, const elf::Relocation& relocation) {
    const elf::Symbol& symbol = module_.symbols[relocation.symbol];
    if (symbol.is_defined())
      check_own(id, relocation, symbol);
    else
      check_foreign(id, relocation, symbol);
  }

  void check_own(elf::SectionId id, const elf::Relocation& relocation,
                 const elf::Symbol& symbol) {
    const elf::Section& target = view_.section(symbol.section);
    if (target.name.starts_with(".init") && !target.name.starts_with(".init.klp") &&
        !may_name_init(view_.section(id)))
      add(code::kGone, view_.function_at({id, relocation.offset}),
          fmt::format("{} refers to {} of the module, which the kernel frees once the "
                      "module has started",
                      text(id, relocation.offset), target.name));
    const auto offset = offset_of(id, relocation);
    if (!offset)
      return;
    const std::uint64_t at = symbol.value + static_cast<std::uint64_t>(*offset);
    if (!(target.flags & SHF_ALLOC) && (view_.section(id).flags & SHF_EXECINSTR))
      return add(code::kCrash, symbol.name,
                 fmt::format("{} refers to {}, which is not loaded",
                             text(id, relocation.offset), target.name));
    if ((target.flags & SHF_STRINGS) && at >= target.size())
      add(code::kCrash, view_.function_at({id, relocation.offset}),
          fmt::format("{} refers to a text behind the end of {}",
                      text(id, relocation.offset), target.name));
    if (!arch_.is_branch(view_.section(id), relocation))
      return;
    const Place place{symbol.section, at};
    const bool is_call =
        sites_ && relocation.offset >= sites_->branch_opcode() &&
        sites_->is_call(view_.code_at({id, relocation.offset - sites_->branch_opcode()}));
    if (!target.is_text())
      add(code::kCrash, view_.function_at({id, relocation.offset}),
          fmt::format("the call or jump at {} leads to {}, which is not code",
                      text(id, relocation.offset), target.name));
    else if (at >= target.size() || !view_.is_boundary(place) ||
             (is_call && !view_.is_function_start(place)))
      add(code::kCrash, view_.function_at({id, relocation.offset}),
          fmt::format("the call or jump at {} leads into the middle of {}",
                      text(id, relocation.offset), view_.function_at(place)));
  }

  /// How far behind its symbol a reference goes; nothing where this is unknown.
  std::optional<std::int64_t> offset_of(elf::SectionId id,
                                        const elf::Relocation& relocation) const {
    const elf::Section& section = view_.section(id);
    if (!section.is_text())
      return std::nullopt;
    const auto field = arch_.field(relocation.type);
    if (!field || field->base == arch::FieldBase::kZero)
      return relocation.addend;
    if (arch_.is_branch(section, relocation))
      return relocation.addend - arch_.addend_of_call();
    if (!arch_.needs_instructions(section, relocation))
      return std::nullopt;
    const auto end = view_.end_of_instruction({id, relocation.offset});
    if (!end)
      return std::nullopt;
    return relocation.addend + static_cast<std::int64_t>(*end - relocation.offset);
  }

  void check_foreign(elf::SectionId id, const elf::Relocation& relocation,
                     const elf::Symbol& symbol) {
    const auto name = parse_livepatch_name(symbol.name);
    const image::Image* image = case_.kernel.image(name ? name->object : kVmlinux);
    const image::ImageSymbol* found =
        !image ? nullptr
        : name ? find_symbol(*image, name->name, name->position)
               : find_symbol(*image, symbol.name, 0);
    const auto offset = offset_of(id, relocation);
    if (!found || (name && symbol.reserved_index != elf::kLivepatchIndex))
      return;
    const image::ImagePart* part = image->find_part(found->address);
    const bool is_code = part && part->is_code();
    const bool is_branch = arch_.is_branch(view_.section(id), relocation);
    const std::string place = text(id, relocation.offset);
    if (is_branch && part && !is_code)
      add(code::kUnlikely, found->name,
          fmt::format("the call or jump at {} leads to data", place));
    else if (!is_branch && is_code && offset && *offset != 0 && !is_cold(found->name))
      add(code::kUnlikely, found->name,
          fmt::format("{} takes an address {} bytes behind the start of the function",
                      place, *offset));
    if (offset && !is_branch && part && !is_code &&
        !reaches(*image, *found, *part, *offset))
      add(code::kUnlikely, found->name,
          fmt::format("{} refers to what is {} bytes from it, in another part of {}",
                      place, *offset, name ? name->object : kVmlinux));
    if (is_pointer(id, relocation) &&
        case_.kernel.sealed(name ? name->object : kVmlinux).contains(found->address))
      add(code::kGone, found->name,
          fmt::format(
              "{} takes its address, but the kernel no longer allows calls to it through "
              "a pointer",
              place));
  }

  static bool is_cold(std::string_view name) {
    return name.find(".cold") != std::string_view::npos;
  }

  /// What stands where a part begins may mark where something ends, as _etext does; code
  /// that wants the last byte of that asks for the one before.
  static bool reaches(const image::Image&, const image::ImageSymbol& symbol,
                      const image::ImagePart& part, std::int64_t offset) {
    const std::uint64_t at = symbol.address + static_cast<std::uint64_t>(offset);
    return (at >= part.address && at - part.address <= part.size) ||
           (symbol.address == part.address && offset == -1);
  }

  /// An address that is kept: in code that does not branch, or in data that lasts.
  bool is_pointer(elf::SectionId id, const elf::Relocation& relocation) const {
    const elf::Section& section = view_.section(id);
    if (section.is_text())
      return view_.is_code(id) && arch_.uses_as_pointer(section, relocation);
    return !may_name_init(section);
  }

  void check_own_reference(elf::SectionId id, std::uint64_t at, std::uint64_t end,
                           const arch::OwnReference& reference) {
    if (reference.size == 4 && reference.target == end)
      add(code::kMalformed, view_.function_at({id, at}),
          fmt::format("the instruction at {} refers to nothing: its relocation is "
                      "missing",
                      text(id, at)));
    else if (reference.target > view_.section(id).size() ||
             !view_.is_boundary({id, reference.target}))
      add(code::kCrash, view_.function_at({id, at}),
          fmt::format("the jump at {} leads into the middle of an instruction or out of "
                      "its code",
                      text(id, at)));
  }

  /// There are relocations that do nothing.
  bool is_filled_in(elf::SectionId id, std::uint64_t offset) const {
    const elf::Relocation* relocation = view_.reference_at(id, offset);
    const auto field = relocation ? arch_.field(relocation->type) : std::nullopt;
    return relocation && !(field && field->size == 0);
  }

  /// An instruction that uses what is behind it is one whose relocation was lost. Only
  /// its address is another matter: it says where the caller is (_THIS_IP_ of
  /// include/linux/instruction_pointer.h).
  void check_missing(elf::SectionId id) {
    if (!sites_ || !view_.knows_boundaries(id))
      return;
    const std::set<Place> labels = view_.places_in(elf::kJumpLabels);
    const elf::Section& section = view_.section(id);
    for (std::uint64_t at = 0; at < section.data.size();) {
      const std::size_t length =
          arch_.instruction_length(std::span(section.data).subspan(at));
      if (length == 0)
        return;
      const arch::OwnReferenceAnswer answer = arch_.own_reference(section, at);
      if (answer.is_known && answer.reference &&
          !sites_->only_takes_address(std::span(section.data).subspan(at)) &&
          !is_filled_in(id, answer.reference->field) && !labels.contains({id, at}))
        check_own_reference(id, at, at + length, *answer.reference);
      at += length;
    }
  }

  const Case& case_;
  const ModuleView& view_;
  const elf::Object& module_;
  const arch::Arch& arch_;
  const arch::CodeSites* sites_;
};

} // namespace

void check_references(const Case& subject) {
  ReferenceChecker(subject).run();
}

} // namespace kpatch::verify
