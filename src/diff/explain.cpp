// SPDX-License-Identifier: GPL-2.0-or-later
//
// Answers "why is this function in my patch?", the question behind most surprise at a
// live patch: inlining, renumbering and line numbers change functions that nobody edited.
// A changed function is explained by the first thing in it that differs, looked for again
// here instead of being carried through all passes; a new one by the chain of references
// that leads to it.
#include "diff/explain.h"

#include "elf/kernel_sections.h"
#include "special/names.h"

#include <algorithm>
#include <set>

namespace kpatch::diff {

namespace {

/// The first difference between a section and its twin.
struct Difference {
  std::uint64_t offset = 0;
  std::string what;
};

bool is_same_reference(const Context& context, SectionId now, const elf::Relocation& a,
                       SectionId before, const elf::Relocation& b) {
  if (a.type != b.type || a.offset != b.offset)
    return false;
  const auto text = context.patched.string_target(now, a);
  if (text)
    return text == context.original.string_target(before, b);
  const std::string target = target_name(context.patched, now, a);
  const bool has_one_name = target == target_name(context.original, before, b);
  // Who else has a piece in there moves it; what is in the piece is told of by itself.
  if (has_one_name && target == elf::kAlternativesAside)
    return true;
  return a.addend == b.addend &&
         (context.patched.symbols[a.symbol].twin == b.symbol || has_one_name);
}

std::optional<Difference> first_changed_reference(const Context& context, SectionId now) {
  const SectionId before = context.patched.sections[now].twin;
  const auto& ours = context.patched.section(now).relocations;
  const auto& theirs = context.original.section(before).relocations;
  for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i)
    if (!is_same_reference(context, now, ours[i], before, theirs[i]))
      return Difference{ours[i].offset,
                        fmt::format("it refers to {} instead of {}",
                                    target_name(context.patched, now, ours[i]),
                                    target_name(context.original, before, theirs[i]))};
  if (ours.size() > theirs.size())
    return Difference{
        ours[theirs.size()].offset,
        fmt::format("it newly refers to {}",
                    target_name(context.patched, now, ours[theirs.size()]))};
  if (ours.size() < theirs.size())
    return Difference{
        theirs[ours.size()].offset,
        fmt::format("it no longer refers to {}",
                    target_name(context.original, before, theirs[ours.size()]))};
  return std::nullopt;
}

std::optional<Difference> first_changed_byte(const Context& context, SectionId now) {
  const Bytes& ours = context.patched.section(now).data;
  const Bytes& theirs = context.original.section(context.patched.sections[now].twin).data;
  const auto [a, b] = std::ranges::mismatch(ours, theirs);
  if (a == ours.end() && b == theirs.end())
    return std::nullopt;
  return Difference{static_cast<std::uint64_t>(a - ours.begin()), "its code differs"};
}

/// The earlier of the two; a reference says more than a byte, so it wins where they are
/// near.
std::optional<Difference> first_difference(const Context& context, SectionId section) {
  constexpr std::uint64_t kNear = 16; // within an instruction
  const auto reference = first_changed_reference(context, section);
  const auto byte = first_changed_byte(context, section);
  if (!reference || (byte && byte->offset + kNear < reference->offset))
    return byte;
  return reference;
}

/// "it inlines g (h.h:120), changed at h.h:123: ", or less where less is known.
std::string told_with_source(const std::optional<dwarf::CodePlace>& place,
                             const std::string& what) {
  if (!place)
    return what;
  std::string text;
  for (const dwarf::InlinedCall& call : place->inlined)
    text += fmt::format("{} {} ({}), ", text.empty() ? "it inlines" : "which inlines",
                        call.function, call.declared.text());
  return fmt::format("{}{}changed at {}: {}", text, text.empty() ? "it " : "",
                     place->at.text(), what);
}

/// A function that has a difference of its own, below those that only stand in for it.
SymbolId really_changed(const Context& context, SymbolId function) {
  std::size_t steps = context.patched.symbols.size(); // circles are possible
  while (context.patched.symbols[function].stands_in_for && steps-- > 0)
    function = context.patched.symbols[function].stands_in_for;
  return function;
}

std::string explain_changed(const Context& context, SymbolId function) {
  const Side& patched = context.patched;
  const SectionId home = patched.home(function);
  const SymbolState& state = patched.symbols[function];
  if (state.stands_in_for) {
    const auto place = changed_place(context, function);
    return fmt::format(
        "it calls {}, which has no ftrace entry{}",
        patched.symbol(state.stands_in_for).name,
        place ? fmt::format("; {} changed at {}",
                            patched.symbol(really_changed(context, function)).name,
                            place->at.text())
              : "");
  }
  const std::string& name = patched.symbol(function).name;
  const SectionId twin = patched.sections[home].twin;
  if (!twin)
    return "it moved to another section";
  if (const auto difference = first_difference(context, home))
    return told_with_source(
        changed_place(context, function),
        fmt::format("at {}+{:#x} {}", name,
                    difference->offset -
                        std::min(difference->offset, patched.symbol(function).value),
                    difference->what));
  if (const auto entry = context.entry_changes.find(function);
      entry != context.entry_changes.end())
    return entry->second;
  for (const SymbolId child : patched.children(function))
    if (const auto entry = context.entry_changes.find(child);
        entry != context.entry_changes.end())
      return fmt::format("its part {} changed: {}", patched.symbol(child).name,
                         entry->second);
  for (const SymbolId child : patched.children(function))
    if (const SectionId piece = patched.home(child);
        piece && patched.sections[piece].twin)
      if (const auto difference = first_difference(context, piece))
        return fmt::format("its part {} changed: at +{:#x} {}",
                           patched.symbol(child).name, difference->offset,
                           difference->what);
  return "a part of it is new";
}

/// "g refers to it", and on from g to a function that changed by itself.
std::string chain_of_references(const Context& context, SymbolId user) {
  const Side& patched = context.patched;
  std::string text = fmt::format("{} refers to it", patched.symbol(user).name);
  std::set<SymbolId> told;
  while (told.insert(user).second) {
    const SymbolState& state = patched.symbols[user];
    const SymbolId next = state.reason.from;
    if (state.reason.kind != ReasonKind::kReferenced || !next || next == user ||
        state.status == Status::kChanged)
      break;
    text +=
        fmt::format(", {} to {}", patched.symbol(next).name, patched.symbol(user).name);
    user = next;
  }
  return patched.symbols[user].status == Status::kChanged
             ? fmt::format("{}, and {} changed", text, patched.symbol(user).name)
             : text;
}

std::string explain_new(const Context& context, SymbolId function) {
  const Side& patched = context.patched;
  const Reason reason = patched.symbols[function].reason;
  const SymbolId user = reason.from;
  switch (reason.kind) {
  case ReasonKind::kCallback: return "it is a callback";
  case ReasonKind::kReferenced:
    if (user && user != function)
      return chain_of_references(context, user);
    break;
  case ReasonKind::kNew: return "other objects of the patch may use it";
  default: break;
  }
  return "the patch adds it";
}

std::string explain_section(const Context& context, const Reason& reason) {
  switch (reason.kind) {
  case ReasonKind::kChanged: return "it changed";
  case ReasonKind::kNew: return "other objects of the patch may use it";
  case ReasonKind::kReferenced:
    return reason.from ? chain_of_references(context, reason.from)
                       : "a section of the patch refers to it";
  case ReasonKind::kCallback: return "it names a callback";
  case ReasonKind::kForced: return "every patch carries it";
  case ReasonKind::kDescribes: return "it describes code of the patch";
  case ReasonKind::kNone: break;
  }
  return "the patch needs it";
}

} // namespace

std::string target_name(const Side& side, SectionId base,
                        const elf::Relocation& relocation) {
  if (const auto text = side.string_target(base, relocation)) {
    constexpr std::size_t kShown = 40;
    std::string shown(text->substr(0, kShown));
    std::ranges::replace_if(
        shown, [](char c) { return c < ' '; }, ' ');
    return fmt::format("\"{}{}\"", shown, text->size() > kShown ? "..." : "");
  }
  const std::string& name = side.symbol(relocation.symbol).name;
  return name.empty() ? "nothing" : name;
}

std::optional<dwarf::CodePlace> changed_place(const Context& context, SymbolId function) {
  const Side& patched = context.patched;
  const auto* debug = context.inputs.explain ? patched.debug_info() : nullptr;
  const SectionId home = patched.home(really_changed(context, function));
  if (!debug || !home || !patched.sections[home].twin)
    return std::nullopt;
  const auto difference = first_difference(context, home);
  return difference ? debug->find_place(home, difference->offset) : std::nullopt;
}

std::vector<Inclusion> explain_inclusions(const Context& context) {
  const Side& patched = context.patched;
  std::vector<Inclusion> list;
  for (SectionId id = 1; id < patched.sections.size(); ++id) {
    const SectionState& state = patched.sections[id];
    const SymbolId owner = state.bundled;
    if (!state.included || special::is_debug_section(patched.section(id).name) ||
        (owner && patched.symbol(owner).is_function()))
      continue;
    list.push_back({owner ? patched.symbol(owner).name : patched.section(id).name,
                    explain_section(context, state.reason)});
  }
  return list;
}

std::string explain(const Context& context, SymbolId function) {
  return context.patched.symbols[function].status == Status::kNew
             ? explain_new(context, function)
             : explain_changed(context, function);
}

} // namespace kpatch::diff
