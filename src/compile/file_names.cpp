// SPDX-License-Identifier: GPL-2.0-or-later
//
// What gcc finds wrong while the code runs (CONFIG_UBSAN) is reported with the name of
// the file, for which -fsanitize= leaves a string beside the code. No option that maps
// names reaches it (gcc/ubsan.cc: ubsan_source_location), so it would hold the path of
// the tree that was compiled, which is another one in each run:
//
//   .string "/cache/tmp/run.a1B2c3/source/fs/exec.c"   becomes   .string "fs/exec.c"
#include "compile/file_names.h"

#include "base/text.h"

#include <algorithm>

namespace kpatch::compile {

namespace {

constexpr std::string_view kDirectives[] = {".string", ".ascii", ".asciz"};

bool is_string(std::string_view line) {
  const std::size_t at = line.find_first_not_of(" \t");
  return at != std::string_view::npos &&
         std::ranges::any_of(kDirectives, [&](std::string_view directive) {
           return line.substr(at).starts_with(directive);
         });
}

} // namespace

bool names_files(std::span<const std::string> options) {
  return std::ranges::any_of(
      options, [](std::string_view option) { return option.starts_with("-fsanitize="); });
}

std::string with_relative_names(std::string_view assembly, std::string_view tree) {
  const std::string start = "\"" + std::string(tree) + "/";
  std::string result;
  result.reserve(assembly.size());
  for (const std::string_view line : lines_of(assembly)) {
    const std::size_t at = is_string(line) ? line.find(start) : std::string_view::npos;
    if (at == std::string_view::npos)
      result += line;
    else
      result.append(line.substr(0, at + 1)).append(line.substr(at + start.size()));
    result += '\n';
  }
  return result;
}

} // namespace kpatch::compile
