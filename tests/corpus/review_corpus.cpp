// SPDX-License-Identifier: GPL-2.0-or-later
//
// usage: review_corpus SET UNPACKED HAZARDS
//
// Puts the pairs of objects that SET/expected.json lists as changed before the safety
// review and prints what it finds. They are real corrections of a kernel, nearly all
// harmless: fails unless exactly those that HAZARDS names are warned of.
#include "base/error.h"
#include "base/files.h"
#include "base/run_tool.h"
#include "elf/object.h"
#include "review/review.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <set>
#include <sstream>

namespace {

using namespace kpatch;
namespace fs = std::filesystem;

fs::path find_sides(const fs::path& unpacked) {
  for (const fs::directory_entry& entry : fs::directory_iterator(unpacked))
    if (fs::is_directory(entry.path() / "orig"))
      return entry.path();
  if (fs::is_directory(unpacked / "orig"))
    return unpacked;
  fail("{}: there is no directory with orig/ and patched/ in it", unpacked.string());
}

std::vector<Problem> review_pair(const fs::path& sides, const nlohmann::json& entry) {
  const std::string unit = entry["unit"];
  const fs::path object = fs::path(unit).replace_extension(".o");
  const elf::Object original = elf::read_object(sides / "orig" / object);
  const elf::Object patched = elf::read_object(sides / "patched" / object);
  review::ReviewedUnit reviewed{unit, original, patched, {}};
  for (const auto& name : entry["changed"])
    reviewed.replaced.insert(name.get<std::string>());
  return review::review({&reviewed, 1});
}

/// Lines "unit reason"; '#' begins a remark.
std::set<std::string> read_hazards(const fs::path& file) {
  std::set<std::string> units;
  std::istringstream lines(read_text(file));
  for (std::string line; std::getline(lines, line);)
    if (!line.empty() && line[0] != '#')
      units.insert(line.substr(0, line.find(' ')));
  return units;
}

int run(int argc, char** argv) {
  if (argc != 4)
    fail("usage: review_corpus SET UNPACKED HAZARDS");
  const fs::path sides = find_sides(argv[2]);
  std::size_t pairs = 0;
  std::set<std::string> warned;
  for (const auto& entry :
       nlohmann::json::parse(read_text(fs::path(argv[1]) / "expected.json"))) {
    if (entry["exit"] != 0)
      continue;
    const std::vector<Problem> findings = review_pair(sides, entry);
    for (const Problem& finding : findings)
      fmt::print("{}: {}: {} [{}]\n", finding.object, finding.symbol, finding.message,
                 finding.code);
    ++pairs;
    if (!findings.empty())
      warned.insert(entry["unit"]);
  }
  fmt::print("{} of {} real changes warned of, {} passed in silence\n", warned.size(),
             pairs, pairs - warned.size());
  const std::set<std::string> hazards = read_hazards(argv[3]);
  std::vector<std::string> wrong;
  std::ranges::set_symmetric_difference(warned, hazards, std::back_inserter(wrong));
  for (const std::string& unit : wrong)
    fmt::print("{}: {}\n", unit,
               hazards.contains(unit) ? "a hazard that is not found" : "a false alarm");
  return wrong.empty() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  return kpatch::run_tool("review_corpus: ", [&] { return run(argc, argv); });
}
