// SPDX-License-Identifier: GPL-2.0-or-later
//
// Units do not depend on each other, so they are compared side by side, and what is wrong
// with one says nothing about the others: all are looked at before anything is reported.
// A header may reach hundreds; whoever sends in a patch wants to know of all its problems
// at once.
#include "produce/unit_diffs.h"

#include "base/interrupt.h"
#include "base/parallel.h"
#include "produce/runtime_constants.h"
#include "produce/wide_labels.h"

#include <optional>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

/// Compares one unit with its owners, one after the other.
class UnitDiff {
 public:
  UnitDiff(const compile::Workshop& shop, const patch::PatchedView& view,
           PairDiffer& differ, const compile::UnitObjects& unit)
      : run_(shop), shop_(shop), view_(view), differ_(differ), shipped_(unit),
        unit_(unit) {}

  std::vector<UnitResult> run() {
    std::vector<UnitResult> results;
    for (const std::string& owner : run_.target.units.owners(shipped_.unit)) {
      throw_if_interrupted();
      results.push_back(compare_with(owner));
    }
    return results;
  }

 private:
  UnitResult compare_with(const std::string& owner) {
    try {
      return compare_as_module_code(owner);
    } catch (const Error& error) {
      throw_if_interrupted();
      UnitResult result = not_comparable(shipped_.unit, error);
      result.owner = owner;
      return result;
    }
  }

  UnitResult compare_objects(const std::string& owner,
                             const compile::UnitObjects& objects, const fs::path& part) {
    fs::remove(part);
    return differ_.compare({shipped_.unit, owner, objects.original, objects.patched,
                            [this] { return as_shipped(); }},
                           part);
  }

  /// Made where it is asked for: most units that a header reaches do not change.
  const fs::path& as_shipped() {
    if (as_shipped_.empty())
      as_shipped_ = compile::object_as_shipped(run_, shipped_);
    return as_shipped_;
  }

  /// What is compiled from now on has functions and variables of these in others.
  void take_apart(const std::vector<std::string>& sections) {
    compile::Workshop apart = shop_;
    apart.work = run_.work / "taken-apart";
    apart.taken_apart = sections;
    fs::create_directories(apart.work);
    const compile::UnitCommand command = compile::unit_command(shop_, shipped_.unit);
    compile::UnitObjects objects =
        compile::compile_units(apart, view_, {&command, 1}).at(0);
    if (!objects.is_complete())
      return;
    shop_.work = apart.work;
    shop_.taken_apart = sections;
    unit_ = std::move(objects);
  }

  /// Where the assembler's short jumps tie functions together, or variables of a section
  /// are not what they were, they are compared in a form without these. Which code runs
  /// is still told by the objects as they were.
  UnitResult compare_apart(const std::string& owner, const fs::path& part) {
    UnitResult result = compare_objects(owner, unit_, part);
    if (result.whole_sections.empty() || !shop_.taken_apart.empty())
      return result;
    take_apart(result.whole_sections);
    return shop_.taken_apart.empty() ? result : compare_objects(owner, unit_, part);
  }

  /// Debug information costs as much as all else that the compiler does, so it is made
  /// only where the comparison has a question to it.
  UnitResult compare_with_lines(const std::string& owner, const fs::path& part) {
    UnitResult result = compare_apart(owner, part);
    if (!result.wants_debug_info)
      return result;
    if (!told_)
      told_ = compile::compile_with_debug_info(shop_, view_, shipped_.unit);
    if (!told_->is_complete())
      return result;
    shop_.keep_debug = shop_.debug_originals = true; // in any other form, too
    return compare_objects(owner, *told_, part);
  }

  /// Compares the sides in the form that `make` gives them, with debug information from
  /// the first question to it on.
  template <typename Make>
  UnitResult compare_in_form(const std::string& owner, const fs::path& part,
                             std::optional<compile::UnitObjects>& objects, Make make) {
    if (!objects)
      objects = make();
    if (!objects->is_complete())
      return {};
    UnitResult result = compare_objects(owner, *objects, part);
    if (!result.wants_debug_info || shop_.debug_originals)
      return result;
    shop_.work /= "with-questions";
    shop_.keep_debug = shop_.debug_originals = true;
    objects = make();
    return objects->is_complete() ? compare_objects(owner, *objects, part) : result;
  }

  /// A result that is no better is of no use.
  UnitResult compare_with_wide_labels(const std::string& owner, const fs::path& part) {
    UnitResult result = compare_with_lines(owner, part);
    if (!wants_wide_labels(result, shop_.target))
      return result;
    if (headers_.empty()) {
      headers_ = {kWideLabels};
      plain_.reset();
    }
    try {
      UnitResult wide = compare_in_form(owner, part, wide_, [&] {
        return compile::compile_with_headers(shop_, view_, shipped_.unit, headers_);
      });
      return !wide_->is_complete() || wants_wide_labels(wide, shop_.target) ? result
                                                                            : wide;
    } catch (const Error&) {
      throw_if_interrupted();
      return result;
    }
  }

  /// Without the constants the compiler may inline otherwise than it did for the kernel.
  UnitResult compare_with_plain_constants(const std::string& owner, const fs::path& part,
                                          const std::string& user) {
    try {
      return compare_in_form(owner, part, plain_, [&] {
        return compile_with_plain_constants(shop_, view_, shipped_.unit, headers_);
      });
    } catch (const Error& error) {
      fail_with_remedy(error.remedy(),
                       "{} uses constants that only a booting kernel fills in "
                       "(runtime_const), and with their variables instead: {}",
                       user, error.what());
    }
  }

  /// If need be in a form that can leave the kernel's image.
  UnitResult compare_as_module_code(const std::string& owner) {
    const fs::path part = part_of(run_, owner, shipped_.unit);
    fs::create_directories(part.parent_path());
    UnitResult result = compare_with_wide_labels(owner, part);
    const std::string user = runtime_constant_user(result, unit_.patched);
    if (user.empty())
      return result;
    result = compare_with_plain_constants(owner, part, user);
    result.notes.push_back(
        {.symbol = user,
         .text = fmt::format("{} has constants that only a booting kernel fills in; its "
                             "copy in the patch reads their variables",
                             user)});
    return result;
  }

  const compile::Workshop& run_; ///< as it is for all units
  compile::Workshop shop_;       ///< in which this one is compiled once more
  const patch::PatchedView& view_;
  PairDiffer& differ_;
  const compile::UnitObjects& shipped_; ///< the sides as they were compiled at first
  fs::path as_shipped_{};               ///< the original as the kernel's build makes it
  compile::UnitObjects unit_;           ///< the sides as they are compared
  std::optional<compile::UnitObjects> told_;  ///< the sides with debug information
  std::vector<std::string> headers_{};        ///< of ours, for sides in another form
  std::optional<compile::UnitObjects> wide_;  ///< the sides with labels of five bytes
  std::optional<compile::UnitObjects> plain_; ///< the sides with plain constants
};

} // namespace

UnitResult not_comparable(const std::string& unit, const Error& error) {
  return {.unit = unit,
          .outcome = UnitOutcome::kRefused,
          .problems = {{.code = "KP1008",
                        .object = unit,
                        .message = error.what(),
                        .remedy = error.remedy()}}};
}

fs::path part_of(const compile::Workshop& shop, const std::string& owner,
                 const std::string& unit) {
  return (shop.work / "output" / owner / unit).replace_extension(".o");
}

std::vector<UnitResult> diff_units(const compile::Workshop& shop,
                                   const patch::PatchedView& view, PairDiffer& differ,
                                   std::span<const compile::UnitObjects> objects) {
  std::vector<std::vector<UnitResult>> of_units(objects.size());
  const auto compare_one = [&](std::size_t i) {
    of_units[i] = UnitDiff(shop, view, differ, objects[i]).run();
  };
  for_each_in_parallel(objects.size(), shop.jobs, compare_one);
  std::vector<std::size_t> joint;
  for (std::size_t i = 0; i < objects.size(); ++i)
    if (differ.names_new_global(objects[i].patched))
      joint.push_back(i);
  for_each_in_parallel(joint.size(), shop.jobs,
                       [&](std::size_t i) { compare_one(joint[i]); });
  for (const std::size_t i : joint)
    for (UnitResult& result : of_units[i])
      result.is_joint = true;
  std::vector<UnitResult> results;
  for (std::vector<UnitResult>& of_unit : of_units)
    std::ranges::move(of_unit, std::back_inserter(results));
  return results;
}

} // namespace kpatch::produce
