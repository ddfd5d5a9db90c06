// SPDX-License-Identifier: GPL-2.0-or-later
//
// The original side of a unit is the same in every run until what it is made of changes,
// so it is compiled once. What it is made of: the command, the compiler's programs and
// objtool, and the files that the compiler has read, all by their content. So an object
// is found again after a touch, after a change was taken back, and from another copy of
// the tree; and it is not found if the source differs, whatever its times and sizes say.
//
//   command + compiler + objtool        -> the files read when it last ran
//   these + the content of these files  -> the object
//
// Files are named relative to the trees, as the objects do not depend on where these are.
//
// A file that was changed while the compiler ran may have been read before that: then
// nothing is kept. What is not seen is a new file that would be found before one of
// these.
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/process.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cache/object_store.h"
#include "compile/compile.h"

#include <algorithm>
#include <ctime>
#include <mutex>
#include <sys/stat.h>
#include <sys/statvfs.h>

namespace kpatch::compile {
namespace fs = std::filesystem;

namespace {

/// Stands for the prepared tree in a list of files.
constexpr std::string_view kObjectsMark = "@OBJECTS@";
/// Part of every digest: another number for another meaning of what is kept.
constexpr std::string_view kFormat = "2";

std::string command_digest(const Workshop& shop, const CompileJob& job) {
  Sha256 hash;
  const auto add = [&hash](std::string_view part) {
    hash.add(part);
    hash.add(std::string_view("\0", 1));
  };
  add(kFormat);
  add(job.command.unit);
  add(quoted(job.command.compiler));
  for (const std::string& option : job.command.for_patch)
    add(option);
  add(shop.compiler_digest());
  add(quoted(job.command.objtool));
  if (!job.command.objtool.empty())
    add(shop.digests->of(job.build_tree / job.command.objtool[0]));
  add(job.with_debug ? "debug" : "");
  for (const std::string& section : shop.taken_apart)
    add(section);
  return hash.finish();
}

bool is_below(const std::string& file, const fs::path& tree) {
  return file.starts_with(tree.native() + "/");
}

/// One line for each file.
std::string list_of(const CompileJob& job, const std::vector<std::string>& files) {
  std::string list;
  for (const std::string& name : files) {
    if (is_below(name, job.source_tree))
      list.append(kSourceMark).append(name, job.source_tree.native().size());
    else if (is_below(name, job.build_tree))
      list.append(kObjectsMark).append(name, job.build_tree.native().size());
    else
      list += name;
    list += '\n';
  }
  return list;
}

fs::path file_of_line(const CompileJob& job, std::string_view line) {
  for (const auto& [mark, tree] : {std::pair(kSourceMark, &job.source_tree),
                                   std::pair(kObjectsMark, &job.build_tree)})
    if (line.starts_with(mark))
      return tree->native() + std::string(line.substr(mark.size()));
  return line;
}

/// Nothing if one of the files is not there.
std::optional<std::string> inputs_digest(const Workshop& shop, const CompileJob& job,
                                         const std::string& command,
                                         std::string_view list) {
  Sha256 hash;
  hash.add(command);
  for (const std::string_view line : lines_of(list)) {
    const std::string content = shop.digests->of(file_of_line(job, line));
    if (content.empty())
      return std::nullopt;
    hash.add(fmt::format("{}\n{}\n", line, content));
  }
  return hash.finish();
}

timespec file_clock() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now); // what file systems take their times from
  return now;
}

/// Something is not what the kernel was made with.
std::string remedy_for(const kernel::Target& target) {
  const std::string lacking = kernel::lacking_patches_remedy(target);
  return lacking.empty()
             ? "check that source, configuration and compiler are those of the running "
               "kernel; if the file needs something that only a full kernel build "
               "generates, pass --full-build"
             : lacking;
}

/// Keeping is a convenience: a cache that belongs to somebody else or is full must not
/// fail a build. Says so once a run.
fs::path keep(const cache::ObjectStore& store, const std::string& command,
              const std::string& list, const std::string& inputs,
              const fs::path& object) {
  try {
    return store.add(command, list, inputs, read_bytes(object));
  } catch (const std::exception& error) {
    static std::once_flag said;
    std::call_once(said, [&] {
      warning("original objects are not kept, so the next build compiles them again: {}. "
              "Set CACHEDIR to a directory that you may write to",
              error.what());
    });
    return object;
  }
}

/// As the cache of an isolated build is, on purpose.
bool is_on_read_only_mount(const fs::path& place) {
  struct statvfs status {};
  return statvfs(place.c_str(), &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

bool was_changed_since(const std::string& file, const timespec& start) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0)
    return true;
  const timespec& changed = status.st_ctim;
  return std::pair(changed.tv_sec, changed.tv_nsec) >
         std::pair(start.tv_sec, start.tv_nsec);
}

} // namespace

fs::path original_object(const Workshop& shop, const CompileJob& job) {
  const cache::ObjectStore store(shop.originals);
  const bool is_kept = !shop.originals.empty();
  const std::string command = command_digest(shop, job);
  if (const auto list = is_kept ? store.find_list(command) : std::nullopt)
    if (const auto inputs = inputs_digest(shop, job, command, *list))
      if (const auto object = store.find_object(*inputs))
        return *object;

  const timespec start = file_clock();
  const Compiled compiled = compile(shop, job);
  if (!compiled.ok)
    fail_with_remedy(remedy_for(shop.target),
                     "{}: the kernel's unchanged source does not compile\n{}",
                     job.command.unit, compiled.messages);
  const std::string list = list_of(job, compiled.dependencies);
  const auto inputs = inputs_digest(shop, job, command, list);
  const bool was_changed =
      std::ranges::any_of(compiled.dependencies, [&](const std::string& file) {
        return was_changed_since(file, start);
      });
  if (!inputs || was_changed || !is_kept || is_on_read_only_mount(shop.originals))
    return job.object;
  return keep(store, command, list, *inputs, job.object);
}

} // namespace kpatch::compile
