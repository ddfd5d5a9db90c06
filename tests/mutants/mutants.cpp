// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes modules that carry one fault each out of good ones, and prints what the judge
// says of each: fault, module, codes. Exit status 1 if it says nothing of one, or
// anything of a good module.
// usage: mutants RELEASE VMLINUZ MODULES-ROOT DIRECTORY|- GOOD.ko...
#include "base/error.h"
#include "faults.h"
#include "verify/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

using namespace kpatch;

namespace {

std::string verdict(const verify::Judge& judge, const elf::Object& module) {
  std::string text;
  std::set<std::string> codes;
  // Through the file, as whoever gets the module has it.
  try {
    const elf::Object read = elf::read_object(elf::write_object(module), module.label);
    for (const Problem& problem : judge.problems_of(read))
      if (codes.insert(problem.code).second)
        text += fmt::format("{} {}: {}; ", problem.code, problem.symbol, problem.message);
  } catch (const Error& error) {
    return fmt::format("unreadable: {}", error.what());
  }
  return text;
}

/// A kernel takes one module of a name at a time.
void rename_module(elf::Object& module, int number) {
  constexpr std::size_t kName = 24, kSize = 56; // struct module
  Bytes& data = module.sections[module.find_section(".gnu.linkonce.this_module")].data;
  const std::string name = fmt::format("mutant{}", number);
  std::fill_n(data.begin() + kName, kSize, std::uint8_t{0});
  std::ranges::copy(name, data.begin() + kName);
}

struct Counts {
  int good = 0, wronged = 0, mutants = 0, found = 0, escaped = 0;
};

void try_faults(const verify::Judge& judge, const std::filesystem::path& path,
                const std::string& directory, Counts& counts) {
  for (const mutants::Fault& fault : mutants::all_faults()) {
    elf::Object module = elf::read_object(path);
    module.label = path.filename().string();
    rename_module(module, counts.mutants);
    if (!fault.apply(module))
      continue;
    const std::string said = verdict(judge, module);
    ++counts.mutants;
    counts.found += !said.empty();
    counts.escaped += said.empty() && !fault.may_escape;
    fmt::print("{:<30} {:<28} {}\n", fault.name, path.stem().string(),
               said.empty() ? fault.may_escape ? "nothing (may escape)" : "NOTHING"
                            : said);
    if (directory != "-")
      write_file(std::filesystem::path(directory) /
                     fmt::format("{}.{}.ko", fault.name, path.stem().string()),
                 elf::write_object(module));
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    fmt::print(stderr,
               "usage: mutants RELEASE VMLINUZ MODULES-ROOT DIRECTORY|- GOOD.ko...\n");
    return 2;
  }
  const verify::Judge judge({argv[1], argv[2], argv[3]});
  const std::string directory = argv[4];
  Counts counts;
  for (int i = 5; i < argc; ++i) {
    const std::filesystem::path path = argv[i];
    elf::Object good = elf::read_object(path);
    good.label = path.filename().string();
    const std::string said = verdict(judge, good);
    ++counts.good;
    counts.wronged += !said.empty();
    if (!said.empty())
      fmt::print("{:<30} {:<28} FALSE ALARM {}\n", "(none)", path.stem().string(), said);
    if (directory != "good")
      try_faults(judge, path, directory, counts);
  }
  fmt::print("{} good modules, {} wronged; {} mutants, {} found\n", counts.good,
             counts.wronged, counts.mutants, counts.found);
  return counts.wronged || counts.escaped ? 1 : 0;
}
