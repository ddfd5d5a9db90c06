// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/files.h"
#include "base/problem_codes.h"

#include <algorithm>
#include <filesystem>
#include <gmock/gmock.h>
#include <regex>
#include <set>
#include <vector>

namespace kpatch {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAreArray;
using ::testing::IsSubsetOf;

const fs::path kTree = KPATCH_SOURCE_DIR;

std::vector<std::string> sorted_rows() {
  std::vector<std::string> rows;
  for (const ProblemCode& row : kProblemCodes)
    rows.push_back(std::string(row.code) + ": " + std::string(row.meaning));
  std::ranges::sort(rows);
  return rows;
}

std::set<std::string> codes_of_table() {
  std::set<std::string> codes;
  for (const ProblemCode& row : kProblemCodes)
    codes.emplace(row.code);
  return codes;
}

/// What the first group of `pattern` catches in the text, in order.
std::vector<std::string> found(const std::string& text, const char* pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> all;
  for (std::sregex_iterator match(text.begin(), text.end(), expression), end;
       match != end; ++match)
    all.push_back((*match)[1]);
  return all;
}

/// Those in files below `folder`, but for the table itself.
std::set<std::string> codes_in(const fs::path& folder) {
  std::set<std::string> codes;
  for (const auto& entry : fs::recursive_directory_iterator(kTree / folder))
    if (entry.is_regular_file() && entry.path().filename() != "problem_codes.h")
      for (std::string& code : found(read_text(entry.path()), "(KP[0-9]{4})"))
        codes.insert(std::move(code));
  return codes;
}

TEST(ProblemCodes, StandOnce) {
  EXPECT_EQ(codes_of_table().size(), std::size(kProblemCodes));
}

TEST(ProblemCodes, AreTheSectionsOfTheirPage) {
  std::vector<std::string> headings =
      found(read_text(kTree / "docs/problems.md"), "\n## (KP[0-9]{4}: [^\n]*)");
  std::ranges::sort(headings);
  EXPECT_THAT(headings, ElementsAreArray(sorted_rows()));
}

TEST(ProblemCodes, AreThoseThatTheSourceUses) {
  EXPECT_EQ(codes_in("src"), codes_of_table());
}

TEST(ProblemCodes, AreThoseThatThePagesName) {
  EXPECT_THAT(codes_in("docs"), IsSubsetOf(codes_of_table()));
}

} // namespace
} // namespace kpatch
