// SPDX-License-Identifier: GPL-2.0-or-later
//
// The image answers what no symbol table can: where a function of a unit is, and which of
// several symbols of one name it refers to. Its own code is looked for at every place
// that has its name; what relocations fill in is left aside, and read back once the place
// is certain.
//
// Small functions are alike: two drivers may have the same static `show`. Those that one
// place alone can be are settled first; what they refer to then tells the others apart,
// and last comes the order in which the linker works: the code of a unit lies together.
//
// A weak function whose name another unit has taken is in the image without a name.
// Nothing calls it, so it is not looked for. Only its own parts that lie elsewhere, such
// as show.cold, still jump to it.
#include "match/match.h"

#include "arch/arch.h"
#include "elf/kernel_sections.h"
#include "match/located.h"
#include "match/references.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>

namespace kpatch::match {

namespace {

/// Numbers of types, which the kernel's build fills in after the link (resolve_btfids).
constexpr std::string_view kFilledInLater = ".BTF_ids";

/// What objtool calls the NOPs before a function.
constexpr std::string_view kPadding = "__pfx_";

struct Candidate {
  std::uint64_t address = 0;
  arch::CodeComparison code;
};

struct Function {
  elf::SymbolId symbol = elf::kNoSymbol;
  std::vector<Candidate> equal;
  std::optional<Candidate> nearest; ///< of those that differ
  bool is_named = false;            ///< the image has the name
  bool is_placed = false;
};

/// ".text.unlikely" for ".text.unlikely.show": sections of one kind end up together.
std::string kind_of(const std::string& section, const std::string& function) {
  return section.ends_with("." + function)
             ? section.substr(0, section.size() - function.size() - 1)
             : section;
}

/// Whether an offset of theirs is where an offset of ours is. What lies between two pairs
/// is padding, and whoever leads into it leads to what is behind.
bool stands_for(const arch::CodeComparison& code, std::uint64_t ours,
                std::uint64_t theirs) {
  const auto next = std::ranges::upper_bound(
      code.pairs, ours, {},
      [](const arch::InstructionPair& pair) { return pair.ours + pair.our_size; });
  const std::uint64_t gap =
      next == code.pairs.begin() ? 0 : (next - 1)->theirs + (next - 1)->their_size;
  if (next == code.pairs.end())
    return theirs == gap;
  if (ours > next->ours)
    return theirs == next->theirs + (ours - next->ours);
  return theirs >= gap && theirs <= next->theirs;
}

class Matcher {
 public:
  Matcher(const elf::Object& object, const image::Image& image)
      : object_(object), image_(image), reader_(object, image),
        addresses_(object.symbols.size()) {}

  UnitMatch run() {
    find_labels();
    find_candidates();
    drop_overridden();
    place([](const Function& function) { return function.equal.size() == 1; });
    do
      read_data();
    while (find_neighbours_of_data() || settle_by_references() || settle_by_neighbours());
    report();
    result_.located = located_symbols(object_, image_, addresses_);
    return std::move(result_);
  }

 private:
  void find_labels() {
    for (const elf::Section& table : object_.sections)
      if (table.name == elf::kJumpLabels)
        for (const elf::Relocation& relocation : table.relocations)
          if (const elf::Symbol& symbol = object_.symbols[relocation.symbol];
              relocation.offset % elf::jump_entry::kSize == 0 && symbol.is_defined())
            labels_.insert({symbol.section, symbol.value + static_cast<std::uint64_t>(
                                                               relocation.addend)});
  }

  void find_candidates() {
    for (elf::SymbolId id = 1; id < object_.symbols.size(); ++id) {
      const elf::Symbol& symbol = object_.symbols[id];
      if (!symbol.is_function() || !symbol.is_defined() || symbol.size == 0 ||
          !object_.sections[symbol.section].is_text() || names_padding(symbol))
        continue;
      functions_.push_back({.symbol = id});
      for (const image::ImageSymbolId named : image_.named(symbol.name))
        try_place(functions_.back(), image_.symbols()[named].address);
    }
  }

  bool names_padding(const elf::Symbol& symbol) const {
    return reader_.arch().has_prefix_symbols() && symbol.name.starts_with(kPadding);
  }

  arch::CodePair code_at(const elf::Symbol& symbol, std::uint64_t address) const {
    const elf::Section& section = object_.sections[symbol.section];
    arch::CodePair code;
    const std::uint64_t begin = std::min<std::uint64_t>(symbol.value, section.size());
    const std::uint64_t size =
        std::min<std::uint64_t>(symbol.size, section.size() - begin);
    code.ours = std::span(section.data).subspan(begin, size);
    code.theirs = image_.bytes_from(address);
    for (auto label = labels_.lower_bound({symbol.section, begin});
         label != labels_.end() && *label < std::pair(symbol.section, begin + size);
         ++label)
      code.labels.insert(label->second - begin);
    code.open.resize(size);
    for (const elf::Relocation& relocation :
         reader_.relocations(symbol.section, begin, size))
      if (const auto field = reader_.arch().field(relocation.type)) {
        const Bytes open = arch::open_bytes(*field, object_.header.order);
        for (std::uint64_t i = 0; i < field->size; ++i)
          if (relocation.offset - begin + i < size)
            code.open[relocation.offset - begin + i] |= open[i];
        if (reader_.arch().names_slot(object_, relocation))
          code.slots.insert(relocation.offset - begin);
      }
    return code;
  }

  void try_place(Function& function, std::uint64_t address) {
    function.is_named = true;
    const bool is_tried =
        std::ranges::any_of(function.equal, [&](const Candidate& candidate) {
          return candidate.address == address;
        });
    if (is_tried)
      return;
    Candidate candidate{address, reader_.arch().compare_code(
                                     code_at(object_.symbols[function.symbol], address))};
    if (candidate.code.equal)
      function.equal.push_back(std::move(candidate));
    else if (!function.nearest ||
             function.nearest->code.our_difference <= candidate.code.our_difference)
      function.nearest = std::move(candidate);
  }

  /// What has the name of a weak default may differ from it by what it calls only.
  void drop_overridden() {
    for (Function& function : functions_)
      if (object_.symbols[function.symbol].binding == STB_WEAK)
        std::erase_if(function.equal, [&](const Candidate& candidate) {
          return !is_possible(function, candidate);
        });
  }

  Placed placed(const Function& function, const Candidate& candidate) const {
    const elf::Symbol& symbol = object_.symbols[function.symbol];
    return {symbol.section, symbol.value, symbol.size, candidate.address,
            &candidate.code};
  }

  template <typename Condition>
  bool place(Condition is_certain) {
    bool any = false;
    for (Function& function : functions_) {
      if (function.is_placed || !is_certain(function))
        continue;
      function.is_placed = any = true;
      addresses_[function.symbol] = function.equal.front().address;
      take_references(object_.symbols[function.symbol].name,
                      placed(function, function.equal.front()));
    }
    return any;
  }

  /// What a stretch of the unit refers to.
  std::vector<Reading> read(const Placed& what) const {
    std::vector<Reading> readings = reader_.read(what);
    for (Reading& reading : readings)
      follow_into_function(reading, object_.sections[what.section].is_text());
    return readings;
  }

  /// A part of a function jumps back into its middle, which lies elsewhere in the image
  /// if padding or jumps before it have other widths there. Tables of distances do not
  /// say where they count from, so they are not held to it.
  void follow_into_function(Reading& reading, bool is_code) const {
    if (reading.inside == 0 || !object_.symbols[reading.symbol].is_function())
      return;
    const auto function =
        std::ranges::find(functions_, reading.symbol, &Function::symbol);
    if (function == functions_.end() || function->equal.empty())
      return;
    const auto leads_there = [&](const Candidate& candidate) {
      return !candidate.code.same_layout &&
             stands_for(candidate.code, reading.inside,
                        reading.target - candidate.address);
    };
    const auto found = std::ranges::find_if(function->equal, leads_there);
    if (found != function->equal.end()) {
      reading.address = found->address;
      reading.is_right = true;
    } else if (is_code && !function->equal.front().code.same_layout) {
      reading.is_right = false;
    }
  }

  void take_references(const std::string& from, const Placed& what) {
    for (const Reading& reading : read(what)) {
      ++result_.references;
      if (leads_to_replaced(reading))
        continue;
      std::optional<std::uint64_t>* known =
          reading.symbol ? &addresses_[reading.symbol] : nullptr;
      if (!reading.is_right || (known && *known && **known != reading.address))
        result_.wrong.push_back({from, reading.offset - what.begin, reading.wanted,
                                 description(reading.address)});
      else if (known && !*known) {
        *known = reading.address;
        found_.push_back(reading.symbol);
      }
    }
  }

  /// Whether that is a weak default of the unit which has lost its name to another.
  bool leads_to_replaced(const Reading& reading) const {
    if (!reading.is_by_place || reading.is_right)
      return false;
    const elf::Symbol& symbol = object_.symbols[reading.symbol];
    return symbol.is_function() && symbol.binding == STB_WEAK && symbol.size > 0 &&
           reader_.arch().compare_code(code_at(symbol, reading.address)).equal;
  }

  std::string description(std::uint64_t address) const {
    const image::ImageSymbol* symbol = image_.nearest(address);
    if (!symbol)
      return fmt::format("{:#x}", address);
    return symbol->address == address
               ? symbol->name
               : fmt::format("{}+{:#x}", symbol->name, address - symbol->address);
  }

  /// Whether nothing that is known speaks against the place.
  bool is_possible(const Function& function, const Candidate& candidate) const {
    const auto& known = addresses_[function.symbol];
    if (known && *known != candidate.address)
      return false;
    return std::ranges::all_of(
        read(placed(function, candidate)), [&](const Reading& reading) {
          return leads_to_replaced(reading) ||
                 (reading.is_right && (!reading.symbol || !addresses_[reading.symbol] ||
                                       *addresses_[reading.symbol] == reading.address ||
                                       reading.symbol == function.symbol));
        });
  }

  bool settle_by_references() {
    for (Function& function : functions_)
      if (!function.is_placed && function.equal.size() > 1) {
        std::vector<Candidate> possible;
        for (const Candidate& candidate : function.equal)
          if (is_possible(function, candidate))
            possible.push_back(candidate);
        if (!possible.empty())
          function.equal = std::move(possible);
      }
    return place([](const Function& function) { return function.equal.size() == 1; });
  }

  struct Range {
    std::uint64_t first = ~std::uint64_t{0};
    std::uint64_t last = 0;
  };

  /// Between the first and the last function of the unit lies nothing but the unit.
  bool settle_by_neighbours() {
    std::map<std::string, Range> ranges;
    for (const Function& function : functions_)
      if (function.is_placed) {
        Range& range = ranges[kind(function)];
        range.first = std::min(range.first, *addresses_[function.symbol]);
        range.last = std::max(range.last, *addresses_[function.symbol]);
      }
    for (Function& function : functions_) {
      const auto range = ranges.find(kind(function));
      if (function.is_placed || range == ranges.end())
        continue;
      std::vector<Candidate> inside;
      for (const Candidate& candidate : function.equal)
        if (candidate.address >= range->second.first &&
            candidate.address <= range->second.last)
          inside.push_back(candidate);
      if (inside.empty())
        inside = beside_the_next(function);
      if (inside.size() == 1)
        function.equal = std::move(inside);
    }
    return place([](const Function& function) { return function.equal.size() == 1; });
  }

  /// The linker keeps the order of a unit's functions of one kind.
  std::vector<Candidate> beside_the_next(const Function& function) const {
    const auto position = [&](const Function& one) {
      const elf::Symbol& symbol = object_.symbols[one.symbol];
      return std::pair(symbol.section, symbol.value);
    };
    const Function* next = nullptr;
    for (const Function& other : functions_)
      if (position(function) < position(other) && kind(function) == kind(other) &&
          (!next || position(other) < position(*next)))
        next = &other;
    std::vector<Candidate> beside;
    if (next && next->is_placed)
      for (const Candidate& candidate : function.equal)
        if (last_before(*addresses_[next->symbol]) == candidate.address)
          beside.push_back(candidate);
    return beside;
  }

  /// Where the thing before that address begins; names of padding do not count.
  std::uint64_t last_before(std::uint64_t address) const {
    const image::ImageSymbol* symbol = image_.nearest(address - 1);
    while (symbol && symbol->name.starts_with(kPadding))
      symbol = image_.nearest(symbol->address - 1);
    return symbol ? symbol->address : 0;
  }

  std::string kind(const Function& function) const {
    const elf::Symbol& symbol = object_.symbols[function.symbol];
    return kind_of(object_.sections[symbol.section].name, symbol.name);
  }

  /// Variables hold pointers too, and constants must be the kernel's.
  void read_data() {
    while (!found_.empty()) {
      const elf::SymbolId id = found_.front();
      found_.pop_front();
      const elf::Symbol& symbol = object_.symbols[id];
      if (!symbol.is_defined() || symbol.size == 0)
        continue;
      const elf::Section& section = object_.sections[symbol.section];
      if (section.is_text() || section.is_nobits() || symbol.value > section.size() ||
          symbol.size > section.size() - symbol.value)
        continue;
      const Placed what{symbol.section, symbol.value, symbol.size, *addresses_[id]};
      const auto difference = first_difference(symbol, what.address);
      if (symbol.binding == STB_WEAK && difference)
        continue; // another unit has what counts
      take_references(symbol.name, what);
      if (!(section.flags & SHF_WRITE) && section.name != kFilledInLater && difference)
        result_.wrong.push_back(
            {symbol.name, *difference, "the same constant", "other content"});
    }
  }

  /// What the compiler put into one section is still together in the image.
  bool find_neighbours_of_data() {
    std::vector<std::optional<std::uint64_t>> bases(object_.sections.size());
    for (elf::SymbolId id = 1; id < object_.symbols.size(); ++id)
      if (addresses_[id] && is_data(object_.symbols[id]))
        bases[object_.symbols[id].section] = *addresses_[id] - object_.symbols[id].value;
    const std::size_t known = found_.size();
    for (elf::SymbolId id = 1; id < object_.symbols.size(); ++id) {
      const elf::Symbol& symbol = object_.symbols[id];
      if (addresses_[id] || !is_named_thing(symbol) || !is_data(symbol))
        continue;
      const auto base = bases[symbol.section];
      if (!base || !image_.has(symbol.name, *base + symbol.value))
        continue;
      addresses_[id] = *base + symbol.value;
      found_.push_back(id);
    }
    return found_.size() > known;
  }

  bool is_data(const elf::Symbol& symbol) const {
    return symbol.is_defined() && !object_.sections[symbol.section].is_text();
  }

  std::optional<std::uint64_t> first_difference(const elf::Symbol& symbol,
                                                std::uint64_t address) const {
    const arch::CodePair content = code_at(symbol, address);
    for (std::uint64_t i = 0; i < content.ours.size(); ++i)
      if (i >= content.theirs.size() ||
          ((content.ours[i] ^ content.theirs[i]) & ~content.open[i] & 0xff) != 0)
        return i;
    return std::nullopt;
  }

  void report() {
    for (const Function& function : functions_) {
      const elf::Symbol& symbol = object_.symbols[function.symbol];
      FunctionMatch match{.symbol = function.symbol, .name = symbol.name};
      if (function.is_placed) {
        match.address = *addresses_[function.symbol];
        match.verdict =
            function.equal.front().code.same_layout ? Verdict::kEqual : Verdict::kMoved;
      } else if (!function.equal.empty()) {
        match.verdict = Verdict::kAmbiguous;
      } else if (symbol.binding == STB_WEAK) {
        match.verdict = Verdict::kOverridden;
      } else if (function.nearest) {
        describe_difference(symbol, *function.nearest, match);
      }
      if (!match.is_proven())
        match.calls = calls_of(symbol);
      result_.functions.push_back(std::move(match));
    }
  }

  /// Each function has a section of its own.
  std::vector<std::string> calls_of(const elf::Symbol& symbol) const {
    std::vector<std::string> names;
    for (const elf::Relocation& relocation :
         reader_.relocations(symbol.section, symbol.value, symbol.size)) {
      const elf::SectionId there = object_.symbols[relocation.symbol].section;
      for (const Function& function : functions_)
        if (const elf::Symbol& callee = object_.symbols[function.symbol];
            callee.section == there && there != symbol.section)
          names.push_back(callee.name);
    }
    return names;
  }

  void describe_difference(const elf::Symbol& symbol, const Candidate& candidate,
                           FunctionMatch& match) const {
    const arch::CodePair code = code_at(symbol, candidate.address);
    match.verdict = Verdict::kDifferent;
    match.address = candidate.address;
    match.offset = candidate.code.our_difference;
    const auto text = [&](std::span<const std::uint8_t> bytes, std::uint64_t offset) {
      return offset < bytes.size()
                 ? reader_.arch().disassemble(bytes.subspan(offset),
                                              candidate.address + offset)
                 : std::string("nothing more");
    };
    match.ours = text(code.ours, candidate.code.our_difference);
    match.theirs = text(code.theirs, candidate.code.their_difference);
  }

  const elf::Object& object_;
  const image::Image& image_;
  ReferenceReader reader_;
  std::set<std::pair<elf::SectionId, std::uint64_t>> labels_; ///< places of jump labels
  std::vector<std::optional<std::uint64_t>> addresses_; ///< of symbols, in the image
  std::deque<elf::SymbolId> found_;                     ///< by references
  std::vector<Function> functions_;
  UnitMatch result_;
};

} // namespace

const FunctionMatch* UnitMatch::find(std::string_view name) const {
  const auto found = std::ranges::find(functions, name, &FunctionMatch::name);
  return found == functions.end() ? nullptr : &*found;
}

UnitMatch match_unit(const elf::Object& original, const image::Image& image) {
  return Matcher(original, image).run();
}

bool can_match(const elf::Object& original) {
  const arch::Arch& arch = arch::arch_for(original);
  return arch.field(arch.absolute64()).has_value();
}

} // namespace kpatch::match
