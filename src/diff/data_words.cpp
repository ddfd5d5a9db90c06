// SPDX-License-Identifier: GPL-2.0-or-later
//
// A table that the kernel has registered cannot be replaced, but a member of it can be
// set: a handler, a limit, a mode. The hook of the module does so before an object is
// patched and takes it back after it is unpatched, each word in one step and only if it
// still is what the kernel was built with.
//
// Others read the table meanwhile, and copies that they make of it outlive the patch. So
// a word may only become a number, or a pointer to what the kernel has without the patch;
// a function that is patched is found there as well. Never is a pointer to new code, data
// or text. And that a word is the same member on both sides has to be known, from debug
// information: a type that changed its layout would have other members written over.
#include "diff/data_words.h"

#include "base/endian.h"
#include "diff/changed_data.h"
#include "diff/context.h"
#include "diff/lookup.h"
#include "diff/portraits.h"
#include "elf/kernel_sections.h"
#include "elf/word_record.h"
#include "special/names.h"

#include <algorithm>
#include <bit>

namespace kpatch::diff {

namespace {

constexpr std::uint64_t kWord = 8;

bool is_live_and_writable(const elf::Section& section) {
  constexpr std::string_view kNever[] = {elf::kPerCpu, ".data.rel.ro", ".data..init"};
  return section.name.starts_with(".data") && section.type == SHT_PROGBITS &&
         (section.flags & SHF_WRITE) && !(section.flags & SHF_EXECINSTR) &&
         section.name.find("ro_after_init") == std::string::npos &&
         std::ranges::none_of(kNever, [&](std::string_view beginning) {
           return section.name.starts_with(beginning);
         });
}

bool has_changed(const SectionState& state, const elf::Section& section) {
  return state.content == Status::kChanged ||
         (section.has_relocations && state.relocations != Status::kSame);
}

bool is_init(std::string_view section) {
  return section.starts_with(".init") || section.starts_with(".exit");
}

const elf::Relocation* relocation_at(const elf::Section& section, std::uint64_t offset) {
  const auto found =
      std::ranges::find(section.relocations, offset, &elf::Relocation::offset);
  return found == section.relocations.end() ? nullptr : &*found;
}

/// Data that goes with something else, such as the code at static branches: it may only
/// be changed by those that change that as well. The counter of an atomic_t is that of
/// locks, references and static keys.
bool is_kept_by_kernel(std::string_view type, std::string_view member) {
  constexpr std::string_view kTypes[] = {"static_key", "static_call", "tracepoint"};
  return member.ends_with(".counter") ||
         std::ranges::any_of(kTypes, [&](std::string_view kept) {
           return type.find(kept) != std::string_view::npos;
         });
}

/// Plans the words of one section.
class WordPlanner {
 public:
  WordPlanner(Context& context, SectionId now)
      : context_(context), patched_(context.patched), original_(context.original),
        now_(now), before_(context.patched.sections[now].twin) {}

  /// Empty if some of what differs cannot be set; `obstacle` says why.
  std::vector<DataWord> run() {
    const auto now = portraits(patched_, now_);
    const auto before = portraits(original_, before_);
    for (const auto& [name, portrait] : now) {
      const auto old = before.find(name);
      if (old == before.end() || old->second.bytes.size() != portrait.bytes.size() ||
          portrait.bytes.empty())
        refuse(fmt::format("{} is not there in this size", name));
      else if (!(portrait == old->second))
        plan(portrait.symbol, old->second.symbol);
    }
    if (now.size() != before.size() || words_.empty() ||
        !is_all_named(patched_, now_, now) || !is_all_named(original_, before_, before))
      refuse("not all of it has a name");
    if (!obstacle_.empty())
      words_.clear();
    return std::move(words_);
  }

  const std::string& obstacle() const { return obstacle_; }

 private:
  /// The first reason counts.
  void refuse(std::string why) {
    if (obstacle_.empty())
      obstacle_ = std::move(why);
  }

  void plan(SymbolId variable, SymbolId twin) {
    const elf::Symbol symbol = patched_.symbol(variable); // the table of symbols may grow
    const elf::Symbol& old = original_.symbol(twin);
    if (patched_.symbols[variable].twin != twin || symbol.value % kWord != 0 ||
        old.value % kWord != 0)
      return refuse(fmt::format("{} begins in the middle of a word", symbol.name));
    for (std::uint64_t at = 0; at < symbol.size; at += kWord)
      compare(variable, at, std::min(kWord, symbol.size - at));
  }

  /// One word on both sides.
  void compare(SymbolId variable, std::uint64_t at, std::uint64_t size) {
    const elf::Section& now = patched_.section(now_);
    const elf::Section& before = original_.section(before_);
    const std::uint64_t here = patched_.symbol(variable).value + at;
    const std::uint64_t there =
        original_.symbol(patched_.symbols[variable].twin).value + at;
    const elf::Relocation* pointer = relocation_at(now, here);
    const elf::Relocation* old_pointer = relocation_at(before, there);
    if (pointer && old_pointer &&
        means_same(context_, {now_, *pointer}, {before_, *old_pointer}))
      return;
    if (pointer || old_pointer) {
      if (size != kWord)
        return refuse("it has a pointer of another size");
      const WordValue after =
          pointer ? value_of_new(*pointer) : WordValue{number(now, here, kWord)};
      add({.variable = variable,
           .offset = at,
           .size = kWord,
           .before = old_pointer ? value_of_old(*old_pointer)
                                 : WordValue{number(before, there, kWord)},
           .after = after});
    } else if (auto [first, length] = difference(here, there, size); length > 0) {
      for (unsigned twice = 2 * length;
           is_one_member(variable, at + first / twice * twice, twice); twice *= 2) {
        length = twice;
        first = first / length * length;
      }
      add({.variable = variable,
           .offset = at + first,
           .size = length,
           .before = {number(before, there + first, length)},
           .after = {number(now, here + first, length)}});
    }
  }

  /// Whether a part of the variable, of a size that can be set at once, is no more than
  /// one member of it.
  bool is_one_member(SymbolId variable, std::uint64_t offset, unsigned size) const {
    const elf::Symbol& symbol = patched_.symbol(variable);
    const auto* debug = patched_.debug_info();
    const auto field = [&](std::uint64_t byte) {
      return debug->find_field(now_, symbol.value, byte);
    };
    return debug && size <= kWord && size <= patched_.section(now_).alignment &&
           offset + size <= symbol.size && field(offset) == field(offset + size - 1);
  }

  /// The smallest part of a word, of a size that can be set at once, that has all
  /// differences: its offset and size.
  std::pair<std::uint64_t, unsigned> difference(std::uint64_t here, std::uint64_t there,
                                                std::uint64_t size) const {
    const auto differs = [&](std::uint64_t i) {
      return patched_.section(now_).data[here + i] !=
             original_.section(before_).data[there + i];
    };
    std::uint64_t first = 0, last = size;
    while (first < size && !differs(first))
      ++first;
    if (first == size)
      return {0, 0};
    while (!differs(last - 1))
      --last;
    unsigned length = 1;
    while (first / length != (last - 1) / length)
      length *= 2;
    return {first / length * length, length};
  }

  std::uint64_t number(const elf::Section& section, std::uint64_t at,
                       unsigned size) const {
    const std::endian order = patched_.object.header.order;
    switch (size) {
    case 1: return section.data[at];
    case 2: return load<std::uint16_t>(section.data, at, order);
    case 4: return load<std::uint32_t>(section.data, at, order);
    default: return load<std::uint64_t>(section.data, at, order);
    }
  }

  WordValue value_of_new(const elf::Relocation& pointer) {
    const elf::Symbol& target = patched_.symbol(pointer.symbol);
    const SymbolState& state = patched_.symbols[pointer.symbol];
    const SectionId home = patched_.home(pointer.symbol);
    const bool is_kernels =
        target.is_undefined() || (home && state.twin && state.status != Status::kNew);
    if (pointer.type != patched_.arch.absolute64() || !is_named(target) || !is_kernels ||
        (home && is_init(patched_.section(home).name)) || home == now_ ||
        !is_found(patched_, pointer.symbol))
      refuse(fmt::format("{} is not there without the patch",
                         is_named(target) ? target.name : "a text"));
    return {static_cast<std::uint64_t>(pointer.addend), pointer.symbol};
  }

  WordValue value_of_old(const elf::Relocation& pointer) {
    const elf::Symbol& target = original_.symbol(pointer.symbol);
    if (pointer.type != patched_.arch.absolute64() || !is_named(target) ||
        original_.home(pointer.symbol) == before_ ||
        !is_found(original_, pointer.symbol)) {
      refuse("what it was before cannot be looked up");
      return {};
    }
    return {static_cast<std::uint64_t>(pointer.addend), patched_symbol(pointer.symbol)};
  }

  static bool is_named(const elf::Symbol& target) {
    return !target.name.empty() && !target.is_section() && !target.name.starts_with(".L");
  }

  bool is_found(const Side& side, SymbolId id) const {
    try {
      return look_up(context_, side, id).has_value();
    } catch (const Error&) {
      return false; // several may be meant
    }
  }

  /// The symbol of the patched side that stands for one of the original.
  SymbolId patched_symbol(SymbolId of_original) {
    if (const SymbolId twin = original_.symbols[of_original].twin)
      return twin;
    elf::Symbol gone = original_.symbol(of_original);
    gone.section = kNoSection;
    gone.reserved_index = SHN_UNDEF;
    gone.value = gone.size = 0;
    patched_.symbols.push_back(
        {.status = Status::kSame, .file = original_.symbols[of_original].file});
    return patched_.object.add_symbol(std::move(gone));
  }

  void add(DataWord word) {
    const elf::Section& home = patched_.section(now_);
    if (word.size > home.alignment || word.size > original_.section(before_).alignment)
      return refuse("it may lie across two cache lines");
    word.name = patched_.symbol(word.variable).name + member(word);
    if (!is_found(patched_, word.variable))
      return refuse(fmt::format("{} cannot be looked up", word.name));
    words_.push_back(std::move(word));
  }

  /// The member that the word is, on both sides.
  std::string member(const DataWord& word) {
    const SymbolId twin = patched_.symbols[word.variable].twin;
    const auto* now = patched_.debug_info();
    const auto* before = original_.debug_info();
    if (!now || !before) {
      context_.wants_debug_info = true;
      refuse("there is no debug information");
      return {};
    }
    const std::uint64_t here = patched_.symbol(word.variable).value;
    const std::uint64_t there = original_.symbol(twin).value;
    const auto variable = now->find_variable(now_, here);
    const auto old_variable = before->find_variable(before_, there);
    const auto field = [&](std::uint64_t byte) {
      return std::pair(now->find_field(now_, here, byte),
                       before->find_field(before_, there, byte));
    };
    if (variable && is_kept_by_kernel(variable->type, field(word.offset).first))
      refuse(
          fmt::format("{} is more than a number", patched_.symbol(word.variable).name));
    const auto first = field(word.offset);
    const auto last = field(word.offset + word.size - 1);
    if (!variable || !old_variable || variable->type != old_variable->type ||
        first.first != first.second || last.first != last.second)
      refuse(fmt::format("its layout differs at {}", first.first));
    return first.first;
  }

  Context& context_;
  Side& patched_;
  Side& original_;
  SectionId now_;
  SectionId before_;
  std::vector<DataWord> words_;
  std::string obstacle_;
};

std::string text_of_value(const Context& context, const WordValue& value) {
  if (!value.symbol)
    return fmt::format("{:#x}", value.number);
  const std::string& name = context.patched.symbol(value.symbol).name;
  return value.number ? fmt::format("{}+{:#x}", name, value.number) : name;
}

/// The section stays as it is, and so do the variables in it.
void leave_to_words(Context& context, SectionId id, std::vector<DataWord> words) {
  Side& patched = context.patched;
  SectionState& state = patched.sections[id];
  state.content = state.relocations = Status::kSame;
  for (SymbolId symbol = 1; symbol < patched.symbols.size(); ++symbol)
    if (patched.home(symbol) == id)
      patched.symbols[symbol].status = Status::kSame;
  for (DataWord& word : words) {
    notice(context, code::kDataSet, patched.symbol(word.variable).name,
           "{} is set to {} instead of {} while the patch is loaded", word.name,
           text_of_value(context, word.after), text_of_value(context, word.before));
    context.words.push_back(std::move(word));
  }
}

} // namespace

void plan_data_words(Context& context) {
  if (!context.inputs.set_data)
    return;
  for (SectionId id = 1; id < context.patched.sections.size(); ++id) {
    const SectionState& state = context.patched.sections[id];
    const elf::Section& section = context.patched.section(id);
    if (!state.twin || state.content == Status::kNew || state.grouped ||
        !is_live_and_writable(section) ||
        !is_live_and_writable(context.original.section(state.twin)) ||
        !has_changed(state, section))
      continue;
    WordPlanner planner(context, id);
    if (std::vector<DataWord> words = planner.run(); !words.empty())
      leave_to_words(context, id, std::move(words));
    else
      context.unset_data[id] = planner.obstacle();
  }
}

void add_data_words(Context& context) {
  if (context.words.empty())
    return;
  namespace layout = elf::word_record;
  Side& patched = context.patched;
  elf::Section section{.name = std::string(kDataWords),
                       .flags = SHF_ALLOC | SHF_WRITE,
                       .alignment = kWord,
                       .has_relocations = true};
  const auto put = [&](std::uint64_t at, const WordValue& value) {
    if (value.symbol)
      section.relocations.push_back({at, patched.arch.absolute64(), value.symbol,
                                     static_cast<std::int64_t>(value.number)});
    else
      store(std::span(section.data), at, value.number, patched.object.header.order);
  };
  for (const DataWord& word : context.words) {
    const std::uint64_t record = section.data.size();
    section.data.resize(record + layout::kSize);
    put(record + layout::kPlace, {word.offset, word.variable});
    put(record + layout::kBefore, word.before);
    put(record + layout::kAfter, word.after);
    put(record + layout::kBytes, {word.size});
  }
  patched.object.add_section(std::move(section));
  patched.sections.push_back({.content = Status::kNew, .included = true});
  patched.patchable.push_back(false);
}

} // namespace kpatch::diff
