// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel keeps constants read-only, so one that changed cannot be set; but if only
// code of the unit reads it, the patch can bring the new one, and what reads it:
//
//   changed: .rodata.policy      becomes      new copy of policy, changed: its readers
//
// This is right if nobody else can have the address of the old one, or get that of the
// new one and keep it for longer than the patch is loaded. So:
//
//   - the variable is static, and its address is in no data, constant or not;
//   - code reads it in place, or makes its address and does nothing with it but read,
//     compare, and hand it to functions that are known to do no more (kReaders);
//   - that code has no fault handler or alternative: its bytes would not show all ways
//     that it can take. Those of static branches are known;
//   - the same holds for init code, which may have handed it to somebody long ago.
//
// A function of the unit that takes the address as an argument may do with it what it
// wants, and is not looked into. Anything else is a changed section as before (KP2002).
// What the constant itself refers to may be kept by whoever reads it there. So that must
// be there without the patch, too, or be a literal.
#include "diff/constants_of_unit.h"

#include "arch/arch.h"
#include "diff/constants.h"
#include "elf/kernel_sections.h"
#include "special/names.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace kpatch::diff {

namespace {

using arch::Handed;

struct Reader {
  std::string_view function;
  Handed does;
};

/// Exported functions that take the address of a table and keep nothing of it: of
/// lib/nlattr.c (an extended acknowledgement that points to a policy is gone with the
/// request), lib/string.c, lib/string_helpers.c, lib/parser.c, lib/hexdump.c,
/// drivers/firmware/dmi_scan.c, arch/x86/kernel/cpu/match.c, fs/fs_parser.c and
/// drivers/hid/hid-core.c.
constexpr std::array kReaders = {
    Reader{"__nla_parse", Handed::kRead},
    Reader{"__nla_validate", Handed::kRead},
    Reader{"dmi_check_system", Handed::kRead},
    Reader{"dmi_first_match", Handed::kReturned},
    Reader{"x86_match_cpu", Handed::kReturned},
    Reader{"hid_match_id", Handed::kReturned},
    Reader{"match_string", Handed::kRead},
    Reader{"__sysfs_match_string", Handed::kRead},
    Reader{"match_token", Handed::kRead},
    Reader{"lookup_constant", Handed::kRead},
    Reader{"memcpy", Handed::kRead},
    Reader{"__memcpy", Handed::kRead},
    Reader{"memcmp", Handed::kRead},
    Reader{"memchr_inv", Handed::kReturned},
    Reader{"strlen", Handed::kRead},
    Reader{"strcmp", Handed::kRead},
    Reader{"strncmp", Handed::kRead},
    Reader{"strcasecmp", Handed::kRead},
    Reader{"_copy_to_user", Handed::kRead},
};

Handed what_does(const Side& side, const elf::Relocation& call) {
  const elf::Symbol& callee = side.symbol(call.symbol);
  const auto* row = std::ranges::find(kReaders, callee.name, &Reader::function);
  return callee.is_undefined() && row != kReaders.end() ? row->does : Handed::kKept;
}

bool is_constant(const elf::Section& section) {
  return section.name.starts_with(".rodata.") && (section.flags & SHF_ALLOC) &&
         !(section.flags & (SHF_WRITE | SHF_EXECINSTR | SHF_MERGE));
}

/// Sections that say something about others and that nothing running reads.
bool is_remark(std::string_view section) {
  return special::is_debug_section(section) || section == ".discard" ||
         section.starts_with(".discard.");
}

/// Whose entries let code go on elsewhere than its bytes say: at a fault, or in place of
/// an instruction.
constexpr std::array<std::string_view, 2> kOtherWays = {elf::kExceptions,
                                                        elf::kAlternatives};

/// Where in a section of code a label's relocation leads; nothing if it is elsewhere.
std::optional<std::uint64_t> place_in(const Side& side, SectionId code, SectionId table,
                                      const elf::Relocation& place) {
  if (side.home(place.symbol) != code)
    return std::nullopt;
  return side.symbol(place.symbol).value +
         static_cast<std::uint64_t>(side.target_offset(table, place));
}

/// The static branches of a section of code; nothing if not all are known.
std::optional<std::vector<arch::OtherWay>> static_branches(const Side& side,
                                                           SectionId code) {
  std::vector<arch::OtherWay> ways;
  for (SectionId table = 1; table < side.sections.size(); ++table) {
    if (side.section(table).name != elf::kJumpLabels)
      continue;
    std::map<std::uint64_t, const elf::Relocation*> by_offset;
    for (const elf::Relocation& place : side.section(table).relocations)
      by_offset[place.offset] = &place;
    for (const auto& [offset, label] : by_offset) {
      if (offset % elf::jump_entry::kSize != 0 || side.home(label->symbol) != code)
        continue;
      const auto target = by_offset.find(offset + elf::jump_entry::kTarget);
      const auto from = place_in(side, code, table, *label);
      const auto to = target == by_offset.end()
                          ? std::nullopt
                          : place_in(side, code, table, *target->second);
      if (!from || !to)
        return std::nullopt;
      ways.push_back({*from, *to});
    }
  }
  return ways;
}

/// Whether the bytes of a section show all ways that its code can take, but for static
/// branches.
bool shows_all_ways(const Side& side, SectionId code) {
  for (SectionId id = 1; id < side.sections.size(); ++id)
    if (std::ranges::count(kOtherWays, side.section(id).name))
      for (const elf::Relocation& entry : side.section(id).relocations)
        if (side.home(entry.symbol) == code)
          return false;
  return true;
}

/// Who refers to a variable; `home` is its section, which is its own.
class Users {
 public:
  Users(const Side& side, SymbolId id) : side_(side) {
    for (SectionId user = 1; user < side.sections.size(); ++user)
      if (!is_remark(side.section(user).name) && side.section(user).type != SHT_REL &&
          side.section(user).type != SHT_RELA)
        for (const elf::Relocation& use : side.section(user).relocations)
          if (side.home(use.symbol) == side.home(id))
            uses_.push_back({user, &use});
  }

  bool only_read() const {
    const auto callees = [&](const elf::Relocation& call) {
      return what_does(side_, call);
    };
    return std::ranges::all_of(uses_, [&](const Use& use) {
      const elf::Section& user = side_.section(use.section);
      if (!user.is_text() || !shows_all_ways(side_, use.section))
        return false;
      const auto ways = static_branches(side_, use.section);
      return ways && side_.arch.is_only_read(user, *use.relocation, callees, *ways);
    });
  }

  /// The functions that do, without those of init code, which is in one section.
  std::vector<SymbolId> functions() const {
    std::vector<SymbolId> found;
    for (const Use& use : uses_)
      if (const SymbolId user = side_.sections[use.section].bundled;
          user && std::ranges::find(found, user) == found.end())
        found.push_back(user);
    return found;
  }

  bool are_there() const { return !uses_.empty(); }

  /// Whether all code that does has a name, or has run.
  bool are_known() const {
    return std::ranges::all_of(uses_, [&](const Use& use) {
      const std::string& name = side_.section(use.section).name;
      return side_.sections[use.section].bundled || name == ".init.text" ||
             name == ".exit.text";
    });
  }

 private:
  struct Use {
    SectionId section;
    const elf::Relocation* relocation;
  };
  const Side& side_;
  std::vector<Use> uses_;
};

bool differs_from_twin(const SectionState& state, const elf::Section& section) {
  return state.content == Status::kChanged ||
         (section.has_relocations && state.relocations != Status::kSame);
}

/// Whether a constant refers to nothing that only the patch has.
bool refers_to_known(const Context& context, SectionId home) {
  const Side& patched = context.patched;
  return std::ranges::all_of(patched.section(home).relocations,
                             [&](const elf::Relocation& reference) {
                               return patched.symbol(reference.symbol).is_undefined() ||
                                      patched.symbols[reference.symbol].twin ||
                                      constant_target(patched, home, reference);
                             });
}

/// A function and those that it is a part of, as far as these have to answer for it.
void mark_changed(Context& context, SymbolId reader, const std::string& constant) {
  Side& patched = context.patched;
  const std::string& name = patched.symbol(reader).name;
  for (SymbolId id = reader; id; id = patched.symbols[id].parent) {
    SymbolState& state = patched.symbols[id];
    if (state.status == Status::kSame) {
      state.status = Status::kChanged;
      context.entry_changes[id] =
          fmt::format("{} reads {}, which changed", name, constant);
      note(context, NoteKind::kNotice, name,
           "{} is patched because {} reads {}, a constant that changed",
           patched.symbol(id).name, id == reader ? "it" : name, constant);
    }
    if (state.has_ftrace_entry)
      break;
  }
}

} // namespace

bool is_constant_of_unit(const Context& context, SymbolId id) {
  const Side& patched = context.patched;
  const Side& original = context.original;
  const SymbolId twin = patched.symbols[id].twin;
  const SectionId home = patched.home(id);
  if (!twin || !home || !patched.symbol(id).is_object() || is_special_static(patched, id))
    return false;
  const SectionId old_home = original.home(twin);
  const auto is_own = [&](const Side& side, SectionId section, SymbolId symbol) {
    return side.sections[section].bundled == symbol && side.symbol(symbol).is_local() &&
           is_constant(side.section(section));
  };
  if (!is_own(patched, home, id) || !old_home || !is_own(original, old_home, twin) ||
      !refers_to_known(context, home))
    return false;
  const Users now(patched, id);
  const Users before(original, twin);
  return now.are_known() && before.are_known() && now.only_read() && before.only_read();
}

void patch_readers_of_constants(Context& context) {
  const Side& patched = context.patched;
  for (SymbolId id = 1; id < patched.symbols.size(); ++id) {
    const SectionId home = patched.home(id);
    if (!home || patched.sections[home].bundled != id ||
        !differs_from_twin(patched.sections[home], patched.section(home)) ||
        !is_constant_of_unit(context, id))
      continue;
    const Users users(patched, id);
    const std::vector<SymbolId> readers = users.functions();
    for (const SymbolId reader : readers)
      mark_changed(context, reader, patched.symbol(id).name);
    if (readers.empty() && users.are_there())
      context.read_by_init.insert(home);
  }
}

} // namespace kpatch::diff
