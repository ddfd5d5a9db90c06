// SPDX-License-Identifier: GPL-2.0-or-later
//
// Stable updates carry along documentation, self tests, device trees, the number of the
// next release and files of all architectures. Distributions take some of these out of
// their source, so that such parts often do not apply. No code of the kernel comes of
// them: they are not even tried.
#include "produce/kernel_patching.h"

#include "base/files.h"
#include "base/sha256.h"
#include "kernel/module_folders.h"
#include "patch/affected_units.h"
#include "patch/line_fix.h"
#include "patch/makefile_changes.h"

#include <algorithm>

namespace kpatch::produce {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kTopMakefile = "Makefile";

/// Takes what is kept of an earlier round: to compare two texts, a program is started.
std::string fixed_text(const std::string& original, const std::string& text,
                       const fs::path& kept) {
  if (kept.empty())
    return patch::with_original_lines(original, text);
  const fs::path file = kept / sha256(original + '\0' + text);
  if (std::optional<std::string> known = read_text_if_exists(file))
    return *std::move(known);
  std::string fixed = patch::with_original_lines(original, text);
  write_file(file, fixed);
  return fixed;
}

} // namespace

patch::AppliedPatches apply_to_kernel(std::span<const patch::PatchFile> patches,
                                      patch::PatchedView& view, const KernelFiles& kernel,
                                      unsigned fuzz,
                                      std::vector<patch::LeftOut>& left_out) {
  const auto by_place = [&](const std::string& path) {
    return patch::left_out_by_place(path, kernel.target.units, kernel.includes);
  };
  const auto takes_no_part = [&](const std::string& path,
                                 const patch::FileChange& change) {
    return by_place(path) ||
           (path == kTopMakefile && !kernel::is_out_of_tree(kernel.target) &&
            patch::changes_version_only(change));
  };
  patch::AppliedPatches applied =
      patch::apply_patches(patches, view, {.fuzz = fuzz, .takes_no_part = takes_no_part});
  for (const std::string& path : applied.skipped)
    left_out.push_back(by_place(path).value_or(
        patch::LeftOut{path, path == kTopMakefile ? patch::WhyLeftOut::kVersionOnly
                                                  : patch::WhyLeftOut::kModeOnly}));
  return applied;
}

compile::AddedUnits add_to_kernel(const kernel::UnitIndex& units,
                                  const patch::PatchedView& view, kernel::Target& target,
                                  const fs::path& empty_tree) {
  compile::AddedUnits added{
      .units = {}, .patched_tree = view.root(), .empty_tree = empty_tree};
  if (units.all().empty())
    return added;
  patch::PatchedView before(target.source, added.empty_tree);
  for (const auto& [unit, owners] : units.all()) {
    for (const std::string& owner : owners)
      target.units.add(unit, owner);
    write_file(before.own_file(unit), std::string_view());
    added.units.insert(unit);
  }
  return added;
}

compile::PatchedTexts fix_lines(std::span<const patch::TouchedFile> touched,
                                patch::PatchedView& view, const fs::path& kept) {
  compile::PatchedTexts unfixed;
  if (!kept.empty())
    fs::create_directories(kept);
  for (const patch::TouchedFile& file : touched) {
    const std::string extension = fs::path(file.path).extension();
    if (!file.was_there || !file.is_there || (extension != ".c" && extension != ".h"))
      continue;
    const fs::path patched = view.own_file(file.path);
    std::string& text = unfixed[file.path];
    text = read_text(patched);
    write_file(patched, fixed_text(read_text(view.pristine() / file.path), text, kept));
  }
  return unfixed;
}

bool is_for_left_out(const patch::TouchedFile& file,
                     std::span<const patch::LeftOut> left_out,
                     const patch::PatchedView& view) {
  const std::string name = fs::path(file.path).filename();
  return !file.was_there && std::ranges::any_of(left_out, [&](const patch::LeftOut& one) {
    const auto text = read_text_if_exists(view.root() / one.path);
    return patch::is_code_of_others(one) && text && text->find(name) != std::string::npos;
  });
}

} // namespace kpatch::produce
