// SPDX-License-Identifier: GPL-2.0-or-later
//
// Init code has run and been freed by the time a patch is loaded; exit code of vmlinux
// does not exist, that of modules is notrace (linux/init.h, __exit). Both lie in sections
// of their own that -ffunction-sections does not split. What only such code reads goes
// with it. A change there cannot take effect, which the author has to know: it is
// refused, naming the functions, unless the caller says that it may be left out. A unit
// in which nothing else changes can be left out by itself: all of it runs as before, and
// nothing new of the unit relies on it.
#include "diff/init_code.h"

#include "diff/effect.h"
#include "diff/portraits.h"

#include <algorithm>
#include <array>

namespace kpatch::diff {

namespace {

// Not .ref.text and .ref.data: they stay and only may refer to what goes.
constexpr std::array<std::string_view, 6> kSections = {".init.text", ".exit.text",
                                                       ".init.data", ".init.rodata",
                                                       ".exit.data", ".init.setup"};

bool is_init_section(std::string_view name) {
  return std::ranges::find(kSections, name) != kSections.end() ||
         name.starts_with(".init.rodata") || name.starts_with(".initcall");
}

bool stays_changed(const Context& context, SectionId id) {
  const SectionState& state = context.patched.sections[id];
  return !state.included && (state.content == Status::kChanged ||
                             (context.patched.section(id).has_relocations &&
                              state.relocations == Status::kChanged));
}

/// Init code or data where the original object has none: there is nothing to differ from.
bool is_new(const Context& context, SectionId id) {
  const SectionState& state = context.patched.sections[id];
  return !state.included && !state.twin && !context.patched.section(id).data.empty();
}

/// Whether the original object has no code, as that of a file which the patch adds.
bool is_new_unit(const Context& context) {
  const Side& original = context.original;
  for (SymbolId id = 1; id < original.symbols.size(); ++id)
    if (original.home(id) && original.symbol(id).is_function())
      return false;
  return true;
}

/// Names of what differs, or the section's own if nothing in it has a name.
std::vector<std::string> changed_names(const Context& context, SectionId id) {
  const auto now = portraits(context.patched, id);
  const SectionId twin = context.patched.sections[id].twin;
  const auto before =
      twin ? portraits(context.original, twin) : std::map<std::string_view, Portrait>();
  std::vector<std::string> names;
  for (const auto& [name, portrait] : now) {
    const auto old = before.find(name);
    if (old == before.end() || !(old->second == portrait))
      names.emplace_back(name);
  }
  for (const auto& [name, portrait] : before)
    if (!now.contains(name))
      names.emplace_back(name);
  if (names.empty())
    names.push_back(context.patched.section(id).name);
  return names;
}

/// What is in a section of the patched object: by name, or as a list of initcalls has
/// none, what it refers to.
std::vector<std::string> names_in(const Side& side, SectionId id) {
  std::vector<std::string> names;
  for (const auto& [name, portrait] : portraits(side, id))
    names.emplace_back(name);
  if (names.empty())
    for (const elf::Relocation& relocation : side.section(id).relocations)
      names.push_back(side.symbol(relocation.symbol).name);
  return names;
}

/// Where the whole change of the unit is init or exit code.
void note_only_init(Context& context, const std::string& name,
                    const std::string& section) {
  notice(context, code::kOnlyInit, name,
         "the change of {} in {} changes nothing that runs, and is all that changes in "
         "this unit: it is left out",
         name, section);
}

} // namespace

bool is_init_code(std::string_view section) {
  return section == ".init.text" || section == ".exit.text";
}

void judge_init_changes(Context& context) {
  Side& patched = context.patched;
  const bool is_all = context.inputs.init_changes == InitChanges::kLeaveOutUnits &&
                      context.problems.empty() && is_without_effect(context);
  for (SectionId id = 1; id < patched.sections.size(); ++id) {
    const std::string& section = patched.section(id).name;
    const bool is_new_code =
        section == ".init.text" && is_new(context, id) && !is_new_unit(context);
    if (is_init_section(section) && is_new(context, id) && !is_new_code)
      for (const std::string& name : names_in(patched, id))
        note(context, NoteKind::kNotice, name,
             "{} in {} is left out: nothing calls it, for it would run only when "
             "its object is loaded or unloaded",
             name, section);
    if (!is_new_code &&
        ((!is_init_section(section) && !context.read_by_init.contains(id)) ||
         !stays_changed(context, id)))
      continue;
    for (const std::string& name : changed_names(context, id)) {
      if (context.inputs.init_changes == InitChanges::kLeaveOut)
        note(context, NoteKind::kNotice, name, "the change of {} in {} is left out: {}",
             name, section,
             section.starts_with(".exit")
                 ? "exit code cannot be redirected, the old one will run"
             : is_new_code ? "it will not run"
                           : "that code has run already");
      else if (is_all)
        note_only_init(context, name, section);
      else
        add_problem(
            context, code::kInitChange, name,
            fmt::format("changed section {} not selected for inclusion: {} runs only "
                        "when its object is loaded or unloaded",
                        section, name),
            "If the running kernel can do without that part of the change, leave it "
            "out with --ignore-init-changes; otherwise do its work in a callback.");
    }
    if (!is_new_code)
      patched.sections[id].content = patched.sections[id].relocations = Status::kSame;
  }
}

} // namespace kpatch::diff
