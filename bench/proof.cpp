// SPDX-License-Identifier: GPL-2.0-or-later
//
// How far compiled originals are what runs: takes units of a kernel evenly from its list,
// compiles them as kpatch-build does, and matches them with what is shipped.
// usage: proof RELEASE|BUILD [UNITS | UNIT.c...]; BUILD is the folder of a finished build
#include "base/error.h"
#include "base/module_name.h"
#include "base/parallel.h"
#include "base/run_tool.h"
#include "cache/layout.h"
#include "cache/object_store.h"
#include "compile/compile.h"
#include "compile/unit_objects.h"
#include "compile/work_dir.h"
#include "distro/find_target.h"
#include "image/image.h"
#include "match/match.h"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <thread>

namespace {
using namespace kpatch;
using match::Verdict;
namespace fs = std::filesystem;

constexpr std::size_t kDefaultUnits = 300;

struct Totals {
  std::map<Verdict, std::size_t> verdicts;
  std::size_t units = 0, references = 0, wrong = 0, located = 0;
  double milliseconds = 0;
};

/// What is not code of the running kernel although it is in its image: that of user
/// space, and what runs before the kernel is where it was linked to, under names with a
/// prefix.
bool runs_elsewhere(const std::string& unit) {
  return unit.find("vdso") != std::string::npos ||
         unit.find("/kernel/pi/") != std::string::npos;
}

/// Units in C of the kernel and of every module, every n-th.
std::vector<std::string> choose(const kernel::UnitIndex& index, std::size_t count) {
  std::vector<std::string> all;
  for (const auto& [unit, owners] : index.all())
    if (unit.ends_with(".c") && !runs_elsewhere(unit))
      all.push_back(unit);
  std::vector<std::string> chosen;
  for (std::size_t i = 0; i < std::min(count, all.size()); ++i)
    chosen.push_back(all[i * all.size() / std::min(count, all.size())]);
  return chosen;
}

class Images {
 public:
  explicit Images(const kernel::Target& target) : target_(target) {}
  const image::Image& get(const std::string& owner) {
    auto found = images_.find(owner);
    if (found == images_.end()) {
      const fs::path& file = target_.shipped_file(owner);
      found = images_
                  .emplace(owner, owner == kVmlinux ? image::read_kernel_image(file)
                                                    : image::read_module_image(file))
                  .first;
    }
    return found->second;
  }

 private:
  const kernel::Target& target_;
  std::map<std::string, image::Image> images_;
};

const char* word(Verdict verdict) {
  switch (verdict) {
  case Verdict::kEqual: return "equal";
  case Verdict::kMoved: return "equal but for widths of jumps";
  case Verdict::kOverridden: return "weak default, overridden";
  case Verdict::kDifferent: return "different";
  case Verdict::kMissing: return "not in the image";
  case Verdict::kAmbiguous: return "ambiguous";
  }
  return "";
}

void add(const std::string& unit, const std::string& owner, const match::UnitMatch& match,
         Totals& totals) {
  ++totals.units;
  totals.references += match.references;
  totals.wrong += match.wrong.size();
  totals.located += match.located.size();
  for (const match::FunctionMatch& function : match.functions) {
    ++totals.verdicts[function.verdict];
    if (!function.is_proven())
      fmt::print("{} ({}): {}: {} +{:#x} '{}' '{}'\n", unit, owner, function.name,
                 word(function.verdict), function.offset, function.ours, function.theirs);
  }
  for (const match::WrongReference& wrong : match.wrong)
    fmt::print("{} ({}): {}+{:#x}: refers to {} instead of {}\n", unit, owner, wrong.from,
               wrong.offset, wrong.found, wrong.wanted);
}

void print(const std::string& release, const Totals& totals) {
  std::size_t functions = 0;
  for (const auto& [verdict, count] : totals.verdicts)
    functions += count;
  fmt::print("{}: {} units, {} functions compared\n", release, totals.units, functions);
  for (const auto& [verdict, count] : totals.verdicts)
    fmt::print("  {:<32} {}\n", word(verdict), count);
  fmt::print(
      "  references read back {}, wrong {}; symbols located {}; {:.1f} ms a unit\n",
      totals.references, totals.wrong, totals.located,
      totals.milliseconds / static_cast<double>(std::max<std::size_t>(totals.units, 1)));
}

/// The commands are recorded many at a time, which saves most of kbuild's work.
void record_commands(const compile::Workshop& shop,
                     const std::vector<std::string>& units) {
  constexpr std::size_t kBatch = 10;
  for (std::size_t i = 0; i < units.size(); i += kBatch) {
    const auto batch = std::span(units).subspan(i, std::min(kBatch, units.size() - i));
    std::vector<compile::UnitFailure> failures;
    compile::unit_commands(shop, batch, failures);
  }
}

/// Whoever asks for one of them later finds it in the cache; so do errors.
void compile_originals(const compile::Workshop& shop,
                       const std::vector<std::string>& units) {
  for_each_in_parallel(units.size(), shop.jobs, [&](std::size_t i) {
    try {
      const compile::UnitCommand command = compile::command_as_shipped(shop, units[i]);
      if (command.generated.empty())
        compile::original_object(shop, {.command = command,
                                        .source_tree = shop.target.source,
                                        .build_tree = shop.target.objects,
                                        .object = shop.work / fmt::format("{}.o", i)});
    } catch (const Error&) {
    }
  });
}

/// What was asked for by name, or that many.
std::vector<std::string> chosen(const kernel::UnitIndex& index,
                                const std::vector<std::string>& asked) {
  if (asked.empty())
    return choose(index, kDefaultUnits);
  return asked[0].ends_with(".c") ? asked : choose(index, std::stoul(asked[0]));
}

int measure(const std::string& release, const std::vector<std::string>& asked) {
  kernel::TargetRequest request;
  if (fs::is_directory(release))
    request.overrides.source = release;
  else
    request.release = release;
  const kernel::Target target = distro::find_target(request);
  compile::WorkDir work(cache::default_cache() / "tmp");
  compile::BuildLog log;
  compile::Workshop shop{target, work.path(), log,
                         std::max(1U, std::thread::hardware_concurrency())};
  shop.originals = cache::default_cache() / cache::kOriginals;
  const std::vector<std::string> units = chosen(target.units, asked);
  record_commands(shop, units);
  compile_originals(shop, units);
  Images images(target);
  Totals totals;
  for (const std::string& unit : units) {
    try {
      const compile::UnitCommand command = compile::command_as_shipped(shop, unit);
      if (!command.generated.empty())
        continue; // such a unit needs a tree of its own
      const fs::path file =
          compile::original_object(shop, {.command = command,
                                          .source_tree = target.source,
                                          .build_tree = target.objects,
                                          .object = work.path() / "unit.o"});
      const elf::Object object = elf::read_object(file);
      for (const std::string& owner : target.units.owners(unit)) {
        const image::Image& image = images.get(owner);
        const auto begin = std::chrono::steady_clock::now();
        const match::UnitMatch match = match::match_unit(object, image);
        totals.milliseconds += std::chrono::duration<double, std::milli>(
                                   std::chrono::steady_clock::now() - begin)
                                   .count();
        add(unit, owner, match, totals);
      }
    } catch (const Error& error) {
      fmt::print("{}: not compiled: {}\n", unit,
                 std::string_view(error.what()).substr(0, 200));
    }
  }
  print(release, totals);
  return totals.wrong == 0 && totals.verdicts[Verdict::kDifferent] == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2)
    return fmt::print(stderr, "usage: proof RELEASE|BUILD [UNITS | UNIT.c...]\n"), 1;
  return run_tool("proof: ", [&] { return measure(argv[1], {argv + 2, argv + argc}); });
}
