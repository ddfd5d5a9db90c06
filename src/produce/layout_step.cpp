// SPDX-License-Identifier: GPL-2.0-or-later
//
// A type of which objects exist keeps its layout until the next reboot: code that took
// them for something else would read and write past them. If nobody has to answer for
// each hazard, the file that changes such a type is therefore left out, and what uses the
// new fields does not compile without it and goes as well.
//
// Types whose objects are variables of functions are no matter (review_layouts.cpp). Of
// one that a header defines this is asked of every unit that names it: none may have it
// in anything that lasts, nor may a header make another type of it.
//
// This is found out first. A field of "struct device" or the like reaches thousands of
// units, none of which has to be compiled then.
#include "base/files.h"
#include "base/interrupt.h"
#include "base/parallel.h"
#include "base/sha256.h"
#include "patch/c_lexer.h"
#include "produce/step_clock.h"
#include "produce/steps.h"
#include "produce/touched_types.h"
#include "review/review.h"

#include <algorithm>

namespace kpatch::produce {

namespace {

/// Debug information has a type only where it is used. Of those that mention it some do
/// not use it, and it would take long to ask all.
constexpr std::size_t kUsersNamed = 4;

/// Of more units it is not asked whether objects of a type end with their functions.
constexpr std::size_t kMostAsked = 32;

/// Whether the text has one of the names.
bool mentions_one(std::string_view text, const std::set<std::string>& names) {
  return std::ranges::any_of(patch::tokens_of(text), [&](const patch::Token& token) {
    return token.kind == patch::TokenKind::kIdentifier &&
           names.contains(std::string(token.text));
  });
}

/// Types of one file that read otherwise than before, and units to ask about them.
struct ChangedTypes {
  std::string file;
  std::set<std::string> types;
  std::vector<std::string> users;
  std::string digest; ///< of the patched file
  /// Of the types whose layout changes those that a unit has on stacks, and nowhere else.
  std::set<std::string> on_stacks{};
};

class LayoutSearch {
 public:
  LayoutSearch(const compile::Workshop& shop, patch::PatchedView& view,
               const PatchedSource& source, const patch::IncludeIndex& includes)
      : shop_(shop), view_(view), source_(source), includes_(includes) {}

  /// Units to ask, those first that are compiled anyway.
  std::vector<std::string> users(const std::string& file,
                                 const std::set<std::string>& types) const {
    if (is_unit(file))
      return {file};
    std::vector<std::string> readers;
    if (const auto id = includes_.find(file))
      for (const auto reader : includes_.reaching(*id))
        if (is_unit(includes_.path(reader)))
          readers.push_back(includes_.path(reader));
    std::stable_partition(readers.begin(), readers.end(),
                          [&](const std::string& reader) { return is_touched(reader); });
    std::set<std::string> names;
    for (const std::string& type : types)
      names.merge(names_in(file, type));
    std::vector<std::string> users;
    for (const std::string& reader : readers)
      if (users.size() < kUsersNamed &&
          mentions_one(text_in(view_.root(), reader), names))
        users.push_back(reader);
    return users;
  }

  /// Has kbuild say once how all of the units are compiled: for each that it is asked on
  /// its own it gets a tree of its own. What it cannot say it says again when a unit is
  /// looked at.
  void learn_commands(std::span<const ChangedTypes> changes) {
    std::set<std::string> units;
    for (const ChangedTypes& change : changes)
      units.insert(change.users.begin(), change.users.end());
    for (const std::string& unit : units)
      view_.own_directory(std::filesystem::path(unit).parent_path().native());
    std::vector<compile::UnitFailure> failures;
    compile::unit_commands(shop_, std::vector(units.begin(), units.end()), failures);
  }

  /// Takes out of the types those that a unit has told of.
  std::vector<Problem> changes_in(ChangedTypes& change) const {
    const std::string& file = change.file;
    compile::Workshop apart = shop_; // others look at the same units
    apart.work = shop_.work / "layouts" / file;
    std::set<std::string>& wanted = change.types;
    std::vector<Problem> problems;
    for (const std::string& unit : change.users) {
      throw_if_interrupted();
      const std::optional<TypesOfUnit> found = types_in(apart, unit, wanted);
      if (!found)
        continue;
      for (const auto& [name, original] : found->original) {
        wanted.erase(name);
        const auto patched = found->patched.find(name);
        if (patched == found->patched.end())
          continue;
        for (Problem& problem :
             review::layout_findings(name, original, patched->second)) {
          if (original.is_on_stacks && !original.is_elsewhere)
            change.on_stacks.insert(name);
          problems.push_back(std::move(problem));
        }
      }
      if (wanted.empty())
        break;
    }
    for (Problem& problem : problems)
      problem.object = file;
    return problems;
  }

  /// Whether all objects of a header's type are variables of functions.
  bool ends_with_functions(const std::string& header, const std::string& type) {
    const auto id = includes_.find(header);
    if (!id || is_unit(header) || is_kept(header, type))
      return false;
    const std::set<std::string> names = names_in(header, type);
    std::vector<std::string> users;
    for (const auto reader : includes_.reaching(*id)) {
      const std::string path = includes_.path(reader);
      if (path == header || !mentions(path, names))
        continue;
      if (!is_unit(path) || users.size() == kMostAsked)
        return false;
      users.push_back(path);
    }
    learn_commands(std::vector{ChangedTypes{header, {type}, users, {}}});
    return std::ranges::all_of(users, [&](const std::string& unit) {
      throw_if_interrupted();
      const std::optional<TypesOfUnit> found = types_in(shop_, unit, {type});
      return found && !is_elsewhere(found->original, type) &&
             !is_elsewhere(found->patched, type);
    });
  }

 private:
  std::string text_in(const std::filesystem::path& tree, const std::string& file) const {
    return read_text_if_exists(tree / file).value_or("");
  }

  bool mentions(const std::string& file, const std::set<std::string>& names) const {
    return mentions_one(text_in(view_.root(), file), names) ||
           mentions_one(text_in(view_.pristine(), file), names);
  }

  std::set<std::string> names_in(const std::string& file, const std::string& type) const {
    std::set<std::string> names = names_of_type(text_in(view_.root(), file), type);
    names.merge(names_of_type(text_in(view_.pristine(), file), type));
    return names;
  }

  bool is_kept(const std::string& header, const std::string& type) const {
    return is_kept_in(text_in(view_.root(), header), type) ||
           is_kept_in(text_in(view_.pristine(), header), type);
  }

  static bool is_elsewhere(const kernel::TypeLayouts& layouts, const std::string& type) {
    const auto layout = layouts.find(type);
    return layout != layouts.end() && layout->second.is_elsewhere;
  }

  bool is_unit(const std::string& file) const {
    return file.ends_with(".c") && !shop_.target.units.owners(file).empty() &&
           !shop_.added.units.contains(file);
  }

  bool is_touched(const std::string& file) const {
    return std::ranges::binary_search(source_.affected.units, file);
  }

  /// Nothing if a side does not compile: then that is what keeps the unit out.
  std::optional<TypesOfUnit> types_in(const compile::Workshop& shop,
                                      const std::string& unit,
                                      const std::set<std::string>& wanted) const {
    try {
      return types_of_unit(shop, view_, unit, wanted);
    } catch (const Error&) {
      throw_if_interrupted();
      return std::nullopt;
    }
  }

  const compile::Workshop& shop_;
  patch::PatchedView& view_;
  const PatchedSource& source_;
  const patch::IncludeIndex& includes_;
};

} // namespace

void refuse_changed_layouts(Context& context, const compile::Workshop& shop,
                            patch::PatchedView& view, const PatchedSource& source,
                            const patch::IncludeIndex& includes) {
  if (!leaves_hazards_out(context.options))
    return;
  const StepClock clock(context.result.steps, "layouts");
  LayoutSearch search(shop, view, source, includes);
  std::vector<ChangedTypes> changes;
  for (const patch::TouchedFile& file : source.touched) {
    if (!file.was_there || !file.is_there)
      continue;
    const std::string patched = read_text(view.root() / file.path);
    std::set<std::string> types =
        types_defined_differently(read_text(view.pristine() / file.path), patched);
    std::string& judged = context.judged_layouts[file.path];
    std::string digest = sha256(patched);
    if (types.empty() || judged == digest)
      judged = std::move(digest);
    else
      changes.push_back({file.path, types, search.users(file.path, types), digest});
  }
  search.learn_commands(changes);
  std::vector<std::vector<Problem>> problems(changes.size());
  for_each_in_parallel(changes.size(), shop.jobs, [&](std::size_t i) {
    problems[i] = search.changes_in(changes[i]);
  });
  for (std::size_t i = 0; i < changes.size(); ++i) {
    for (const std::string& type : changes[i].on_stacks)
      if (search.ends_with_functions(changes[i].file, type))
        std::erase_if(problems[i],
                      [&](const Problem& problem) { return problem.symbol == type; });
    std::ranges::move(problems[i], std::back_inserter(context.result.problems));
    context.judged_layouts[changes[i].file] =
        changes[i].types.empty() ? changes[i].digest : "";
  }
}

} // namespace kpatch::produce
