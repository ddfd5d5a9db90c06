// SPDX-License-Identifier: GPL-2.0-or-later
//
// Code without ftrace entries, such as all of lib/, can be patched if those who call it
// are: the patch brings its own copy of the function, and of each caller one that calls
// the copy. Where these lie in other units, the comparison of one unit cannot know them.
// So it says which functions it would need that for; here the callers are looked for in
// what was shipped, their units are compiled, though the patch changes nothing in them,
// and what names the function is compared once more.
//
// A caller may have no entry either; then it is one more function of that kind. If one
// cannot be patched, none of that is done, and the changed function is refused as before.
// One that only init code called stays as it is: that code has run.
#include "base/files.h"
#include "base/parallel.h"
#include "diff/context.h"
#include "patch/defining_units.h"
#include "produce/outside_callers.h"
#include "produce/own_copies.h"
#include "produce/unit_diffs.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace kpatch::produce {

namespace {

namespace code {
constexpr const char* kCallersPatched = "KP2022"; // of a NOTICE
}

/// More candidates than this for one function, and its name says too little.
constexpr std::size_t kMostUnits = 12;
constexpr std::size_t kMostNamed = 8; // callers in a message

std::string named(const std::vector<Caller>& callers) {
  std::vector<std::string> names;
  for (const Caller& caller : callers)
    names.push_back(*caller.names.begin());
  const std::size_t more = names.size() - std::min(names.size(), kMostNamed);
  names.resize(names.size() - more);
  return fmt::format("{}{}", fmt::join(names, ", "),
                     more ? fmt::format(" and {} more", more) : "");
}

/// `f` for `f.cold` and `f.part.0`, which the source does not have.
std::string name_in_source(const std::string& symbol) {
  return symbol.substr(0, symbol.find('.', 1));
}

bool is_waiting(const UnitResult& result) {
  return result.outcome == UnitOutcome::kRefused && !result.needs_callers.empty() &&
         std::ranges::all_of(result.problems, [&](const Problem& problem) {
           return std::ranges::count(result.needs_callers, problem.symbol) > 0;
         });
}

class CallerPatcher {
 public:
  CallerPatcher(Context& context, const CallerInputs& inputs,
                std::vector<compile::UnitObjects>& objects, ResultsByUnit& results)
      : context_(context), in_(inputs), objects_(objects), results_(results) {}

  std::set<std::string> run() {
    while (take_waiting())
      do
        compare_again();
      while (block_failed());
    tell();
    drop_unchanged();
    note_reasons();
    return std::move(compared_);
  }

 private:
  struct Copy {
    std::string unit;
    Callers callers;
  };

  /// Tries each function that a unit waits for. False if nothing has come of it.
  bool take_waiting() {
    bool any = false;
    std::vector<std::pair<std::string, UnitResult>> waiting;
    for (const auto& [unit, results] : results_)
      for (const UnitResult& result : results)
        if (is_waiting(result))
          waiting.emplace_back(unit, result);
    for (const auto& [unit, result] : waiting)
      for (const std::string& function : result.needs_callers)
        if (!copies_.contains(function) && !blocked_.contains(function) &&
            !uncalled_.contains(function)) {
          any = true;
          add_copy(unit, result.owner, function);
        }
    return any;
  }

  void add_copy(const std::string& unit, const std::string& owner,
                const std::string& function) {
    Copy copy{unit,
              find_callers({.target = in_.shop.target,
                            .differ = in_.differ,
                            .init_changes = context_.options.init_changes,
                            .importers_of =
                                [&](const auto& symbol) { return importers_of(symbol); },
                            .jobs = in_.shop.jobs},
                           owner, function)};
    std::string obstacle = copy.callers.obstacle;
    const std::size_t count = copy.callers.functions.size();
    if (obstacle.empty() && count == 0 && copy.callers.is_exported)
      obstacle = "it is exported, and nothing that can be patched here calls it";
    if (obstacle.empty() && count == 0 && !has_new_user(function)) {
      uncalled_[function] = owner;
      outdated_.insert(function);
      return;
    }
    if (obstacle.empty() && count > context_.options.most_callers)
      obstacle = fmt::format("{} functions call it, more than --max-callers allows ({}): "
                             "{}",
                             count, context_.options.most_callers,
                             named(copy.callers.functions));
    if (obstacle.empty())
      obstacle = bring_units(copy.callers, function);
    if (!obstacle.empty()) {
      blocked_[function] = obstacle;
      return;
    }
    homes_[function] = owner;
    outdated_.insert(function);
    copies_.emplace(function, std::move(copy));
  }

  std::set<std::string> importers_of(const std::string& symbol) {
    if (!context_.importers)
      context_.importers = kernel::importers_of(
          in_.shop.target, context_.options.source_may_change, in_.shop.jobs);
    const auto found = context_.importers->find(symbol);
    return found == context_.importers->end() ? std::set<std::string>() : found->second;
  }

  /// Whether code that did not call it before the patch does so now.
  bool has_new_user(const std::string& function) const {
    return std::ranges::any_of(objects_, [&](const compile::UnitObjects& unit) {
      const auto before = users_in(unit.original, function);
      const auto now = users_in(unit.patched, function);
      return !std::ranges::includes(before, now);
    });
  }

  /// Compiles the units of the callers. Says which callers are in none.
  std::string bring_units(const Callers& callers, const std::string& function) {
    std::map<std::string, std::set<std::string>> by_owner;
    for (const Caller& caller : callers.functions)
      for (const std::string& name : caller.names)
        by_owner[caller.owner].insert(name_in_source(name));
    std::set<std::string> units;
    for (const auto& [owner, names] : by_owner)
      for (auto& [name, found] : patch::units_defining(in_.shop.target, in_.includes,
                                                       owner, names, in_.shop.jobs)) {
        if (found.size() > kMostUnits)
          found = patch::units_naming(in_.shop.target, found, name);
        if (found.size() <= kMostUnits)
          units.merge(found);
      }
    for (const compile::UnitObjects& unit : objects_)
      units.erase(unit.unit);
    const std::size_t known = context_.result.units.size();
    for (compile::UnitObjects& unit :
         compile_these(context_, in_.shop, in_.view, in_.source,
                       std::vector<std::string>(units.begin(), units.end()))) {
      added_.insert(unit.unit);
      objects_.push_back(std::move(unit));
    }
    context_.result.units.resize(known); // callers that do not compile stay out
    std::ranges::sort(objects_, {}, &compile::UnitObjects::unit);
    return lacking(callers, function);
  }

  /// The callers that no compiled unit has, as an obstacle.
  std::string lacking(const Callers& callers, const std::string& function) const {
    std::multiset<std::pair<std::string, std::string>> there;
    for (const compile::UnitObjects& unit : objects_)
      for (const std::string& user : users_in(unit.original, function))
        for (const std::string& owner : in_.shop.target.units.owners(unit.unit))
          there.emplace(owner, user);
    std::vector<Caller> missing;
    for (const Caller& caller : callers.functions) {
      const auto name = std::ranges::find_if(caller.names, [&](const std::string& one) {
        return there.contains({caller.owner, one});
      });
      if (name == caller.names.end())
        missing.push_back(caller);
      else
        there.erase(there.find({caller.owner, *name}));
    }
    return missing.empty()
               ? ""
               : fmt::format("no unit is known that has {}, where it is called",
                             named(missing));
  }

  bool names_copy(const std::filesystem::path& object) const {
    const Bytes content = read_bytes(object);
    const auto may_be_there = [&](const auto& entry) {
      return may_name(content, entry.first);
    };
    if (std::ranges::none_of(copies_, may_be_there) &&
        std::ranges::none_of(outdated_, [&](const std::string& function) {
          return may_name(content, function);
        }))
      return false;
    const auto is_concerned = [&](const elf::Symbol& symbol) {
      return !symbol.is_local() &&
             (copies_.contains(symbol.name) || outdated_.contains(symbol.name));
    };
    return std::ranges::any_of(elf::read_object(content, object.string()).symbols,
                               is_concerned);
  }

  /// What names a function that has become a copy, or no longer is one.
  void compare_again() {
    if (outdated_.empty())
      return;
    in_.differ.set_own_copies(homes_, uncalled_);
    std::vector<char> is_concerned(objects_.size());
    for_each_in_parallel(objects_.size(), in_.shop.jobs, [&](std::size_t i) {
      is_concerned[i] = static_cast<char>(names_copy(objects_[i].original) ||
                                          names_copy(objects_[i].patched));
    });
    std::vector<compile::UnitObjects> concerned;
    for (std::size_t i = 0; i < objects_.size(); ++i)
      if (is_concerned[i]) {
        concerned.push_back(objects_[i]);
        results_.erase(objects_[i].unit);
        compared_.insert(objects_[i].unit);
      }
    for (UnitResult& result : diff_units(in_.shop, in_.view, in_.differ, concerned)) {
      result.is_joint = true; // it depends on the others
      results_[result.unit].push_back(std::move(result));
    }
    outdated_.clear();
  }

  /// Gives up functions of which a caller cannot be patched. False if there are none.
  bool block_failed() {
    std::map<std::string, std::string> failed;
    for (const std::string& unit : added_)
      for (const UnitResult& result : results_[unit])
        if (result.outcome == UnitOutcome::kRefused && !can_go_on(result))
          for (const std::string& function : copies_used_by(unit))
            failed.emplace(function, obstacle_of(result));
    for (const auto& [function, obstacle] : failed) {
      blocked_[function] = obstacle;
      copies_.erase(function);
      homes_.erase(function);
      outdated_.insert(function);
    }
    return !failed.empty();
  }

  bool can_go_on(const UnitResult& result) const {
    return is_waiting(result) &&
           std::ranges::none_of(result.needs_callers, [&](const std::string& function) {
             return blocked_.contains(function);
           });
  }

  std::string obstacle_of(const UnitResult& result) const {
    const Problem& problem = result.problems.front();
    const auto deeper = blocked_.find(problem.symbol);
    return fmt::format("{}, where it is called, cannot be patched for that: {}",
                       result.unit,
                       deeper == blocked_.end()
                           ? problem.message
                           : diff::no_ftrace_entry_text(problem.symbol, deeper->second));
  }

  std::vector<std::string> copies_used_by(const std::string& unit) const {
    std::vector<std::string> used;
    const auto object = std::ranges::find(objects_, unit, &compile::UnitObjects::unit);
    for (const auto& [function, copy] : copies_)
      if (!users_in(object->original, function).empty())
        used.push_back(function);
    return used;
  }

  /// Adds what became of it to the results of the units that have the functions.
  void tell() {
    for (const auto& [function, copy] : copies_)
      for (UnitResult& result : results_[copy.unit])
        result.notes.push_back({NoteKind::kNotice, code::kCallersPatched, function,
                                told(function, copy.callers)});
    for (auto& [unit, results] : results_)
      for (UnitResult& result : results)
        for (Problem& problem : result.problems)
          if (const auto why = blocked_.find(problem.symbol);
              why != blocked_.end() &&
              std::ranges::count(result.needs_callers, problem.symbol) > 0)
            problem.message = diff::no_ftrace_entry_text(problem.symbol, why->second);
  }

  static std::string told(const std::string& function, const Callers& callers) {
    const std::size_t count = callers.functions.size();
    return fmt::format(
        "{} has no ftrace entry: the patch has its own copy, and the {} function{} of "
        "the "
        "kernel and its modules that call{} it: {}{}",
        function, count, count == 1 ? "" : "s", count == 1 ? "s" : "",
        named(callers.functions),
        callers.is_exported ? ". Modules from elsewhere go on with the kernel's" : "");
  }

  /// What is wrong with a unit that was added is the fault of those that it is in for.
  void note_reasons() {
    for (const std::string& unit : added_)
      for (const std::string& function : copies_used_by(unit))
        for (UnitResult& result : results_[unit])
          result.in_for.push_back(copies_.at(function).unit);
  }

  /// Units that were compiled for their callers and have none after all.
  void drop_unchanged() {
    const auto has_change = [&](const std::string& unit) {
      return std::ranges::any_of(results_[unit], [](const UnitResult& result) {
        return result.outcome != UnitOutcome::kUnchanged;
      });
    };
    std::erase_if(added_, [&](const std::string& unit) {
      if (has_change(unit))
        return false;
      results_.erase(unit);
      compared_.erase(unit);
      std::erase_if(objects_, [&](const auto& one) { return one.unit == unit; });
      return true;
    });
  }

  Context& context_;
  const CallerInputs& in_;
  std::vector<compile::UnitObjects>& objects_;
  ResultsByUnit& results_;
  std::set<std::string> added_; ///< units that the patch does not change
  std::map<std::string, Copy> copies_;
  OwnCopies homes_;                            ///< of the copies
  OwnCopies uncalled_;                         ///< functions that stay as they are
  std::map<std::string, std::string> blocked_; ///< functions, and why
  std::set<std::string> outdated_; ///< functions of which results know something else
  std::set<std::string> compared_;
};

} // namespace

std::set<std::string> patch_outside_callers(Context& context, const CallerInputs& inputs,
                                            std::vector<compile::UnitObjects>& objects,
                                            ResultsByUnit& results) {
  return CallerPatcher(context, inputs, objects, results).run();
}

} // namespace kpatch::produce
