// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the kernel's build compiles for itself stands in makefiles, too
// (Documentation/kbuild/makefiles.rst, "Host Program support"):
//
//   hostprogs := gen_crc32table          lib/gen_crc32table.c makes a table of
//   lib/crc32.c genmap-objs := keys.o genmap.o       a program of several files
//   $(bounds-file): kernel/bounds.s      constants, read from what the compiler wrote
#include "patch/build_programs.h"

#include "base/files.h"
#include "base/text.h"
#include "patch/makefile_lines.h"

#include <algorithm>
#include <set>
#include <vector>

namespace kpatch::patch {
namespace fs = std::filesystem;

namespace {

bool lists_programs(std::string_view list) {
  return list.starts_with("hostprogs") || list.starts_with("userprogs");
}

bool has_word(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

/// Whether a makefile's text names it; `name` has no ending and is as seen from there.
bool names(std::string_view text, const std::string& name) {
  std::set<std::string> programs;
  std::vector<Assignment> assignments;
  for (const std::string& line : logical_lines(text)) {
    for (const std::string_view part : split(line, ':'))
      if (has_word(words_of(part), name + ".s"))
        return true;
    if (const auto assignment = parse_assignment(line))
      assignments.push_back(*assignment);
  }
  for (const Assignment& assignment : assignments)
    if (lists_programs(assignment.name))
      for (const std::string& word : words_of(assignment.value))
        programs.insert(word);
  return programs.contains(name) ||
         std::ranges::any_of(assignments, [&](const Assignment& assignment) {
           const std::size_t end = assignment.name.rfind("-objs");
           return end != std::string::npos &&
                  programs.contains(assignment.name.substr(0, end)) &&
                  has_word(words_of(assignment.value), name + ".o");
         });
}

} // namespace

bool serves_the_build(const fs::path& root, const std::string& path) {
  const fs::path stem = fs::path(path).replace_extension();
  for (fs::path folder = stem.parent_path();; folder = folder.parent_path()) {
    const std::string name = stem.lexically_relative(folder.empty() ? "." : folder);
    for (const char* makefile : {"Kbuild", "Makefile"})
      if (const auto text = read_text_if_exists(root / folder / makefile);
          text && names(*text, name))
        return true;
    if (folder.empty())
      return false;
  }
}

} // namespace kpatch::patch
