// SPDX-License-Identifier: GPL-2.0-or-later
//
// Answers "why is this function in my patch?", the question behind most surprise at a
// live patch: inlining, renumbering and line numbers change functions that nobody edited.
// A changed function is explained by the first thing in it that differs, looked for again
// here instead of being carried through all passes; a new one by the chain of references
// that leads to it.
#include "diff/explain.h"

#include <algorithm>

namespace kpatch::diff {

namespace {

/// The first difference between a section and its twin.
struct Difference {
  std::uint64_t offset = 0;
  std::string what;
};

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

bool is_same_reference(const Context& context, SectionId now, const elf::Relocation& a,
                       SectionId before, const elf::Relocation& b) {
  if (a.type != b.type || a.offset != b.offset)
    return false;
  const auto text = context.patched.string_target(now, a);
  if (text)
    return text == context.original.string_target(before, b);
  return a.addend == b.addend && (context.patched.symbols[a.symbol].twin == b.symbol ||
                                  target_name(context.patched, now, a) ==
                                      target_name(context.original, before, b));
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

std::string explain_changed(const Context& context, SymbolId function) {
  const Side& patched = context.patched;
  const SectionId home = patched.home(function);
  const SymbolState& state = patched.symbols[function];
  if (state.stands_in_for)
    return fmt::format("it calls {}, which has no ftrace entry",
                       patched.symbol(state.stands_in_for).name);
  const std::string& name = patched.symbol(function).name;
  const SectionId twin = patched.sections[home].twin;
  if (!twin)
    return "it moved to another section";
  if (const auto difference = first_difference(context, home))
    return fmt::format("at {}+{:#x} {}", name,
                       difference->offset -
                           std::min(difference->offset, patched.symbol(function).value),
                       difference->what);
  for (const SymbolId child : patched.children(function))
    if (const SectionId piece = patched.home(child);
        piece && patched.sections[piece].twin)
      if (const auto difference = first_difference(context, piece))
        return fmt::format("its part {} changed: at +{:#x} {}",
                           patched.symbol(child).name, difference->offset,
                           difference->what);
  return "a part of it is new";
}

std::string explain_new(const Context& context, SymbolId function) {
  const Side& patched = context.patched;
  const Reason reason = patched.symbols[function].reason;
  const SymbolId user = reason.from;
  switch (reason.kind) {
  case ReasonKind::kCallback: return "it is a callback";
  case ReasonKind::kReferenced:
    if (user && user != function)
      return fmt::format("{} refers to it", patched.symbol(user).name);
    break;
  case ReasonKind::kNew: return "other objects of the patch may use it";
  default: break;
  }
  return "the patch adds it";
}

} // namespace

std::string explain(const Context& context, SymbolId function) {
  return context.patched.symbols[function].status == Status::kNew
             ? explain_new(context, function)
             : explain_changed(context, function);
}

} // namespace kpatch::diff
