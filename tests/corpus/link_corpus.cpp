// SPDX-License-Identifier: GPL-2.0-or-later
//
// usage: link_corpus RELEASE SET UNPACKED OUTPUT [SAMPLE]
//
// Compares every pair of objects that SET/expected.json lists with create-diff-object, as
// scripts call it, and links each result into a patch module of its own for the Debian
// kernel RELEASE in the directory OUTPUT. The objects, symbol tables and Module.symvers
// lie below UNPACKED. With SAMPLE only so many, spread evenly over the list.
//
// A pair that is refused is no failure here, whether a refusal is right is asked
// elsewhere; one that makes the differ crash, or a result that cannot be linked, is.
#include "base/error.h"
#include "base/files.h"
#include "base/parallel.h"
#include "base/process.h"
#include "base/run_tool.h"
#include "compile/workshop.h"
#include "distro/debian.h"
#include "elf/function_records.h"
#include "klp/module.h"
#include "produce/tool_files.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>

namespace {

using namespace kpatch;
namespace fs = std::filesystem;

struct Pair {
  std::string unit;
  std::string parent;
};

enum class Outcome {
  kLinked,
  kNewCodeOnly,
  kRefused,
  kUnchanged,
  kDifferFailed,
  kLinkFailed
};

struct Result {
  Outcome outcome = Outcome::kLinkFailed;
  std::string said;
};

struct Corpus {
  fs::path set;
  fs::path unpacked;
  fs::path output;
  fs::path sides; ///< holds orig/ and patched/
  fs::path tool;
  fs::path hook_sources;
  kernel::Target target;
};

/// Spread over the list, from those of which a module can be made.
std::vector<Pair> read_pairs(const fs::path& set, std::size_t sample) {
  std::vector<Pair> pairs;
  for (const auto& entry : nlohmann::json::parse(read_text(set / "expected.json")))
    if (sample == 0 || entry["exit"] == 0)
      pairs.push_back({entry["unit"], entry["parent"]});
  if (sample == 0 || sample >= pairs.size())
    return pairs;
  std::vector<Pair> chosen;
  for (std::size_t i = 0; i < sample; ++i)
    chosen.push_back(pairs[i * pairs.size() / sample]);
  return chosen;
}

fs::path find_sides(const fs::path& unpacked) {
  for (const fs::directory_entry& entry : fs::directory_iterator(unpacked))
    if (fs::is_directory(entry.path() / "orig"))
      return entry.path();
  fail("{}: there is no directory with orig/ and patched/ in it", unpacked.string());
}

/// Sizes of the kernel's structures as a build script hands them over.
std::map<std::string, std::string> size_variables() {
  return {{"JUMP_STRUCT_SIZE", "16"},       {"BUG_STRUCT_SIZE", "12"},
          {"STATIC_CALL_STRUCT_SIZE", "8"}, {"ORC_STRUCT_SIZE", "6"},
          {"EX_STRUCT_SIZE", "12"},         {"ALT_STRUCT_SIZE", "12"},
          {"PARA_STRUCT_SIZE", "16"}};
}

Result compare(const Corpus& corpus, const Pair& pair, const fs::path& output) {
  const fs::path object = fs::path(pair.unit).replace_extension(".o");
  const kpatch::Outcome done =
      run({.argv = {corpus.tool.string(), (corpus.sides / "orig" / object).string(),
                    (corpus.sides / "patched" / object).string(), pair.parent,
                    (corpus.unpacked / "symtab" / (pair.parent + ".symtab")).string(),
                    (corpus.unpacked / "Module.symvers").string(), "livepatch_test",
                    output.string()},
           .environment = size_variables(),
           .timeout_seconds = 120});
  switch (done.timed_out ? -1 : done.status) {
  case 0: return {Outcome::kLinked, ""};
  case 1:
  case 2: return {Outcome::kRefused, done.errors};
  case 3: return {Outcome::kUnchanged, ""};
  default: return {Outcome::kDifferFailed, done.errors};
  }
}

Result link(const Corpus& corpus, const Pair& pair, std::size_t number) {
  const std::string stem = fs::path(pair.unit).stem().string();
  const std::string name =
      klp::checked_module_name(fmt::format("corpus{:03}-{}", number, stem));
  const fs::path work = corpus.output / ("work-" + name);
  fs::create_directories(work);
  const fs::path object = work / "output.o";
  Result result = compare(corpus, pair, object);
  if (result.outcome != Outcome::kLinked)
    return result;
  try {
    klp::build_module({.objects = {object},
                       .name = name,
                       .replace = false, // so that all can be in effect together
                       .source_tree = corpus.target.source,
                       .object_tree = corpus.target.objects,
                       .hook_sources = corpus.hook_sources,
                       .work_dir = work,
                       .hook_cache = corpus.target.cache / "hooks",
                       .output = corpus.output / (name + ".ko")});
    fs::remove_all(work);
    // What only brings code for other units is no patch by itself: kpatch refuses it.
    const fs::path module = corpus.output / (name + ".ko");
    if (elf::function_records(elf::read_object(module)).records.empty()) {
      fs::remove(module);
      result.outcome = Outcome::kNewCodeOnly;
    }
  } catch (const Error& error) {
    result = {Outcome::kLinkFailed, error.what()};
  }
  return result;
}

const char* word(Outcome outcome) {
  switch (outcome) {
  case Outcome::kLinked: return "linked";
  case Outcome::kNewCodeOnly: return "new code only";
  case Outcome::kRefused: return "refused";
  case Outcome::kUnchanged: return "unchanged";
  case Outcome::kDifferFailed: return "DIFFER FAILED";
  case Outcome::kLinkFailed: return "LINK FAILED";
  }
  return "";
}

int link_all(const Corpus& corpus, const std::vector<Pair>& pairs) {
  std::vector<Result> results(pairs.size());
  const auto job = [&](std::size_t i) { results[i] = link(corpus, pairs[i], i); };
  if (!pairs.empty())
    job(0); // leaves the compiled hook in the cache for the others
  for_each_in_parallel(pairs.empty() ? 0 : pairs.size() - 1,
                       std::thread::hardware_concurrency(),
                       [&](std::size_t i) { job(i + 1); });
  std::map<std::string, int> counts;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Outcome outcome = results[i].outcome;
    ++counts[word(outcome)];
    fmt::print("{:<13} {:03} {} ({})\n", word(outcome), i, pairs[i].unit,
               pairs[i].parent);
    if (outcome == Outcome::kDifferFailed || outcome == Outcome::kLinkFailed)
      fmt::print("{}\n", results[i].said);
  }
  for (const auto& [what, count] : counts)
    fmt::print("{} {}\n", count, what);
  return counts.contains(word(Outcome::kDifferFailed)) ||
                 counts.contains(word(Outcome::kLinkFailed))
             ? 1
             : 0;
}

int run_arguments(const std::vector<std::string>& arguments) {
  if (arguments.size() < 4)
    fail("usage: link_corpus RELEASE SET UNPACKED OUTPUT [SAMPLE]");
  Corpus corpus{
      .set = arguments[1],
      .unpacked = fs::absolute(arguments[2]),
      .output = fs::absolute(arguments[3]),
      .sides = find_sides(fs::absolute(arguments[2])),
      .tool = fs::read_symlink("/proc/self/exe").parent_path() / "create-diff-object",
      .hook_sources = produce::find_hook_sources(),
      .target = distro::debian_target(
          {.release = arguments[0],
           .progress = [](std::string_view line) { fmt::print(stderr, "{}\n", line); }})};
  if (read_bytes(corpus.unpacked / "Module.symvers") != read_bytes(corpus.target.symvers))
    fail("{}: the objects are of another kernel than {} {}", corpus.set.string(),
         corpus.target.release, corpus.target.version);
  fs::create_directories(corpus.output);
  const std::size_t sample = arguments.size() > 4 ? std::stoul(arguments[4]) : 0;
  return link_all(corpus, read_pairs(corpus.set, sample));
}

} // namespace

int main(int argc, char** argv) {
  return run_tool("link_corpus: ", [&] {
    return run_arguments({argv + 1, argv + argc});
  });
}
