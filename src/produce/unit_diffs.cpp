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

#include <optional>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

/// Compares one unit with its owners, one after the other.
class UnitDiff {
 public:
  UnitDiff(const compile::Workshop& shop, const patch::PatchedView& view,
           PairDiffer& differ, const compile::UnitObjects& unit)
      : shop_(shop), view_(view), differ_(differ), unit_(unit) {}

  std::vector<UnitResult> run() {
    std::vector<UnitResult> results;
    for (const std::string& owner : shop_.target.units.owners(unit_.unit)) {
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
      UnitResult result = not_comparable(unit_.unit, error);
      result.owner = owner;
      return result;
    }
  }

  /// Debug information costs as much as all else that the compiler does, so it is made
  /// only where the comparison has a question to it.
  UnitResult compare_with_lines(const std::string& owner, const fs::path& part) {
    UnitResult result =
        differ_.compare({unit_.unit, owner, unit_.original, unit_.patched}, part);
    if (!result.wants_debug_info)
      return result;
    if (!told_)
      told_ = compile::compile_with_debug_info(shop_, view_, unit_.unit);
    if (!told_->is_complete())
      return result;
    fs::remove(part);
    return differ_.compare(
        {unit_.unit, owner, told_->original, told_->patched, unit_.original}, part);
  }

  /// Without the constants the compiler may inline otherwise than it did for the kernel.
  UnitResult compare_with_plain_constants(const std::string& owner, const fs::path& part,
                                          const std::string& user) {
    if (!plain_)
      plain_ = compile_with_plain_constants(shop_, view_, unit_.unit);
    try {
      return differ_.compare(
          {unit_.unit, owner, plain_->original, plain_->patched, unit_.original}, part);
    } catch (const Error& error) {
      fail_with_remedy(error.remedy(),
                       "{} uses constants that only a booting kernel fills in "
                       "(runtime_const), and with their variables instead: {}",
                       user, error.what());
    }
  }

  /// If need be in a form that can leave the kernel's image.
  UnitResult compare_as_module_code(const std::string& owner) {
    const fs::path part = part_of(shop_, owner, unit_.unit);
    fs::create_directories(part.parent_path());
    UnitResult result = compare_with_lines(owner, part);
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

  const compile::Workshop& shop_;
  const patch::PatchedView& view_;
  PairDiffer& differ_;
  const compile::UnitObjects& unit_;
  std::optional<compile::UnitObjects> told_;  ///< the sides with debug information
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
                                   const patch::PatchedView& view,
                                   const PairOptions& options,
                                   std::span<const compile::UnitObjects> objects) {
  PairDiffer differ(shop.target, options);
  std::vector<std::vector<UnitResult>> of_units(objects.size());
  const auto compare_all = [&] {
    for_each_in_parallel(objects.size(), shop.jobs, [&](std::size_t i) {
      of_units[i] = UnitDiff(shop, view, differ, objects[i]).run();
    });
  };
  compare_all();
  if (objects.size() > 1 && differ.has_new_globals())
    compare_all();
  std::vector<UnitResult> results;
  for (std::vector<UnitResult>& of_unit : of_units)
    std::ranges::move(of_unit, std::back_inserter(results));
  return results;
}

} // namespace kpatch::produce
