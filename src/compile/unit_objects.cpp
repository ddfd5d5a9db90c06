// SPDX-License-Identifier: GPL-2.0-or-later
//
// The two sides of a unit are compiled by the same command from two trees: the pristine
// one, and the view in which the patch is applied. They do not depend on each other, nor
// do units, so all go into one queue.
//
// The view is made of symbolic links, and "../x.h" from a linked directory leads into the
// pristine tree. If that ever reaches a file of the patch, the object is half patched;
// the compiler's list of what it has read shows it.
#include "compile/unit_objects.h"

#include "arch/arch.h"
#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/parallel.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <utility>

namespace kpatch::compile {
namespace fs = std::filesystem;

namespace {

fs::path object_in(const fs::path& directory, const std::string& unit) {
  return (directory / unit).replace_extension(".o");
}

/// Counts the compiled sides and tells how far that is.
class SideCount {
 public:
  SideCount(const ProgressListener& listener, std::size_t units)
      : listener_(listener), units_(units) {}

  void add_one() {
    const std::scoped_lock alone(mutex_);
    const std::chrono::duration<double> so_far =
        std::chrono::steady_clock::now() - start_;
    if (++sides_ % 2 == 0 && listener_)
      listener_({sides_ / 2, units_, so_far.count()});
  }

 private:
  const ProgressListener& listener_;
  const std::size_t units_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  std::size_t sides_ = 0;
};

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

/// Finds the files of the patch among the thousand or so that the compiler reads for a
/// unit. Of several hundred units these would be a large part of all memory.
class TouchedFiles {
 public:
  TouchedFiles(const patch::PatchedView& view,
               std::span<const patch::TouchedFile> touched)
      : view_(view) {
    for (const patch::TouchedFile& file : touched)
      by_name_.emplace(last_part(file.path), &file.path);
  }

  std::set<std::string> among(const std::vector<std::string>& files) const {
    std::set<std::string> read;
    for (const std::string& file : files) {
      const auto [first, last] = by_name_.equal_range(last_part(file));
      for (auto named = first; named != last; ++named)
        if (is_in_view(*named->second, file))
          read.insert(*named->second);
    }
    return read;
  }

 private:
  bool is_in_view(const std::string& touched, const std::string& file) const {
    const fs::path real = fs::weakly_canonical(file);
    if (real == view_.pristine() / touched)
      fail_with_remedy("include it by a path below include/, or make the change in the "
                       "file that includes it",
                       "{}: is included by way of {}, where the patch is not seen",
                       touched, file);
    return real == view_.root() / touched;
  }

  const patch::PatchedView& view_;
  std::multimap<std::string_view, const std::string*> by_name_;
};

} // namespace

fs::path build_tree_for(const Workshop& shop, const UnitCommand& command) {
  if (command.generated.empty())
    return shop.target.objects;
  const fs::path place = shop.work / "objects" / command.unit;
  if (fs::exists(place)) // made for another step
    return fs::canonical(place);
  fs::create_directories(place.parent_path());
  patch::PatchedView tree(shop.target.objects, place);
  for (const auto& entry : fs::recursive_directory_iterator(command.generated))
    if (entry.is_regular_file()) {
      const fs::path path = entry.path().lexically_relative(command.generated);
      write_file(tree.own_file(path.native()), read_text(entry.path()));
    }
  return tree.root();
}

namespace {

void compile_original(const Workshop& shop, const UnitCommand& command,
                      const fs::path& build_tree, UnitObjects& unit) {
  const bool is_added = shop.added.units.contains(command.unit);
  const CompileJob job{.command = command,
                       .source_tree =
                           is_added ? shop.added.empty_tree : shop.target.source,
                       .build_tree = build_tree,
                       .object = object_in(shop.work / "orig", command.unit),
                       .with_debug = shop.debug_originals};
  if (!is_added) {
    unit.original = original_object(shop, job);
    return;
  }
  // Nothing is what the kernel has of it.
  unit.original = job.object;
  if (const Compiled nothing = compile(shop, job); !nothing.ok)
    fail("{}: not even an empty file compiles\n{}", command.unit, nothing.messages);
}

void compile_patched(const Workshop& shop, const UnitCommand& command,
                     const fs::path& build_tree, const fs::path& source,
                     UnitObjects& unit) {
  unit.patched = object_in(shop.work / "patched", command.unit);
  // A build in the source tree names its files relative to it, generated ones as well.
  const bool is_in_source = shop.target.source == shop.target.objects;
  unit.patched_side = compile(shop, {.command = command,
                                     .source_tree = source,
                                     .build_tree = is_in_source ? source : build_tree,
                                     .object = unit.patched,
                                     .with_debug = shop.keep_debug});
}

} // namespace

std::vector<UnitObjects> compile_units(const Workshop& shop,
                                       const patch::PatchedView& view,
                                       std::span<const UnitCommand> commands,
                                       std::span<const patch::TouchedFile> touched) {
  std::vector<UnitObjects> objects(commands.size());
  std::vector<fs::path> trees;
  for (const UnitCommand& command : commands)
    trees.push_back(build_tree_for(shop, command));
  std::vector<std::optional<Error>> failures(2 * commands.size());
  const TouchedFiles touched_files(view, touched);
  SideCount count(shop.progress, commands.size());
  for_each_in_parallel(failures.size(), shop.jobs, [&](std::size_t index) {
    const std::size_t i = index / 2;
    try {
      if (index % 2 == 0) {
        compile_original(shop, commands[i], trees[i], objects[i]);
      } else {
        compile_patched(shop, commands[i], trees[i], view.root(), objects[i]);
        objects[i].read =
            touched_files.among(std::exchange(objects[i].patched_side.dependencies, {}));
      }
    } catch (const Error& error) {
      throw_if_interrupted();
      failures[index] = error;
    }
    count.add_one();
  });
  for (std::size_t i = 0; i < commands.size(); ++i) {
    objects[i].unit = commands[i].unit;
    objects[i].failure = failures[2 * i] ? failures[2 * i] : failures[2 * i + 1];
  }
  return objects;
}

UnitCommand command_as_shipped(const Workshop& shop, const std::string& unit) {
  UnitCommand command = unit_command(shop, unit);
  command.for_patch.clear();
  const arch::Arch* arch = arch::find_arch(shop.target.machine);
  if (arch && arch->sections_change_code())
    for (const std::string_view flag : kSectionFlags)
      std::erase(command.compiler, flag);
  return command;
}

fs::path object_as_shipped(const Workshop& shop, const UnitObjects& unit) {
  const UnitCommand command = unit_command(shop, unit.unit);
  const UnitCommand shipped = command_as_shipped(shop, unit.unit);
  const bool is_same = command.for_patch.empty() && command.compiler == shipped.compiler;
  if (is_same || shop.added.units.contains(unit.unit))
    return unit.original;
  return original_object(shop,
                         {.command = shipped,
                          .source_tree = shop.target.source,
                          .build_tree = build_tree_for(shop, shipped),
                          .object = object_in(shop.work / "as-shipped", unit.unit)});
}

UnitObjects compile_with_headers(const Workshop& shop, const patch::PatchedView& view,
                                 const std::string& unit,
                                 std::span<const std::string> headers) {
  UnitCommand command = unit_command(shop, unit);
  Workshop apart = shop;
  apart.work = shop.work / "with-headers";
  for (const std::string& header : headers) {
    command.compiler.insert(command.compiler.end(),
                            {"-include", (shop.author_headers / header).string()});
    apart.work /= header;
  }
  fs::create_directories(apart.work);
  return compile_units(apart, view, {&command, 1}).at(0);
}

UnitObjects compile_with_debug_info(const Workshop& shop, const patch::PatchedView& view,
                                    const std::string& unit) {
  const std::vector<UnitCommand> commands{unit_command(shop, unit)};
  Workshop apart = shop;
  apart.work = shop.work / "with-debug-info";
  apart.keep_debug = apart.debug_originals = true;
  fs::create_directories(apart.work);
  return compile_units(apart, view, commands).at(0);
}

} // namespace kpatch::compile
