// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel rewrites code at places that the module lists, and goes by what must stand
// there: a jump label that is neither NOP nor jump is a fatal bug (arch/x86/kernel/
// jump_label.c), a wrong ftrace entry switches ftrace off for the whole machine
// (kernel/trace/ftrace.c: ftrace_bug), a return that is not listed keeps the flaw of the
// processor open. What objtool makes at the end of a compile is missed only then, so
// that here is where it shows whether objtool saw the code.
#include "arch/arch.h"
#include "base/endian.h"
#include "base/module_name.h"
#include "elf/kernel_sections.h"
#include "verify/codes.h"
#include "verify/rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpatch::verify {

namespace {

constexpr std::string_view kStaticCall = "__SCT__";
constexpr std::uint64_t kStaticCallKey = 4; // include/linux/static_call_types.h
constexpr std::uint64_t kStaticKey = 16;    // struct static_key

class SiteChecker {
 public:
  SiteChecker(const Case& subject, const arch::CodeSites& sites)
      : case_(subject), view_(subject.module), module_(view_.module()),
        tables_(subject.kernel.tables()), sites_(sites),
        return_thunk_(arch::arch_for(module_).return_thunk()) {}

  void run() {
    check_labels();
    check_static_calls();
    check_listed();
    check_rows(
        elf::kReturnSites,
        [&](const Place& place) { return goes_to_return_thunk(place); },
        "a jump to the return thunk");
    check_rows(
        elf::kRetpolineSites, [&](const Place& place) { return goes_to_thunk(place); },
        "a call or jump through a register");
    check_rows(
        elf::kLocks,
        [&](const Place& place) { return sites_.is_lock(view_.code_at(place)); },
        "a locked instruction");
    check_rows(
        elf::kFtraceSites, [&](const Place& place) { return is_ftrace_entry(place); },
        "the entry of a function");
  }

 private:
  void add(std::string_view symbol, std::string message) {
    case_.findings.add(code::kWrongSite, symbol, std::move(message));
  }

  std::string text(const Place& place) const {
    return fmt::format("{}+{:#x}", view_.section(place.first).name, place.second);
  }

  /// The reference of the call or jump that begins there.
  const elf::Relocation* branch_at(const Place& place) const {
    return view_.reference_at(place.first, place.second + sites_.branch_opcode());
  }

  bool goes_to_return_thunk(const Place& place) const {
    const elf::Relocation* branch = branch_at(place);
    return branch && sites_.is_jump(view_.code_at(place)) &&
           view_.name_of(*branch) == return_thunk_;
  }

  bool goes_to_thunk(const Place& place) const {
    // A conditional jump has one byte more in front.
    for (const std::uint64_t more : {0, 1})
      if (const elf::Relocation* branch = branch_at({place.first, place.second + more}))
        if (sites_.is_indirect_thunk(view_.name_of(*branch)))
          return true;
    return false;
  }

  /// The call may be a NOP already, and the padding between ENDBR and entry a symbol.
  bool is_ftrace_entry(const Place& place) const {
    if (!view_.is_code(place.first) && !view_.section(place.first).is_text())
      return false;
    const elf::Relocation* call = branch_at(place);
    if (call && view_.name_of(*call) == sites_.ftrace_call() &&
        sites_.is_call(view_.code_at(place)))
      return true;
    return sites_.label(view_.code_at(place)) == arch::LabelCode::kNop &&
           view_.is_boundary(place);
  }

  std::vector<Row> rows(std::string_view table) const {
    return view_.rows(table, tables_.entry_size(table));
  }

  template <typename Fits>
  void check_rows(std::string_view table, Fits fits, std::string_view wanted) {
    std::set<Place> seen;
    for (const Row& row : rows(table)) {
      const auto place = view_.place_in(row, 0);
      if (!place)
        add(table, fmt::format("its entry at {:#x} names no code", row.offset));
      else if (!fits(*place))
        add(table, fmt::format("names {} ({}), which is not {}", text(*place),
                               view_.function_at(*place), wanted));
      else if (!seen.insert(*place).second)
        add(table, fmt::format("names {} twice", text(*place)));
    }
  }

  void check_labels() {
    for (const Row& row : rows(elf::kJumpLabels)) {
      const auto place = view_.place_in(row, 0);
      const auto target = view_.place_in(row, elf::jump_entry::kTarget);
      const elf::Relocation* key =
          view_.reference_at(row.table, row.offset + elf::jump_entry::kKey);
      if (!place || !target || !key || !view_.section(place->first).is_text()) {
        add(elf::kJumpLabels,
            fmt::format("its entry at {:#x} lacks code, target or key", row.offset));
        continue;
      }
      check_label(*place, *key);
      if (target->first != place->first && !view_.is_code(target->first))
        add(view_.function_at(*place),
            fmt::format("the jump label at {} leads out of the code", text(*place)));
      else if (!view_.is_boundary(*target))
        add(view_.function_at(*place),
            fmt::format("the jump label at {} leads into an instruction", text(*place)));
      check_key(*place, *key);
    }
  }

  void check_label(const Place& place, const elf::Relocation& key) {
    const arch::LabelCode found = sites_.label(view_.code_at(place));
    const bool is_marked = view_.target(key).second & 2;
    if (found == arch::LabelCode::kOther || !view_.is_boundary(place))
      return add(
          view_.function_at(place),
          fmt::format("the jump label at {} is neither NOP nor jump", text(place)));
    if (!tables_.marks_labels || !sites_.labels_need_objtool())
      return;
    if (is_marked && found == arch::LabelCode::kJump)
      add(view_.function_at(place),
          fmt::format("objtool did not see the code: the jump label at {} is still a "
                      "jump, and would go the wrong way",
                      text(place)));
    else if (!is_marked && found == arch::LabelCode::kNop)
      add(view_.function_at(place),
          fmt::format("the jump label at {} is a NOP, and its entry says a jump",
                      text(place)));
  }

  /// A key of the kernel is one that the kernel's own labels have, or looks like one.
  void check_key(const Place& place, const elf::Relocation& key) {
    const elf::Symbol& symbol = module_.symbols[key.symbol];
    const std::uint64_t offset =
        static_cast<std::uint64_t>(key.addend) & ~std::uint64_t{3};
    if (symbol.is_defined()) {
      const elf::Section& section = view_.section(symbol.section);
      const std::uint64_t at = symbol.value + offset;
      if (section.is_text() || at > section.size() || section.size() - at < kStaticKey)
        add(symbol.name,
            fmt::format("is not a key for the jump label at {}", text(place)));
      return;
    }
    const auto name = parse_livepatch_name(symbol.name);
    const image::Image* image = case_.kernel.image(name ? name->object : kVmlinux);
    const image::ImageSymbol* found =
        image ? kernel_symbol(*image, symbol.name, name) : nullptr;
    if (found && !tables_.keys.contains(found->address + offset) &&
        !looks_like_key(*image, *found, offset))
      add(found->name,
          fmt::format("is not a static key, but that of the jump label at {}",
                      text(place)));
  }

  static const image::ImageSymbol*
  kernel_symbol(const image::Image& image, const std::string& plain,
                const std::optional<LivepatchName>& name) {
    return name ? find_symbol(image, name->name, name->position)
                : find_symbol(image, plain, 0);
  }

  /// Counter 0 or 1, then a pointer or number whose last bit says true
  /// (include/linux/jump_label.h). Keys of modules alone, as most of nf_hooks_needed[][],
  /// are in no table of the kernel; those that begin as false may lie in .bss.
  static bool looks_like_key(const image::Image& image, const image::ImageSymbol& symbol,
                             std::uint64_t offset) {
    const std::uint64_t address = symbol.address + offset;
    const image::ImagePart* part = image.find_part(address);
    if (!part || !(part->flags & SHF_WRITE) ||
        room_of(image, symbol, *part) < offset + kStaticKey)
      return false;
    const auto data = image.bytes_from(address);
    if (data.empty())
      return true;
    return data.size() >= kStaticKey &&
           load<std::uint64_t>(data, 0, image.order()) <= 1 &&
           load<std::uint64_t>(data, 8, image.order()) <= 1;
  }

  /// From a variable to the next, which is not less than its size.
  static std::uint64_t room_of(const image::Image& image,
                               const image::ImageSymbol& variable,
                               const image::ImagePart& part) {
    std::uint64_t end = part.address + part.size;
    for (const image::ImageSymbol& other : image.symbols())
      if (other.address > variable.address)
        end = std::min(end, other.address);
    return end - variable.address;
  }

  /// Who calls the trampoline instead is right as well, only slower: patches do so for
  /// keys of modules, which are not there in time.
  bool must_be_listed(const elf::Relocation& call) const {
    const std::string_view owner = view_.owner_of(call);
    return owner.empty() || owner == kVmlinux;
  }

  void check_static_calls() {
    for (const Row& row : rows(elf::kStaticCalls)) {
      const auto place = view_.place_in(row, 0);
      const elf::Relocation* key =
          view_.reference_at(row.table, row.offset + kStaticCallKey);
      const elf::Relocation* call = place ? branch_at(*place) : nullptr;
      if (place && !call) // a conditional jump
        call = branch_at({place->first, place->second + 1});
      if (!place || !key || !call)
        add(elf::kStaticCalls,
            fmt::format("its entry at {:#x} lacks call or key", row.offset));
      else if (!is_key_of(*key, *call))
        add(elf::kStaticCalls,
            fmt::format("gives the call of {} at {} the key {}", view_.name_of(*call),
                        text(*place), view_.name_of(*key)));
    }
  }

  bool is_key_of(const elf::Relocation& key, const elf::Relocation& call) const {
    constexpr std::string_view kKey = "__SCK__";
    const std::string_view callee = view_.name_of(call), name = view_.name_of(key);
    if (!callee.starts_with(kStaticCall))
      return false;
    // The trampoline stands for a key that is not exported.
    return name == callee ||
           (name.starts_with(kKey) &&
            name.substr(kKey.size()) == callee.substr(kStaticCall.size()));
  }

  /// All calls and jumps that must be in a table are.
  void check_listed() {
    const std::set<Place> returns = view_.places_in(elf::kReturnSites);
    const std::set<Place> thunks = view_.places_in(elf::kRetpolineSites);
    const std::set<Place> calls = view_.places_in(elf::kStaticCalls);
    const auto check = [&](elf::SectionId id, const elf::Relocation& branch) {
      if (!view_.is_code(id) || branch.offset < sites_.branch_opcode())
        return;
      const std::string_view callee = view_.name_of(branch);
      const Place place{id, branch.offset - sites_.branch_opcode()};
      if (tables_.has_returns && callee == return_thunk_ &&
          sites_.is_jump(view_.code_at(place)))
        check_one(place, returns, elf::kReturnSites);
      else if (tables_.has_retpolines && sites_.is_indirect_thunk(callee))
        check_one(place, thunks, elf::kRetpolineSites);
      else if (tables_.has_static_calls && callee.starts_with(kStaticCall) &&
               must_be_listed(branch) &&
               (sites_.is_call(view_.code_at(place)) ||
                sites_.is_jump(view_.code_at(place))))
        check_one(place, calls, elf::kStaticCalls);
    };
    for (elf::SectionId id = 1; id < module_.sections.size(); ++id)
      for (const elf::Relocation& relocation : view_.section(id).relocations)
        check(id, relocation);
    for (const elf::LivepatchRelocations& table : module_.livepatch)
      for (const elf::Relocation& relocation : table.relocations)
        check(table.target, relocation);
  }

  void check_one(const Place& place, const std::set<Place>& listed,
                 std::string_view table) {
    const bool is_listed =
        listed.contains(place) ||
        // a conditional jump begins one byte earlier
        (place.second > 0 && listed.contains({place.first, place.second - 1}));
    if (!is_listed)
      case_.findings.add(
          code::kUnlisted, view_.function_at(place),
          fmt::format("the code at {} is not listed in {}: did objtool see it?",
                      text(place), table));
  }

  const Case& case_;
  const ModuleView& view_;
  const elf::Object& module_;
  const KernelTables& tables_;
  const arch::CodeSites& sites_;
  std::string_view return_thunk_;
};

} // namespace

void check_sites(const Case& subject) {
  if (const arch::CodeSites* sites = arch::arch_for(subject.module.module()).code_sites())
    SiteChecker(subject, *sites).run();
}

} // namespace kpatch::verify
