// SPDX-License-Identifier: GPL-2.0-or-later
//
// The original side of a unit is the same in every run until its source changes, so it is
// compiled once. Its name in the cache is a digest of the command; beside it stands a
// list of all files it was made from with their sizes and times, which is compared before
// the object is used again: with --sourcedir the user may edit the tree between two runs.
#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "base/sha256.h"
#include "build/compile.h"

#include <sys/stat.h>

namespace kpatch::build {
namespace fs = std::filesystem;

namespace {

/// "size seconds.nanoseconds path"; empty if there is no such file.
std::string stamp(const fs::path& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0)
    return {};
  return fmt::format("{} {}.{:09} {}", status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec, file.native());
}

/// Whether every line is still the stamp of the file it names.
bool all_current(std::string_view list) {
  while (!list.empty()) {
    const std::string_view line = list.substr(0, list.find('\n'));
    const std::size_t path = line.find(' ', line.find(' ') + 1);
    if (path == std::string_view::npos || stamp(line.substr(path + 1)) != line)
      return false;
    list.remove_prefix(std::min(line.size() + 1, list.size()));
  }
  return true;
}

std::string digest(const CompileJob& job) {
  Sha256 hash;
  hash.add(job.command.unit + '\0' + job.source_tree.native() + '\0' +
           quoted(job.command.compiler) + '\0' + quoted(job.command.objtool) +
           (job.with_debug ? std::string(1, '\0') + "debug" : ""));
  return hash.finish();
}

} // namespace

fs::path original_object(const Workshop& shop, const CompileJob& job) {
  const fs::path kept = shop.kept("originals") / digest(job);
  const fs::path object = fs::path(kept) += ".o";
  const fs::path list = fs::path(kept) += ".files";
  if (const auto stamps = read_text_if_exists(list);
      stamps && fs::exists(object) && all_current(*stamps))
    return object;

  const Compiled compiled = compile(shop, job);
  if (!compiled.ok)
    fail("{}: the kernel's unchanged source does not compile\n{}", job.command.unit,
         compiled.messages);
  std::string stamps;
  for (const fs::path& file : compiled.dependencies)
    stamps += stamp(file) + "\n";
  // A list without its object is never trusted, an object without its list neither.
  fs::remove(list);
  write_file(object, read_bytes(job.object));
  write_file(list, stamps);
  return object;
}

} // namespace kpatch::build
