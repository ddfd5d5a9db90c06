// SPDX-License-Identifier: GPL-2.0-or-later
//
// A patch that adds a file mostly adds a word to a list in a makefile as well:
//
//   -proc-y += version.o                 -obj-$(CONFIG_IP_VS) += ip_vs.o
//   +proc-y += version.o new.o           +ip_vs-objs := ... ip_vs_new.o
//
// Such a list says two things that matter to a live patch: that there is a new unit, and
// whether its code belongs to vmlinux or to which module. Both are found by reading all
// makefiles as they were and as they are patched. Everything else that a makefile can say
// (options, rules, conditions) is about how units are compiled, which cannot be followed
// for code that runs already. Hence two conditions: only lists may differ, and by what
// comes out of them units may only be added.
#include "patch/makefile_changes.h"

#include "base/error.h"
#include "base/files.h"
#include "base/module_name.h"
#include "kernel/makefile_units.h"
#include "kernel/module_folders.h"
#include "patch/makefile_judge.h"
#include "patch/makefile_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

namespace kpatch::patch {
namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 3> kBuildNames = {"Makefile", "Kbuild", "Kconfig"};

/// Lists that end like those of objects and are of something else.
constexpr std::array<std::string_view, 13> kOtherLists = {
    "ccflags",         "asflags",   "cppflags",         "ldflags",
    "rustflags",       "extra",     "always",           "subdir-ccflags",
    "subdir-asflags",  "hostprogs", "hostprogs-always", "userprogs",
    "userprogs-always"};

/// How often each line is there more on one side.
std::vector<std::string> differing_lines(std::string_view original,
                                         std::string_view patched) {
  std::map<std::string, int> surplus;
  for (const std::string& line : logical_lines(patched))
    ++surplus[line];
  for (const std::string& line : logical_lines(original))
    --surplus[line];
  std::vector<std::string> lines;
  for (const auto& [line, count] : surplus)
    if (count != 0)
      lines.push_back(line);
  return lines;
}

bool is_list_of_objects(const Assignment& assignment) {
  const std::string& name = assignment.name;
  const std::size_t end = name.rfind('-', name.find("$("));
  if (end == std::string::npos || end == 0)
    return false;
  const std::string_view suffix = std::string_view(name).substr(end + 1);
  if (suffix != "y" && suffix != "m" && suffix != "objs" && !suffix.starts_with("$("))
    return false;
  if (std::ranges::find(kOtherLists, std::string_view(name).substr(0, end)) !=
      kOtherLists.end())
    return false;
  return std::ranges::all_of(words_of(assignment.value), [](const std::string& word) {
    return word.ends_with(".o") || word.ends_with('/') || word.starts_with("$(");
  });
}

/// "CFLAGS_new.o", "KASAN_SANITIZE_new.o": of an object that nobody has yet.
bool is_setting_of(const std::set<std::string, std::less<>>& added,
                   const std::string& name) {
  return std::ranges::any_of(
      added, [&](const std::string& object) { return name.ends_with("_" + object); });
}

/// What one side has more: unit and owner.
std::vector<std::pair<std::string, std::string>> surplus(const kernel::UnitIndex& side,
                                                         const kernel::UnitIndex& other) {
  std::vector<std::pair<std::string, std::string>> more;
  for (const auto& [unit, owners] : side.all())
    for (const std::string& owner : owners)
      if (std::ranges::find(other.owners(unit), owner) == other.owners(unit).end())
        more.emplace_back(unit, owner);
  return more;
}

/// Those at the top of the kernel hold more than lists.
bool can_be_followed(const TouchedFile& file, const kernel::Target& target) {
  const std::string name = fs::path(file.path).filename();
  return (name == "Makefile" || name == "Kbuild") && file.is_there &&
         (kernel::is_out_of_tree(target) || fs::path(file.path).has_parent_path());
}

class Follower {
 public:
  Follower(const PatchedView& view, const kernel::Target& target)
      : view_(view), target_(target) {}

  MakefileChanges run(const std::vector<const TouchedFile*>& makefiles) {
    const std::string& first = makefiles[0]->path;
    std::set<std::string, std::less<>> added;
    try {
      added = compare_lists(first);
    } catch (const Error& error) {
      add(first, error.what(), "mend what the patch changes in makefiles");
    }
    for (const TouchedFile* file : makefiles)
      if (!file->was_there ||
          only_lists_differ(read_text(view_.pristine() / file->path),
                            read_text(view_.root() / file->path), added))
        changes_.followed.push_back(file->path);
    return std::move(changes_);
  }

 private:
  /// Takes note of what is new; gives the names of its objects.
  std::set<std::string, std::less<>> compare_lists(const std::string& makefile) {
    const kernel::UnitIndex before =
        kernel::units_from_makefiles(target_, target_.source);
    const kernel::UnitIndex after = kernel::units_from_makefiles(target_, view_.root());
    for (const auto& [unit, owner] : surplus(before, after))
      add(makefile, fmt::format("{} no longer belongs to {}", unit, owner),
          "code that runs cannot be taken out: keep the file in its list");
    std::set<std::string, std::less<>> added;
    for (const auto& [unit, owner] : surplus(after, before))
      if (take(makefile, unit, owner))
        added.insert(fs::path(unit).filename().replace_extension(".o"));
    return added;
  }

  void add(const std::string& file, std::string message, std::string remedy) {
    changes_.problems.push_back(
        build_is_changed(file, std::move(message), std::move(remedy)));
  }

  bool take(const std::string& makefile, const std::string& unit,
            const std::string& owner) {
    if (owner != kVmlinux && !target_.modules.contains(owner)) {
      add(makefile,
          fmt::format("{} makes {} a module that this kernel does not have", unit, owner),
          "build the new module by itself, and load it beside the patch");
      return false;
    }
    if (!unit.ends_with(".c")) {
      changes_.problems.push_back({.code = "KP1002",
                                   .object = unit,
                                   .message = "assembly cannot be added by a live patch",
                                   .remedy = "write it in C, or in a module of its own"});
      return false;
    }
    changes_.added.add(unit, owner);
    return true;
  }

  const PatchedView& view_;
  const kernel::Target& target_;
  MakefileChanges changes_;
};

} // namespace

bool only_lists_differ(std::string_view original, std::string_view patched,
                       const std::set<std::string, std::less<>>& added) {
  const std::vector<std::string> lines = differing_lines(original, patched);
  return std::ranges::all_of(lines, [&](const std::string& line) {
    const std::optional<Assignment> assignment = parse_assignment(line);
    return assignment &&
           (is_list_of_objects(*assignment) || is_setting_of(added, assignment->name));
  });
}

bool steers_the_build(std::string_view path) {
  const std::string name = fs::path(path).filename().string();
  return std::ranges::any_of(kBuildNames, [&](std::string_view build) {
    return name == build || name.starts_with(std::string(build) + ".");
  });
}

bool changes_version_only(const FileChange& change) {
  constexpr std::string_view kNumbers[] = {"VERSION", "PATCHLEVEL", "SUBLEVEL",
                                           "EXTRAVERSION", "NAME"};
  for (const Hunk& hunk : change.hunks)
    for (const std::string_view line : hunk.lines) {
      if (line[0] != '-' && line[0] != '+')
        continue;
      const std::string_view name = line.substr(1, line.find_first_of(" =") - 1);
      if (std::ranges::find(kNumbers, name) == std::end(kNumbers) ||
          line.find('$') != std::string_view::npos)
        return false;
    }
  return !change.hunks.empty() && !change.is_new() && !change.is_removed();
}

Problem build_is_changed(const std::string& path, std::string message,
                         std::string remedy) {
  return {.code = "KP1003",
          .object = path,
          .message = std::move(message),
          .remedy = std::move(remedy)};
}

namespace {

bool is_c_or_assembly(const std::string& path) {
  return path.ends_with(".c") || path.ends_with(".h") || path.ends_with(".S");
}

/// The objects of files that the patches add.
std::set<std::string, std::less<>> made_objects(std::span<const TouchedFile> touched) {
  std::set<std::string, std::less<>> objects;
  for (const TouchedFile& file : touched)
    if (!file.was_there && is_c_or_assembly(file.path))
      objects.insert(fs::path(file.path).filename().replace_extension(".o"));
  return objects;
}

/// Problems of makefiles that make must not read.
std::vector<Problem> judged(const std::vector<const TouchedFile*>& makefiles,
                            std::span<const TouchedFile> touched,
                            const PatchedView& view) {
  const std::set<std::string, std::less<>> made = made_objects(touched);
  std::vector<Problem> problems;
  for (const TouchedFile* file : makefiles) {
    const std::string original =
        file->was_there ? read_text(view.pristine() / file->path) : "";
    const std::string line =
        line_to_refuse(original, read_text(view.root() / file->path), made);
    if (!line.empty())
      problems.push_back(build_is_changed(
          file->path,
          fmt::format("the patch changes the line '{}'; a live patch can only follow "
                      "lists of objects, with $(CONFIG_X) and $(name-y), and settings of "
                      "the objects that it adds",
                      line),
          "leave the line out and make the change in the source files"));
  }
  return problems;
}

} // namespace

MakefileChanges follow_makefiles(std::span<const TouchedFile> touched,
                                 const PatchedView& view, const kernel::Target& target) {
  std::vector<const TouchedFile*> makefiles;
  bool may_run = true;
  for (const TouchedFile& file : touched)
    if (can_be_followed(file, target))
      makefiles.push_back(&file);
    else if (!is_c_or_assembly(file.path))
      may_run = false; // a makefile may include it, whatever its name is
  if (makefiles.empty())
    return {};
  MakefileChanges changes;
  changes.problems = judged(makefiles, touched, view);
  for (const Problem& problem : changes.problems)
    changes.followed.push_back(problem.object); // no more needs to be said about it
  if (!may_run || !changes.problems.empty())
    return changes;
  return Follower(view, target).run(makefiles);
}

} // namespace kpatch::patch
