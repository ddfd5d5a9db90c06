// SPDX-License-Identifier: GPL-2.0-or-later
//
// Only the translation units that a patch reaches are compiled. A touched `.c` file that
// the kernel's debug information names as a unit is one; the units that may include a
// touched `.c` file are candidates: kernel/sched/build_policy.c includes rt.c, which no
// makefile names. What a header reaches depends on what is changed in it. To leave out a
// unit that uses a changed header would give a patch in which two halves of the kernel
// disagree, without any message. A new file cannot be included by a unit that the patch
// does not touch, so it is not an obstacle as long as something includes it.
//
// Files that no unit reads take no part in the running kernel: drivers that its
// configuration leaves out, other processors. Below arch/ there are some that do take
// part, in an image of their own: boot code and the vDSO.
#include "patch/affected_units.h"

#include "patch/makefile_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

namespace kpatch::patch {

namespace {

/// Files that a kernel tree carries along but no kernel is made of.
constexpr std::string_view kNoKernelTrees[] = {"Documentation/", "LICENSES/", "samples/",
                                               "tools/",         "scripts/",  "debian/",
                                               ".github/"};
constexpr std::string_view kNoKernelNames[] = {"CREDITS",      "COPYING",  "MAINTAINERS",
                                               ".gitignore",   ".mailmap", "README",
                                               ".clang-format"};
/// Device trees are compiled into files that a boot loader reads; configurations are what
/// a kernel has been made with already.
constexpr std::string_view kNoKernelExtensions[] = {".rst",  ".txt",  ".md",    ".dts",
                                                    ".dtsi", ".dtso", ".config"};
constexpr std::string_view kNoKernelEnds[] = {"defconfig"};
/// Units are generated from it, whatever its extension says.
constexpr std::string_view kKernelNames[] = {"x86-opcode-map.txt"};

/// Below arch/NAME/ and in the tree: where `#include <x.h>` looks, in that order
/// (the kernel's Makefile, LINUXINCLUDE).
constexpr std::string_view kArchIncludes[] = {"include/", "include/generated/"};
constexpr std::string_view kIncludes[] = {"include/"};
constexpr std::string_view kArchUserIncludes[] = {"include/uapi/",
                                                  "include/generated/uapi/"};
constexpr std::string_view kUserIncludes[] = {"include/uapi/", "include/generated/uapi/"};

template <typename List>
bool contains(const List& list, std::string_view value) {
  return std::ranges::find(list, value) != std::end(list);
}

bool takes_no_part(const std::filesystem::path& path) {
  // Options and flags of every unit stand in scripts/Makefile.*.
  if (path.native().starts_with("scripts/") && steers_the_build(path.native()))
    return false;
  if (contains(kKernelNames, path.filename().native()))
    return false;
  return std::ranges::any_of(
             kNoKernelEnds,
             [&](std::string_view end) { return path.native().ends_with(end); }) ||
         std::ranges::any_of(
             kNoKernelTrees,
             [&](std::string_view tree) { return path.native().starts_with(tree); }) ||
         contains(kNoKernelNames, path.filename().native()) ||
         contains(kNoKernelExtensions, path.extension().native());
}

Problem problem(std::string code, const TouchedFile& file, std::string message,
                std::string remedy) {
  return {.code = std::move(code),
          .object = file.path,
          .message = std::move(message),
          .remedy = std::move(remedy)};
}

/// Why a file that is no unit and not new cannot be patched.
Problem problem_of(const TouchedFile& file) {
  const std::string extension = std::filesystem::path(file.path).extension();
  if (extension == ".S" || extension == ".s")
    return problem("KP1002", file, "assembly cannot be changed by a live patch",
                   "patch the C functions that call it");
  if (steers_the_build(file.path))
    return build_is_changed(file.path,
                            "a live patch cannot follow a change of how the kernel is "
                            "built; only objects may be added to lists",
                            "leave this file out and make the change in the source "
                            "files");
  return problem("KP1005", file, "what this file means for the kernel is not known",
                 "leave the file out, or express the change in .c files");
}

} // namespace

Problem not_included(const TouchedFile& file) {
  if (!file.was_there)
    return problem("KP1007", file,
                   "the patch adds this file, but nothing that it changes includes it, "
                   "nor does a makefile name it with an option that this kernel has",
                   "name it in its folder's makefile, put its functions into a .c file "
                   "that the kernel has, or include it from one");
  return problem(
      "KP1004", file,
      "neither vmlinux nor a module has code from this file: the configuration leaves it "
      "out, or it belongs to boot code or the vDSO, or it only generates constants for "
      "headers and assembly (asm-offsets); a live patch changes none of these",
      "leave this file out of the patch");
}

namespace {

Problem of_the_build(const TouchedFile& file) {
  return problem("KP1004", file,
                 "the build compiles this file for itself, to make sources or constants "
                 "with it; a live patch does not change what it has made of the kernel",
                 "leave this file out of the patch, and change the sources that use what "
                 "it makes");
}

bool has_units_below(const kernel::UnitIndex& units, const std::string& directory) {
  const auto unit = units.all().lower_bound(directory);
  return unit != units.all().end() && unit->first.starts_with(directory);
}

/// "arch/x86/"; empty for files elsewhere.
std::string architecture_of(std::string_view path) {
  const std::size_t slash = path.starts_with("arch/") ? path.find('/', 5) : path.npos;
  return slash == path.npos ? "" : std::string(path.substr(0, slash + 1));
}

/// Whether a file is below the directory of an architecture that the kernel has units of.
bool is_of_architecture(std::string_view path, const kernel::UnitIndex& units) {
  const std::string directory = architecture_of(path);
  return !directory.empty() && has_units_below(units, directory);
}

bool is_of_another_architecture(std::string_view path, const kernel::UnitIndex& units) {
  return !architecture_of(path).empty() && !is_of_architecture(path, units) &&
         has_units_below(units, "arch/");
}

bool is_c_unit(const std::string& path, const kernel::UnitIndex& units) {
  return path.ends_with(".c") && !units.owners(path).empty();
}

bool is_read_by_a_unit(IncludeIndex::FileId file, const kernel::UnitIndex& units,
                       const IncludeIndex& includes) {
  return std::ranges::any_of(includes.reaching(file), [&](IncludeIndex::FileId other) {
    return is_c_unit(includes.path(other), units);
  });
}

bool is_compiled(const std::string& path, const kernel::UnitIndex& units,
                 const IncludeIndex& includes) {
  if (is_c_unit(path, units))
    return true;
  const std::optional<IncludeIndex::FileId> known = includes.find(path);
  return known && is_read_by_a_unit(*known, units, includes);
}

std::string deed_of(const TouchedFile& file) {
  switch (file.kind) {
  case ChangeKind::kRename:
    return file.is_there ? fmt::format("renames {} to this file", file.other)
                         : fmt::format("renames this file to {}", file.other);
  case ChangeKind::kBinary: return "changes it as a binary file";
  case ChangeKind::kLink: return "changes it as a symbolic link";
  case ChangeKind::kSubmodule: return "changes it as a submodule";
  default: return "changes it";
  }
}

Problem odd_change(const TouchedFile& file) {
  return problem(
      "KP1009", file,
      fmt::format("the patch {}, and the kernel may be made of it: that cannot "
                  "be made into a live patch",
                  deed_of(file)),
      "leave this part of the patch out, and change the lines of the file "
      "where it is");
}

std::vector<std::string> include_folders(const kernel::UnitIndex& units) {
  const auto first = units.all().lower_bound("arch/");
  const std::string arch =
      first == units.all().end() ? "" : architecture_of(first->first);
  std::vector<std::string> folders;
  const auto add = [&](const auto& list, const std::string& before) {
    for (const std::string_view folder : list)
      folders.push_back(before + std::string(folder));
  };
  if (!arch.empty())
    add(kArchIncludes, arch);
  add(kIncludes, "");
  if (!arch.empty())
    add(kArchUserIncludes, arch);
  add(kUserIncludes, "");
  return folders;
}

/// The header in use that units find no longer once there is one of that path.
std::string hidden_by(const std::string& path, const kernel::UnitIndex& units,
                      const IncludeIndex& includes) {
  const std::vector<std::string> folders = include_folders(units);
  for (std::size_t i = 0; i < folders.size(); ++i) {
    if (!path.starts_with(folders[i]))
      continue;
    for (std::size_t later = i + 1; later < folders.size(); ++later) {
      std::string hidden = folders[later] + path.substr(folders[i].size());
      if (const auto known = includes.find(hidden);
          known && is_read_by_a_unit(*known, units, includes))
        return hidden;
    }
  }
  return {};
}

/// Sorts one touched file in.
class Sorting {
 public:
  Sorting(const kernel::UnitIndex& units, const IncludeIndex& includes,
          const MakefileFacts& makefiles)
      : units_(units), includes_(includes), makefiles_(makefiles) {}

  void take(const TouchedFile& file) {
    // Assembly files are among the units too, but have nothing to compare or redirect.
    if (file.kind == ChangeKind::kLines && !file.was_there && !file.is_there)
      return; // made by one patch and removed by a later one
    if (const auto left_out = left_out_by_place(file.path, units_, includes_))
      affected_.ignored.push_back(*left_out);
    else if (file.kind != ChangeKind::kLines && file.kind != ChangeKind::kCopy)
      take_odd(file);
    else if (is_c_unit(file.path, units_))
      take_unit(file);
    else
      take_other(file);
  }

  Affected finish() {
    for (const std::string& unit : affected_.units)
      candidates_.erase(unit);
    affected_.candidates.assign(candidates_.begin(), candidates_.end());
    return std::move(affected_);
  }

 private:
  bool leave_out_for_option(const TouchedFile& file) {
    const std::string option =
        makefiles_.missing_option ? makefiles_.missing_option(file.path) : "";
    if (!option.empty())
      affected_.ignored.push_back({file.path, WhyLeftOut::kOption, option});
    return !option.empty();
  }

  void take_odd(const TouchedFile& file) {
    const bool renames = file.kind == ChangeKind::kRename;
    if (is_compiled(file.path, units_, includes_)) {
      affected_.problems.push_back(odd_change(file));
    } else if (renames && is_compiled(file.other, units_, includes_)) {
      return; // said of the other file
    } else if (!leave_out_for_option(file)) {
      if (renames && !steers_the_build(file.path))
        affected_.ignored.push_back({file.path, WhyLeftOut::kUnread});
      else
        affected_.problems.push_back(odd_change(file));
    }
  }

  void take_other(const TouchedFile& file) {
    const bool is_source = file.path.ends_with(".c");
    const std::optional<IncludeIndex::FileId> known = includes_.find(file.path);
    const bool is_read = known && is_read_by_a_unit(*known, units_, includes_);
    const std::string extension = std::filesystem::path(file.path).extension();
    const bool is_assembly_unit = !is_source && !units_.owners(file.path).empty();
    if (is_read && is_source)
      take_included_source(file, *known);
    else if (is_read)
      affected_.headers.push_back(file.path);
    else if (!is_assembly_unit && leave_out_for_option(file))
      return;
    else if (steers_the_build(file.path))
      affected_.problems.push_back(problem_of(file));
    else if (const std::string hidden =
                 file.was_there ? "" : hidden_by(file.path, units_, includes_);
             !hidden.empty())
      affected_.problems.push_back(problem(
          "KP1005", file,
          fmt::format("it takes the place of {} in all units that include that", hidden),
          "change that header, or give the new one another name"));
    else if (!file.was_there)
      affected_.to_be_included.push_back(file);
    else if (!is_source && extension != ".h")
      affected_.problems.push_back(problem_of(file));
    else if (makefiles_.serves_the_build && makefiles_.serves_the_build(file.path))
      affected_.problems.push_back(of_the_build(file));
    else if (is_of_architecture(file.path, units_) || known)
      affected_.problems.push_back(not_included(file));
    else
      affected_.ignored.push_back({file.path, WhyLeftOut::kUnread});
  }

  void take_unit(const TouchedFile& file) {
    if (const auto known = includes_.find(file.path))
      add_candidates(*known);
    if (file.is_there)
      affected_.units.push_back(file.path);
    else
      affected_.problems.push_back(
          problem("KP1006", file, "the patch removes a file whose code is running",
                  "keep the file and change the functions that call into it"));
  }

  void take_included_source(const TouchedFile& file, IncludeIndex::FileId known) {
    add_candidates(known);
    if (file.is_there)
      affected_.to_be_included.push_back(file);
  }

  void add_candidates(IncludeIndex::FileId file) {
    for (const IncludeIndex::FileId other : includes_.reaching(file))
      if (is_c_unit(includes_.path(other), units_))
        candidates_.insert(includes_.path(other));
  }

  const kernel::UnitIndex& units_;
  const IncludeIndex& includes_;
  const MakefileFacts& makefiles_;
  std::set<std::string> candidates_;
  Affected affected_;
};

} // namespace

std::optional<LeftOut> left_out_by_place(const std::string& path,
                                         const kernel::UnitIndex& units,
                                         const IncludeIndex& includes) {
  const bool other = is_of_another_architecture(path, units);
  if ((!takes_no_part(path) && !other) || is_compiled(path, units, includes))
    return std::nullopt;
  return LeftOut{path, other ? WhyLeftOut::kArchitecture : WhyLeftOut::kNoCode};
}

Affected affected_units(std::span<const TouchedFile> touched,
                        const kernel::UnitIndex& units, const IncludeIndex& includes,
                        const MakefileFacts& makefiles) {
  Sorting sorting(units, includes, makefiles);
  for (const TouchedFile& file : touched)
    sorting.take(file);
  return sorting.finish();
}

} // namespace kpatch::patch
