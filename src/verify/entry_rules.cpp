// SPDX-License-Identifier: GPL-2.0-or-later
//
// Tables that the kernel searches: alternatives, which it copies over code while the
// module is loaded, with lengths that it believes (arch/x86/kernel/alternative.c); traps
// of WARN() and BUG(), without whose entry a warning is a crash (lib/bug.c); code that
// may fault (lib/extable.c); and unwind data, without which a stack is unreliable and no
// transition ends (arch/x86/kernel/unwind_orc.c).
#include "arch/arch.h"
#include "base/endian.h"
#include "elf/kernel_sections.h"
#include "elf/orc.h"
#include "verify/codes.h"
#include "verify/kernel_tables.h"
#include "verify/rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpatch::verify {

namespace {

/// struct alt_instr
constexpr std::uint64_t kReplacement = 4, kFeature = 8;

class EntryChecker {
 public:
  explicit EntryChecker(const Case& subject)
      : case_(subject), view_(subject.module), module_(view_.module()),
        tables_(subject.kernel.tables()), sites_(arch::arch_for(module_).code_sites()) {}

  void run() {
    check_alternatives();
    check_bugs();
    check_exceptions();
    check_unwind_order();
    if (case_.rules.has_orc)
      check_unwind_data();
  }

 private:
  void add(std::string_view symbol, std::string message) {
    case_.findings.add(code::kWrongEntry, symbol, std::move(message));
  }

  std::string text(const Place& place) const {
    return fmt::format("{}+{:#x}", view_.section(place.first).name, place.second);
  }

  std::vector<Row> rows(std::string_view table) const {
    return view_.rows(table, tables_.entry_size(table));
  }

  bool is_in_code(const std::optional<Place>& place) const {
    return place && view_.section(place->first).is_text();
  }

  void check_alternatives() {
    std::map<Place, std::uint64_t> replacements; // place → length
    for (const Row& row : rows(elf::kAlternatives)) {
      const auto place = view_.place_in(row, 0);
      const auto code = view_.place_in(row, kReplacement);
      const Bytes& data = view_.section(row.table).data;
      const std::uint64_t old_length = data[row.offset + tables_.alternative_length];
      const std::uint64_t new_length = data[row.offset + tables_.replacement_length];
      const auto feature =
          load<std::uint16_t>(data, row.offset + kFeature, module_.header.order);
      if (!is_in_code(place) || (new_length > 0 && !is_in_code(code))) {
        add(elf::kAlternatives,
            fmt::format("its entry at {:#x} lacks code or replacement", row.offset));
        continue;
      }
      if ((feature & 0x7fffU) > tables_.last_feature)
        add(elf::kAlternatives,
            fmt::format("asks at {} for feature {}, which no processor has", text(*place),
                        feature));
      check_alternative(*place, old_length, new_length);
      check_inside(*place, old_length);
      if (new_length > 0) {
        check_replacement(*place, *code, new_length);
        replacements[*code] = std::max(replacements[*code], new_length);
      }
    }
    check_gaps(replacements);
  }

  void check_alternative(const Place& place, std::uint64_t old_length,
                         std::uint64_t new_length) {
    if (old_length == 0 || new_length > old_length)
      add(elf::kAlternatives, fmt::format("puts {} bytes in the place of {} at {}",
                                          new_length, old_length, text(place)));
    else if (old_length > view_.code_at(place).size() || !view_.is_boundary(place) ||
             !view_.is_boundary({place.first, place.second + old_length}))
      add(elf::kAlternatives, fmt::format("the {} bytes at {} are not whole instructions",
                                          old_length, text(place)));
  }

  /// What the kernel rewrites for another reason lies outside.
  void check_inside(const Place& place, std::uint64_t length) {
    if (sites_inside_.empty())
      for (const std::string_view table :
           {elf::kReturnSites, elf::kFtraceSites, elf::kBugs, elf::kAlternatives})
        for (const Row& row : rows(table))
          sites_inside_.insert(view_.place_in(row, 0).value_or(Place{}));
    const auto next = sites_inside_.upper_bound(place);
    const bool is_over = next != sites_inside_.end() && next->first == place.first &&
                         next->second < place.second + length;
    if (is_over || length > tables_.longest_alternative)
      add(elf::kAlternatives,
          fmt::format("the {} bytes at {} are more than one alternative", length,
                      text(place)));
  }

  void check_replacement(const Place& place, const Place& code, std::uint64_t length) {
    if (length > view_.code_at(code).size() || !view_.is_boundary(code) ||
        !view_.is_boundary({code.first, code.second + length}))
      add(elf::kAlternatives,
          fmt::format("the {} bytes to put at {} are not whole instructions", length,
                      text(place)));
  }

  /// Replacements lie one behind the other from the start of their section, so that one
  /// too short leaves a gap and one too long reaches into the next.
  void check_gaps(const std::map<Place, std::uint64_t>& replacements) {
    for (auto at = replacements.begin(); at != replacements.end(); ++at) {
      const auto& [place, length] = *at;
      if (view_.section(place.first).name != elf::kReplacements)
        continue;
      const bool is_first =
          at == replacements.begin() || std::prev(at)->first.first != place.first;
      if (is_first && place.second != 0)
        add(elf::kAlternatives,
            fmt::format("no entry names the replacement before {}", text(place)));
      const auto next = std::next(at);
      const bool is_last = next == replacements.end() || next->first.first != place.first;
      const std::uint64_t end =
          is_last ? view_.section(place.first).size() : next->first.second;
      if (place.second + length != end)
        add(elf::kAlternatives,
            fmt::format("the replacement at {} has {} bytes, but {} are there",
                        text(place), length, end - place.second));
    }
  }

  void check_bugs() {
    if (!sites_ || !tables_.entry_size(elf::kBugs))
      return;
    std::set<Place> listed;
    for (const Row& row : rows(elf::kBugs)) {
      const auto place = view_.place_in(row, 0);
      if (is_in_code(place) && sites_->is_trap(view_.code_at(*place)))
        listed.insert(*place);
      else if (!is_in_code(place) || !is_handed_over(row, *place))
        add(elf::kBugs, fmt::format("its entry at {:#x} leads to no trap", row.offset));
    }
    for (elf::SectionId id = 1; id < module_.sections.size(); ++id)
      if (view_.is_code(id))
        check_traps(id, listed);
  }

  /// A WARN() with a text can be a call with its entry as an argument. The entry leads to
  /// where the instruction ends that takes its address.
  bool is_handed_over(const Row& row, const Place& place) const {
    constexpr std::uint64_t kField = 4; // counts from where it ends
    const auto [code, end] = place;
    const elf::Relocation* taken =
        end < kField ? nullptr : view_.reference_at(code, end - kField);
    return taken && view_.is_boundary(place) &&
           view_.target(*taken) == Place{row.table, row.offset - kField};
  }

  /// A trap without an entry is an invalid instruction to the kernel.
  void check_traps(elf::SectionId id, const std::set<Place>& listed) {
    for (std::uint64_t at = 0; at < view_.section(id).data.size(); ++at)
      if (const Place place{id, at}; sites_->is_trap(view_.code_at(place)) &&
                                     !listed.contains(place) && is_instruction(place))
        add(view_.function_at(place),
            fmt::format("the trap at {} has no entry in __bug_table", text(place)));
  }

  bool is_instruction(const Place& place) const {
    return view_.knows_boundaries(place.first) && view_.is_boundary(place);
  }

  void check_exceptions() {
    constexpr std::uint64_t kFixup = 4, kType = 8;
    for (const Row& row : rows(elf::kExceptions)) {
      const auto place = view_.place_in(row, 0);
      const auto fixup = view_.place_in(row, kFixup);
      if (!is_in_code(place) || !is_in_code(fixup)) {
        add(elf::kExceptions,
            fmt::format("its entry at {:#x} lacks code or what to do then", row.offset));
        continue;
      }
      if (!view_.is_boundary(*place) || !view_.is_boundary(*fixup) ||
          view_.code_at(*place).empty() || view_.code_at(*fixup).empty())
        add(elf::kExceptions,
            fmt::format("its entry for {} leads into an instruction", text(*place)));
      if (tables_.entry_size(elf::kExceptions) == kTypedException &&
          (load<std::uint16_t>(view_.section(row.table).data, row.offset + kType,
                               module_.header.order) &
           0xffU) > tables_.last_exception)
        add(elf::kExceptions, fmt::format("its entry for {} is of a type that the kernel "
                                          "does not know",
                                          text(*place)));
    }
  }

  struct UnwindRow {
    Place place;
    std::span<const std::uint8_t> data;
  };

  /// What stands behind the last function that one run of objtool saw; the kernel prefers
  /// any other entry for the same place (orc_sort_cmp, arch/x86/kernel/unwind_orc.c).
  static bool is_end(std::span<const std::uint8_t> data) {
    return std::ranges::all_of(data, [](std::uint8_t byte) { return !byte; });
  }

  std::vector<UnwindRow> unwind_rows() const {
    std::vector<UnwindRow> rows;
    const Bytes& data = module_.sections[module_.find_section(elf::kOrcEntries)].data;
    std::uint64_t at = 0;
    for (const Row& row : view_.rows(elf::kOrcPlaces, elf::kOrcPlaceSize)) {
      const auto place = view_.place_in(row, 0);
      const std::uint64_t size = tables_.orc ? tables_.orc : 1;
      rows.push_back({place.value_or(Place{}), at + size <= data.size()
                                                   ? std::span(data).subspan(at, size)
                                                   : std::span<const std::uint8_t>()});
      at += size;
    }
    return rows;
  }

  /// What an alternative puts there may change the stack at other places than what is
  /// there; objtool describes both (orc_create, tools/objtool/orc_gen.c).
  bool is_within_replacement(const Place& place) const {
    if (!tables_.entry_size(elf::kAlternatives)) // they cannot be read
      return module_.find_section(elf::kAlternatives) != elf::kNoSection;
    return std::ranges::any_of(rows(elf::kAlternatives), [&](const Row& row) {
      const Bytes& data = view_.section(row.table).data;
      const auto site = view_.place_in(row, 0);
      const auto code = view_.place_in(row, kReplacement);
      return site && code && site->first == place.first && site->second < place.second &&
             place.second - site->second <=
                 data[row.offset + tables_.replacement_length] &&
             view_.is_boundary({code->first, code->second + place.second - site->second});
    });
  }

  /// objtool writes them in ascending order, section by section; the kernel sorts them,
  /// but a table out of order was not made by objtool. Between functions it may be:
  /// sections of one name, of functions in two units, are linked one behind the other. A
  /// section's last row, of zeros, stands at its end: where functions are not aligned the
  /// next one begins there.
  void check_unwind_order() {
    Place last{};
    bool was_end = false;
    for (const UnwindRow& row : unwind_rows()) {
      if (row.place.first == elf::kNoSection)
        return add(elf::kOrcPlaces, "has an entry that names no code");
      if (row.place.second > view_.section(row.place.first).size())
        return add(elf::kOrcPlaces,
                   fmt::format("names {}, behind the end of it", text(row.place)));
      const bool is_behind =
          row.place.second > last.second || (was_end && row.place == last);
      if (row.place.first == last.first && !is_behind && last != Place{} &&
          !view_.is_function_start(row.place))
        return add(elf::kOrcPlaces,
                   fmt::format("is out of order at {}", text(row.place)));
      if (view_.is_code(row.place.first) && !view_.is_boundary(row.place) &&
          !is_within_replacement(row.place))
        add(elf::kOrcPlaces, fmt::format("names {}, which is in the middle of an "
                                         "instruction",
                                         text(row.place)));
      last = row.place;
      was_end = is_end(row.data);
    }
    if (tables_.orc && module_.sections[module_.find_section(elf::kOrcEntries)].size() !=
                           unwind_rows().size() * tables_.orc)
      add(elf::kOrcEntries,
          fmt::format("has {} bytes for {} places",
                      module_.sections[module_.find_section(elf::kOrcEntries)].size(),
                      unwind_rows().size()));
  }

  void check_unwind_data() {
    std::map<Place, std::span<const std::uint8_t>> rows;
    for (const UnwindRow& row : unwind_rows()) {
      auto& data = rows[row.place];
      if (!data.empty() && !is_end(data) && !is_end(row.data))
        add(elf::kOrcPlaces, fmt::format("has two entries for {}", text(row.place)));
      if (data.empty() || is_end(data))
        data = row.data;
    }
    for (const elf::Symbol& symbol : module_.symbols) {
      if (!symbol.is_function() || symbol.size == 0 || !symbol.is_defined() ||
          !view_.is_code(symbol.section))
        continue;
      // An entry is valid up to the next one, in functions that follow too.
      const auto after = rows.upper_bound({symbol.section, symbol.value});
      if (after == rows.begin() || std::prev(after)->first.first != symbol.section)
        case_.findings.add(code::kNoUnwindData, symbol.name,
                           "the function has no unwind data (ORC): did objtool "
                           "see it?");
      else
        check_start(symbol, std::prev(after)->second);
    }
  }

  /// All functions of the kernel that are called the usual way begin alike; what the
  /// kernel says most often of its own is what it must say here.
  void check_start(const elf::Symbol& symbol, std::span<const std::uint8_t> data) {
    const std::string& wanted = tables_.orc_at_entry;
    if (wanted.empty() || data.size() != wanted.size() || !is_called(symbol) ||
        std::ranges::equal(data, wanted, [](std::uint8_t a, char b) {
          return a == static_cast<std::uint8_t>(b);
        }))
      return;
    case_.findings.add(code::kNoUnwindData, symbol.name,
                       "its unwind data (ORC) do not say what the stack is like where a "
                       "function begins");
  }

  /// Cold code is entered by jumps, with a stack that is in use.
  static bool is_called(const elf::Symbol& symbol) {
    return symbol.name.find(".cold") == std::string::npos &&
           !symbol.name.starts_with("__pfx_") && !symbol.name.starts_with("__cfi_");
  }

  const Case& case_;
  const ModuleView& view_;
  const elf::Object& module_;
  const KernelTables& tables_;
  const arch::CodeSites* sites_;
  std::set<Place> sites_inside_; ///< places that tables name
};

} // namespace

void check_entries(const Case& subject) {
  EntryChecker(subject).run();
}

} // namespace kpatch::verify
