// SPDX-License-Identifier: GPL-2.0-or-later
//
// Some units are made of other `.c` files: kernel/sched/build_policy.c includes rt.c,
// which no makefile names. A patch to rt.c reaches build_policy.c, and a patch to a file
// that is a unit itself may reach others besides. About six hundred such lines are in a
// kernel tree. They are found by their text, which may say too much (the line is switched
// off, or a search path leads elsewhere) but not too little; the list of files that the
// compiler then reads has the last word.
#include "build/source_includes.h"

#include "base/error.h"
#include "base/process.h"

#include <set>

namespace kpatch::build {
namespace fs = std::filesystem;

void SourceIncludes::add(std::string file, std::string named) {
  std::string key = fs::path(named).filename();
  by_name_.emplace(std::move(key), Include{std::move(file), std::move(named)});
}

std::vector<std::string> SourceIncludes::direct(const std::string& path) const {
  std::vector<std::string> files;
  const auto [first, last] = by_name_.equal_range(fs::path(path).filename().native());
  for (auto at = first; at != last; ++at) {
    const Include& include = at->second;
    const fs::path beside =
        (fs::path(include.file).parent_path() / include.named).lexically_normal();
    // Named from its own directory, or from one that an option -I names.
    if (beside == path || path.ends_with("/" + include.named) || path == include.named)
      files.push_back(include.file);
  }
  return files;
}

std::vector<std::string> SourceIncludes::files_reaching(const std::string& path) const {
  std::set<std::string> found;
  std::vector<std::string> pending{path};
  while (!pending.empty()) {
    const std::string next = std::move(pending.back());
    pending.pop_back();
    for (const std::string& file : direct(next))
      if (file != path && found.insert(file).second)
        pending.push_back(file);
  }
  return {found.begin(), found.end()};
}

std::string SourceIncludes::text() const {
  std::string text;
  for (const auto& [key, include] : by_name_)
    text += include.file + '\t' + include.named + '\n';
  return text;
}

SourceIncludes SourceIncludes::parse(std::string_view text, std::string_view label) {
  SourceIncludes includes;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos)
      fail_with_remedy("remove the file, it is made again", "{}: not a list of includes",
                       label);
    includes.add(std::string(line.substr(0, tab)), std::string(line.substr(tab + 1)));
  }
  return includes;
}

SourceIncludes SourceIncludes::scan(const fs::path& tree) {
  const Command grep{
      .argv = {"grep",           "-rE", "--include=*.c", "--include=*.h",
               "--exclude-dir=Documentation", "--exclude-dir=samples",
               "--exclude-dir=tools", "^[[:space:]]*#[[:space:]]*include[[:space:]]*"
               "[\"<][^\">]*\\.c[\">]", "."},
      .directory = tree,
      .environment = {{"LC_ALL", "C"}}
  };
  const Outcome outcome = run(grep);
  if (outcome.status > 1) // 1 says that there is none
    fail("{}: cannot be searched: {}", tree.string(), outcome.errors);
  SourceIncludes includes;
  std::string_view text = outcome.output; // lines "./fs/x.c:#include "y.c""
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t colon = line.find(':');
    const std::size_t open = line.find_first_of("\"<", colon);
    const std::size_t close = line.find_first_of("\">", open + 1);
    if (colon == std::string_view::npos || colon < 2 || close == std::string_view::npos)
      continue;
    includes.add(std::string(line.substr(2, colon - 2)),
                 std::string(line.substr(open + 1, close - open - 1)));
  }
  return includes;
}

} // namespace kpatch::build
