// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the differ costs. Over a corpus of real pairs: the CPU time of create-diff-object,
// and of the same work as library calls with the parent's symbols in memory, against
// `objcopy IN OUT` on both objects of each pair. Over two generated pairs, one twice the
// other: how time grows and how much memory is taken.
// usage: differ_bench [CORPUS-DIRECTORY]
#include "base/files.h"
#include "generated_unit.h"
#include "klp/intermediate.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <map>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace kpatch;
namespace fs = std::filesystem;

struct Cost {
  double seconds = 0; ///< of the processor
  double peak_bytes = 0;
  int status = 0;
};

double cpu_seconds(const rusage& usage) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return cpu_seconds(usage);
}

/// Runs a program with its output thrown away.
Cost run(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  if (posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ) != 0)
    fail("{}: cannot be started", words[0]);
  posix_spawn_file_actions_destroy(&actions);
  Cost cost;
  rusage usage{};
  wait4(child, &cost.status, 0, &usage);
  cost.seconds = cpu_seconds(usage);
  cost.peak_bytes = static_cast<double>(usage.ru_maxrss) * 1024;
  return cost;
}

struct Pair {
  std::string original, patched, parent, symbols, symvers;
};

std::vector<Pair> read_corpus(const fs::path& corpus, const fs::path& work) {
  for (const char* archive : {"pairs.tar.xz", "symbols.tar.xz"})
    run({"tar", "-xf", (corpus / archive).string(), "-C", work.string()});
  fs::path top;
  for (const auto& entry : fs::directory_iterator(work))
    if (fs::exists(entry.path() / "orig"))
      top = entry.path();
  std::vector<Pair> pairs;
  for (const auto& entry : nlohmann::json::parse(read_text(corpus / "expected.json"))) {
    const std::string object =
        fs::path(entry.at("unit").get<std::string>()).replace_extension(".o").string();
    const std::string parent = entry.at("parent");
    pairs.push_back({.original = top / "orig" / object,
                     .patched = top / "patched" / object,
                     .parent = parent,
                     .symbols = work / "symtab" / (parent + ".symtab"),
                     .symvers = work / "Module.symvers"});
  }
  return pairs;
}

const special::StructSizes kSizes = {
    {"alt_instr", 12},  {"bug_entry", 12},           {"exception_table_entry", 12},
    {"jump_entry", 16}, {"paravirt_patch_site", 16}, {"static_call_site", 8},
    {"orc_entry", 6}};

void set_sizes() {
  for (const special::Structure& structure : special::wanted_structures())
    if (const auto size = special::size_of(kSizes, structure))
      setenv(std::string(structure.variable).c_str(), std::to_string(*size).c_str(), 1);
}

Cost run_differ(const std::string& program, const Pair& pair, const fs::path& output) {
  return run({program, pair.original, pair.patched, pair.parent, pair.symbols,
              pair.symvers, "livepatch_test", output.string()});
}

/// What the program does between reading the symbols and printing.
void diff_in_memory(const Pair& pair, const image::SymbolIndex& symbols,
                    const image::Symvers& symvers, const fs::path& output) {
  try {
    diff::Result result = diff::compare(elf::read_object(fs::path(pair.original)),
                                        elf::read_object(fs::path(pair.patched)),
                                        {.label = pair.original,
                                         .parent = pair.parent,
                                         .parent_symbols = symbols,
                                         .symvers = symvers,
                                         .sizes = kSizes});
    if (result.delta)
      write_file(output,
                 elf::write_object(klp::make_intermediate(std::move(*result.delta))));
  } catch (const Error&) { // what cannot be patched costs time too
  }
}

double measure_library(const std::vector<Pair>& pairs, const fs::path& output) {
  const auto symvers =
      image::Symvers::parse(read_text(pairs.front().symvers), "Module.symvers");
  std::map<std::string, image::SymbolIndex> parents;
  for (const Pair& pair : pairs)
    if (!parents.contains(pair.parent)) {
      auto index = image::SymbolIndex::from_readelf(read_text(pair.symbols), pair.parent);
      index.named("printk");
      parents.emplace(pair.parent, std::move(index));
    }
  const double before = own_cpu_seconds();
  for (const Pair& pair : pairs)
    diff_in_memory(pair, parents.at(pair.parent), symvers, output);
  return own_cpu_seconds() - before;
}

void measure_corpus(const std::string& program, const fs::path& corpus) {
  if (!fs::exists(corpus / "expected.json")) {
    fmt::print("differ: no corpus of real pairs in {}, skipped\n", corpus.string());
    return;
  }
  const TempDir work("differ-bench-");
  const std::vector<Pair> pairs = read_corpus(corpus, work.path());
  const fs::path output = work.path() / "output.o";
  double differ = 0;
  double objcopy = 0;
  for (const Pair& pair : pairs) {
    differ += run_differ(program, pair, output).seconds;
    for (const std::string& object : {pair.original, pair.patched})
      objcopy += run({"objcopy", object, output.string()}).seconds;
  }
  const double library = measure_library(pairs, output);
  fmt::print("differ: {} real pairs\n", pairs.size());
  fmt::print("  objcopy on both           {:8.2f} CPU s\n", objcopy);
  fmt::print(
      "  create-diff-object        {:8.2f} CPU s, ratio {:.2f} (wanted: at most 3)\n",
      differ, differ / objcopy);
  fmt::print(
      "  as library calls          {:8.2f} CPU s, ratio {:.2f} (wanted: at most 1)\n",
      library, library / objcopy);
}

/// A generated pair in files.
Pair save_generated(const fs::path& directory, unsigned functions) {
  const elf::Object original = bench::generated_unit(functions, 0x90);
  const Pair pair{.original = directory / "original.o",
                  .patched = directory / "patched.o",
                  .parent = "vmlinux",
                  .symbols = directory / "symtab",
                  .symvers = directory / "symvers"};
  write_file(pair.original, elf::write_object(original));
  write_file(pair.patched, elf::write_object(bench::generated_unit(functions, 0x91)));
  write_file(pair.symbols, bench::as_readelf(original));
  write_file(pair.symvers, std::string_view());
  return pair;
}

double measure_generated(const std::string& program, unsigned functions) {
  const TempDir work("differ-bench-");
  const Pair pair = save_generated(work.path(), functions);
  const auto size =
      static_cast<double>(fs::file_size(pair.original) + fs::file_size(pair.patched));
  Cost best = run_differ(program, pair, work.path() / "output.o");
  for (int round = 0; round < 4; ++round) {
    const Cost again = run_differ(program, pair, work.path() / "output.o");
    best.seconds = std::min(best.seconds, again.seconds);
  }
  if (best.status != 0)
    fail("the generated pair is refused: status {}", best.status);
  fmt::print("  {} functions: {:.2f} CPU s, {:.0f} MiB for {:.0f} MiB of objects, ratio "
             "{:.2f} (wanted: at most 6)\n",
             functions, best.seconds, best.peak_bytes / 1048576, size / 1048576,
             best.peak_bytes / size);
  return best.seconds;
}

} // namespace

int main(int argc, char** argv) {
  const std::string program =
      fs::read_symlink("/proc/self/exe").parent_path() / "create-diff-object";
  try {
    set_sizes();
    measure_corpus(program, argc > 1 ? argv[1] : "../shared/corpus/real-6.1");
    fmt::print("differ: generated pairs\n");
    const double half = measure_generated(program, 20000);
    const double whole = measure_generated(program, 40000);
    fmt::print(
        "  twice as many functions take {:.2f} times as long (wanted: at most 2.3)\n",
        whole / half);
  } catch (const Error& error) {
    fmt::print(stderr, "differ_bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
