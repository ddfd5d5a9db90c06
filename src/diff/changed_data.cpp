// SPDX-License-Identifier: GPL-2.0-or-later
//
// Data that the running kernel already has cannot be replaced, and "section .data.foo
// changed" helps nobody. What helps is the variable, the members that differ, and the way
// around that fits: a writable member can be set from a callback, a constant can only be
// passed by in the code that reads it, and a layout that grew needs shadow variables.
// Names come from the symbol table; types, lines and members from debug information where
// there is some.
#include "diff/changed_data.h"

#include "diff/portraits.h"

#include <algorithm>
#include <set>

namespace kpatch::diff {

namespace {

constexpr std::size_t kMostMembers = 4;   // of one variable that are named
constexpr std::size_t kMostVariables = 4; // of one section

constexpr const char* kSetIt =
    "It is writable: set {} from a pre- or post-patch callback and put the old value "
    "back from an unpatch callback, or change the code that reads it.";
constexpr const char* kReadOther =
    "The kernel keeps it read-only, so no callback can set it: add a variable with a new "
    "name and change the code that reads {} to use it.";
constexpr const char* kKeepApart = "Its layout changed, while the kernel has it in the "
                                   "old one: keep new state in shadow "
                                   "variables, or add a variable with a new name.";

bool is_read_only(const elf::Section& section) {
  return !(section.flags & SHF_WRITE) ||
         section.name.find("ro_after_init") != std::string::npos ||
         section.name.starts_with(".data.rel.ro");
}

/// One variable on both sides.
struct Pair {
  const Portrait& now;
  const Portrait& before;
};

std::string place_of_member(const Side& side, SymbolId id, std::uint64_t byte) {
  if (const auto* debug = side.debug_info())
    if (std::string path = debug->find_field(side.home(id), side.symbol(id).value, byte);
        !path.empty())
      return path;
  return fmt::format("+{:#x}", byte);
}

std::string declaration_of(const Side& side, SymbolId id) {
  if (const auto* debug = side.debug_info())
    if (const auto found = debug->find_variable(side.home(id), side.symbol(id).value))
      return fmt::format(" ({}, {})", found->type, found->declared.text());
  return {};
}

class Members {
 public:
  Members(const Side& side, Pair pair) : side_(side), pair_(pair) {}

  std::string text() {
    compare_references();
    compare_bytes();
    std::string text;
    for (std::size_t i = 0; i < std::min(list_.size(), kMostMembers); ++i)
      text += (i ? ", " : "") + list_[i];
    if (list_.size() > kMostMembers)
      text += fmt::format(" and {} more", list_.size() - kMostMembers);
    return text;
  }

 private:
  std::string member(std::uint64_t byte) const {
    return place_of_member(side_, pair_.now.symbol, byte);
  }

  void add(const std::string& name, const std::string& text) {
    if (named_.insert(name).second)
      list_.push_back(name + text);
  }

  void compare_references() {
    for (const auto& [at, to] : pair_.now.references) {
      const auto old = pair_.before.references.find(at);
      if (old == pair_.before.references.end())
        add(member(at), fmt::format(" newly refers to {}", to));
      else if (old->second != to)
        add(member(at), fmt::format(" refers to {} instead of {}", to, old->second));
    }
    for (const auto& [at, to] : pair_.before.references)
      if (!pair_.now.references.contains(at))
        add(member(at), fmt::format(" no longer refers to {}", to));
  }

  void compare_bytes() {
    for (std::size_t at = 0;
         at < std::min(pair_.now.bytes.size(), pair_.before.bytes.size()); ++at)
      if (pair_.now.bytes[at] != pair_.before.bytes[at])
        add(member(at), fmt::format(" is {:#x} instead of {:#x} there",
                                    pair_.now.bytes[at], pair_.before.bytes[at]));
  }

  const Side& side_;
  Pair pair_;
  std::set<std::string> named_;
  std::vector<std::string> list_;
};

class Description {
 public:
  Description(const Context& context, SectionId id)
      : patched_(context.patched), original_(context.original), id_(id) {}

  DataChange run() {
    const SectionId twin = patched_.sections[id_].twin;
    if (!twin)
      return {};
    const auto now = portraits(patched_, id_);
    const auto before = portraits(original_, twin);
    for (const auto& [name, portrait] : now) {
      const auto old = before.find(name);
      if (old == before.end())
        add(fmt::format("{}{} is new", name, declaration_of(patched_, portrait.symbol)));
      else if (!(old->second == portrait))
        add_changed(name, {portrait, old->second});
    }
    for (const auto& [name, portrait] : before)
      if (!now.contains(name))
        add(fmt::format("{}{} is gone", name,
                        declaration_of(original_, portrait.symbol)));
    if (lines_.empty())
      compare_targets(twin);
    return {.what = text(), .remedy = remedy()};
  }

 private:
  /// Entries that macros and assembly make have no names, but what they refer to has.
  void compare_targets(SectionId twin) {
    const std::set<std::string> now = targets(patched_, id_);
    const std::set<std::string> before = targets(original_, twin);
    for (const std::string& name : now)
      if (!before.contains(name))
        add("it newly refers to " + name);
    for (const std::string& name : before)
      if (!now.contains(name))
        add("it no longer refers to " + name);
  }

  static std::set<std::string> targets(const Side& side, SectionId id) {
    std::set<std::string> names;
    for (const elf::Relocation& relocation : side.section(id).relocations)
      if (!side.symbol(relocation.symbol).name.empty())
        names.insert(side.symbol(relocation.symbol).name);
    return names;
  }

  void add(std::string line) { lines_.push_back(std::move(line)); }

  void add_changed(std::string_view name, Pair pair) {
    if (changed_.empty())
      changed_ = name;
    has_other_size_ |= pair.now.bytes.size() != pair.before.bytes.size();
    add(fmt::format("{}{}: {}", name, declaration_of(patched_, pair.now.symbol),
                    pair.now.bytes.size() != pair.before.bytes.size()
                        ? fmt::format("has {} bytes instead of {}", pair.now.bytes.size(),
                                      pair.before.bytes.size())
                        : Members(patched_, pair).text()));
  }

  std::string text() const {
    std::string text;
    for (std::size_t i = 0; i < std::min(lines_.size(), kMostVariables); ++i)
      text += (i ? "; " : "") + lines_[i];
    if (lines_.size() > kMostVariables)
      text += fmt::format("; and {} more", lines_.size() - kMostVariables);
    return text;
  }

  std::string remedy() const {
    if (has_other_size_)
      return kKeepApart;
    if (changed_.empty())
      return {};
    return is_read_only(patched_.section(id_))
               ? fmt::format(fmt::runtime(kReadOther), changed_)
               : fmt::format(fmt::runtime(kSetIt), changed_);
  }

  const Side& patched_;
  const Side& original_;
  SectionId id_;
  std::vector<std::string> lines_;
  std::string changed_; ///< the first variable that the remedy can be about
  bool has_other_size_ = false;
};

bool is_changed(const SectionState& state, const elf::Section& section) {
  return state.content == Status::kChanged ||
         (section.has_relocations && state.relocations == Status::kChanged);
}

/// The variables that the patched section lacks, if it differs in nothing else.
std::vector<std::string> only_removed(const Context& context, SectionId id) {
  const SectionId twin = context.patched.sections[id].twin;
  const auto now = portraits(context.patched, id);
  const auto before = portraits(context.original, twin);
  std::vector<std::string> removed;
  for (const auto& [name, thing] : before)
    if (!now.contains(name))
      removed.emplace_back(name);
  const bool others_are_same = std::ranges::all_of(now, [&](const auto& thing) {
    const auto old = before.find(thing.first);
    return old != before.end() && old->second == thing.second &&
           context.patched.symbol(thing.second.symbol).size ==
               context.original.symbol(old->second.symbol).size;
  });
  if (!others_are_same || !is_all_named(context.patched, id, now) ||
      !is_all_named(context.original, twin, before))
    return {};
  return removed;
}

} // namespace

bool is_all_named(const Side& side, SectionId id,
                  const std::map<std::string_view, Portrait>& things) {
  const elf::Section& section = side.section(id);
  std::vector<bool> is_covered(section.data.size());
  std::size_t references = 0;
  for (const auto& [name, thing] : things) {
    references += thing.references.size();
    const elf::Symbol& symbol = side.symbol(thing.symbol);
    for (std::size_t i = 0; i < thing.bytes.size(); ++i)
      is_covered[symbol.value + i] = true;
  }
  for (std::size_t i = 0; i < is_covered.size(); ++i)
    if (!is_covered[i] && section.data[i] != 0)
      return false;
  return references == section.relocations.size();
}

void leave_out_removed_data(Context& context) {
  for (SectionId id = 1; id < context.patched.sections.size(); ++id) {
    SectionState& state = context.patched.sections[id];
    const elf::Section& section = context.patched.section(id);
    if (state.included || !state.twin || section.is_text() ||
        !(section.flags & SHF_ALLOC) || !is_changed(state, section))
      continue;
    const std::vector<std::string> removed = only_removed(context, id);
    for (const std::string& name : removed)
      note(context, NoteKind::kNotice, name,
           "{} stays in the running kernel, where nothing new uses it", name);
    if (!removed.empty())
      state.content = state.relocations = Status::kSame;
  }
}

DataChange describe_changed_data(const Context& context, SectionId id) {
  if (context.patched.section(id).is_text())
    return {};
  return Description(context, id).run();
}

} // namespace kpatch::diff
