// SPDX-License-Identifier: GPL-2.0-or-later
//
// Only the translation units that a patch reaches are compiled. A touched `.c` file that
// the kernel's debug information names as a unit is one; the units that may include a
// touched `.c` file are candidates. What a header reaches is not known here, so headers
// are refused: to leave out a unit that includes a changed header would give a patch in
// which two halves of the kernel disagree, without any message. A new file cannot be
// included by a unit that the patch does not touch, so it is no obstacle as long as
// something includes it.
#include "build/affected_units.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

namespace kpatch::build {

namespace {

/// Files that a kernel tree carries along but no kernel is made of.
constexpr std::string_view kNoKernelTrees[] = {"Documentation/", "LICENSES/", "samples/",
                                               "tools/"};
constexpr std::string_view kNoKernelNames[] = {"CREDITS",      "COPYING",  "MAINTAINERS",
                                               ".gitignore",   ".mailmap", "README",
                                               ".clang-format"};
constexpr std::string_view kNoKernelExtensions[] = {".rst", ".txt", ".md"};
constexpr std::string_view kBuildNames[] = {"Makefile", "Kbuild", "Kconfig"};

template <typename List>
bool contains(const List& list, std::string_view value) {
  return std::ranges::find(list, value) != std::end(list);
}

bool takes_no_part(const std::filesystem::path& path) {
  return std::ranges::any_of(
             kNoKernelTrees,
             [&](std::string_view tree) { return path.native().starts_with(tree); }) ||
         contains(kNoKernelNames, path.filename().native()) ||
         contains(kNoKernelExtensions, path.extension().native());
}

bool steers_the_build(const std::filesystem::path& path) {
  const std::string name = path.filename().native();
  return std::ranges::any_of(kBuildNames, [&](std::string_view build) {
    return name == build || name.starts_with(std::string(build) + ".");
  });
}

Problem problem(std::string code, const TouchedFile& file, std::string message,
                std::string remedy) {
  return {.code = std::move(code),
          .object = file.path,
          .message = std::move(message),
          .remedy = std::move(remedy)};
}

/// Why a file that is no unit and not new cannot be patched.
Problem explain(const TouchedFile& file) {
  const std::string extension = std::filesystem::path(file.path).extension();
  if (extension == ".S" || extension == ".s")
    return problem("KP1002", file, "assembly cannot be changed by a live patch",
                   "patch the C functions that call it");
  if (steers_the_build(file.path))
    return problem("KP1003", file,
                   "a live patch cannot follow a change of how the kernel is built",
                   "leave this file out and make the change in the source files");
  if (extension == ".h")
    return problem("KP1001", file,
                   "a header is changed, and which units include it is not known",
                   "make the change in the .c files that need it, for example by a "
                   "definition of another name there");
  return problem("KP1005", file, "what this file means for the kernel is not known",
                 "leave the file out, or express the change in .c files");
}

} // namespace

Problem not_included(const TouchedFile& file) {
  if (!file.was_there)
    return problem("KP1007", file,
                   "the patch adds this file, but nothing that it changes includes it",
                   "put its functions into a .c file that the kernel has, or include it "
                   "from one");
  return problem(
      "KP1004", file,
      "this kernel was not made from this file: neither was it compiled nor "
      "does a file that was compiled include it",
      "leave the file out; if its code is in the kernel nevertheless, make the "
      "change in the file that includes it");
}

Affected affected_units(std::span<const TouchedFile> touched,
                        const kernel::UnitIndex& units, const SourceIncludes& includes) {
  Affected affected;
  std::set<std::string> candidates;
  for (const TouchedFile& file : touched) {
    // Assembly files are among the units too, but have nothing to compare or redirect.
    const bool is_source = file.path.ends_with(".c");
    const bool is_unit = is_source && !units.owners(file.path).empty();
    if (!file.was_there && !file.is_there)
      continue; // made by one patch and removed by a later one
    if (takes_no_part(file.path) && !is_unit) {
      affected.ignored.push_back(file.path);
      continue;
    }
    if (is_source)
      for (const std::string& reached : includes.files_reaching(file.path))
        if (reached.ends_with(".c") && !units.owners(reached).empty())
          candidates.insert(reached);
    if (is_unit && file.is_there)
      affected.units.push_back(file.path);
    else if (is_unit)
      affected.problems.push_back(
          problem("KP1006", file, "the patch removes a file whose code is running",
                  "keep the file and change the functions that call into it"));
    else if (file.is_there && (is_source || !file.was_there) &&
             !steers_the_build(file.path))
      affected.to_be_included.push_back(file);
    else if (!is_source || file.is_there)
      affected.problems.push_back(explain(file));
  }
  for (const std::string& unit : affected.units)
    candidates.erase(unit);
  affected.candidates.assign(candidates.begin(), candidates.end());
  return affected;
}

} // namespace kpatch::build
