// SPDX-License-Identifier: GPL-2.0-or-later
//
// create-diff-object: compares two objects of one unit and writes the intermediate object
// that a patch module is linked from. Options are parsed by argp so that abbreviated long
// options and the usage exit status 64 stay what scripts know.
#include "base/files.h"
#include "base/log.h"
#include "base/output.h"
#include "base/run_tool.h"
#include "diff/diff.h"
#include "klp/foreign_exports.h"
#include "klp/intermediate.h"
#include "klp/late_replacements.h"

#include <algorithm>
#include <argp.h>
#include <charconv>
#include <cstdlib>
#include <set>

namespace {

using namespace kpatch;

struct Arguments {
  bool debug = false;
  bool klp_arch = false;
  diff::InitChanges init_changes = diff::InitChanges::kRefuse;
  bool explain = false;
  std::vector<std::string> positional;
};

enum Position {
  kOriginal,
  kPatched,
  kParent,
  kSymtab,
  kSymvers,
  kModule,
  kOutput,
  kCount
};

enum LongOnly { kIgnoreInitChanges = 256, kExplain };

const argp_option kOptions[] = {
    {"debug", 'd', nullptr, 0, "Show debug output", 0},
    {"klp-arch", 'a', nullptr, 0, "Kernel supports .klp.arch sections (before 5.8)", 0},
    {"explain", kExplain, nullptr, 0, "Say why each function is part of the patch", 0},
    {"ignore-init-changes", kIgnoreInitChanges, nullptr, 0,
     "Leave changes of init and exit code out", 0},
    {nullptr, 0, nullptr, 0, nullptr, 0}};

error_t parse_option(int key, char* value, argp_state* state) {
  auto& arguments = *static_cast<Arguments*>(state->input);
  switch (key) {
  case 'd': arguments.debug = true; return 0;
  case 'a': arguments.klp_arch = true; return 0;
  case kExplain: arguments.explain = true; return 0;
  case kIgnoreInitChanges:
    arguments.init_changes = diff::InitChanges::kLeaveOut;
    return 0;
  case ARGP_KEY_ARG:
    if (state->arg_num >= kCount)
      argp_usage(state);
    arguments.positional.emplace_back(value);
    return 0;
  case ARGP_KEY_END:
    if (state->arg_num < kCount)
      argp_usage(state);
    return 0;
  default: return ARGP_ERR_UNKNOWN;
  }
}

Arguments parse(int argc, char** argv) {
  static const argp kParser = {kOptions,
                               parse_option,
                               "original.o patched.o parent-name parent-symtab "
                               "Module.symvers patch-module-name output.o",
                               "Compares two object files of one translation unit and "
                               "extracts what changed into an object "
                               "from which a live patch is linked.",
                               nullptr,
                               nullptr,
                               nullptr};
  Arguments arguments;
  argp_parse(&kParser, argc, argv, 0, nullptr, &arguments);
  return arguments;
}

/// Sizes come from the environment, in decimal; a variable that is unset says nothing.
special::StructSizes sizes_from_environment() {
  special::StructSizes sizes;
  for (const special::Structure& structure : special::wanted_structures()) {
    const std::string variable(structure.variable);
    const char* text = std::getenv(variable.c_str());
    if (!text)
      continue;
    std::uint32_t value = 0;
    const char* end = text + std::string_view(text).size();
    const auto [stop, error] = std::from_chars(text, end, value);
    if (error != std::errc() || stop != end || value == 0)
      fail_with_remedy("It must be a positive decimal number of bytes.", "bad {}: '{}'",
                       variable, text);
    sizes.emplace(structure.name, value);
  }
  return sizes;
}

/// The path as messages show it: without what stands before the first slash.
std::string label_of(const std::string& path) {
  const std::size_t slash = path.find('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

/// The objects that export what readelf's table shows as undefined: "... UND name".
std::set<std::string> lenders_in(std::string_view table, const image::Symvers& symvers) {
  // Tables are long and full of blanks: one that begins with a letter is found at once.
  constexpr std::string_view kUndefined = "UND ";
  std::set<std::string> lenders;
  for (std::size_t at = table.find(kUndefined); at != std::string_view::npos;
       at = table.find(kUndefined, at)) {
    const bool is_word = at > 0 && table[at - 1] == ' ';
    at += kUndefined.size();
    if (is_word)
      lenders.insert(symvers.exporter(table.substr(at, table.find('\n', at) - at)));
  }
  return lenders;
}

int run(const Arguments& arguments) {
  const auto& given = arguments.positional;
  const std::string label = label_of(given[kOriginal]);
  const auto read = [&](Position which) {
    return elf::read_object(read_bytes(given[which]),
                            which == kPatched ? label + " (patched)" : label);
  };
  const std::string table = read_text(given[kSymtab]);
  const auto symbols = image::SymbolIndex::from_readelf(table, given[kSymtab]);
  const auto symvers = image::Symvers::parse(read_text(given[kSymvers]), given[kSymvers]);
  elf::Object original = read(kOriginal);
  elf::Object patched = read(kPatched);
  // The table of a module also has what the module takes from others.
  std::set<std::string> lenders = klp::lenders_of(original, symvers);
  lenders.merge(lenders_in(table, symvers));
  diff::Result result = diff::compare(std::move(original), std::move(patched),
                                      {.label = label,
                                       .parent = given[kParent],
                                       .parent_symbols = symbols,
                                       .symvers = symvers,
                                       .sizes = sizes_from_environment(),
                                       .klp_arch = arguments.klp_arch,
                                       .explain = arguments.explain,
                                       .init_changes = arguments.init_changes});
  if (result.delta) {
    result.problems = klp::references_to_strangers(*result.delta, lenders);
    std::ranges::copy(klp::late_replacements(*result.delta),
                      std::back_inserter(result.problems));
  }
  if (!result.problems.empty() && result.delta) {
    result.delta.reset();
    result.exit = Exit::kNotPatchable;
  }
  for (const Note& note : result.notes)
    print(Stream::kOutput, "{}: {}\n", label, line_of(note));
  if (arguments.explain)
    for (const diff::FunctionChange& function : result.functions)
      print(Stream::kOutput, "{}: {}: because {}\n", label, function.name,
            function.because);
  for (const diff::Inclusion& inclusion : result.inclusions)
    print(Stream::kOutput, "{}: with {}: because {}\n", label, inclusion.name,
          inclusion.because);
  for (const Problem& problem : result.problems)
    print(Stream::kErrors, "ERROR: {}\n", problem.message);
  if (result.exit == Exit::kNotPatchable)
    print(Stream::kErrors,
          "ERROR: {}: {} problem(s)\ncreate-diff-object: unreconcilable difference\n",
          label, result.problems.size());
  if (result.delta) {
    const elf::Object output = klp::make_intermediate(std::move(*result.delta));
    write_file(given[kOutput], elf::write_object(output), 0664);
  }
  return static_cast<int>(result.exit);
}

} // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  if (arguments.debug)
    set_log_level(LogLevel::kDebug);
  return run_tool("create-diff-object: ERROR: ", [&] { return run(arguments); });
}
