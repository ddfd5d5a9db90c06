// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/option_table.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch {
namespace {

using testing::ElementsAre;

struct Seen {
  std::string name;
  int replaced = 0;
  bool is_loud = false;
  bool is_wrong = false;
};

constexpr Option<Seen> kTable[] = {
    {"name", 'n', "NAME", "Name of the thing",
     [](Seen& to, const std::string& value) { to.name = value; }},
    {"non-replace", 'R', nullptr, "Keep the others",
     [](Seen& to, const std::string&) { ++to.replaced; }},
    {"no-replace", 'R', nullptr, kSame,
     [](Seen& to, const std::string&) { ++to.replaced; }},
    {"old", 0, nullptr, nullptr, [](Seen&, const std::string&) {}},
    {"loud", 0, nullptr,
     "Say all that there is to say, in as many words as are needed to "
     "fill more than one line",
     [](Seen& to, const std::string&) { to.is_loud = true; }},
};

std::pair<Seen, std::vector<std::string>> read(std::vector<std::string> words) {
  Seen seen;
  words.insert(words.begin(), "program");
  const auto rest =
      parse_options(std::move(words), forms_of(kTable),
                    [&](std::optional<std::size_t> row, const std::string& value) {
                      if (row)
                        kTable[*row].set(seen, value);
                      else
                        seen.is_wrong = true;
                      return row.has_value();
                    });
  return {seen, rest};
}

TEST(OptionTable, TakesOptionsAnywhereAndAbbreviated) {
  const auto [seen, rest] = read({"a", "--lo", "-nx", "b", "--", "--loud"});
  EXPECT_TRUE(seen.is_loud);
  EXPECT_EQ(seen.name, "x");
  EXPECT_THAT(rest, ElementsAre("a", "b", "--loud"));
}

TEST(OptionTable, ReadsFromTheFirstWordEachTime) {
  EXPECT_EQ(read({"--name=x"}).first.name, "x");
  EXPECT_EQ(read({"--name", "y"}).first.name, "y");
}

TEST(OptionTable, TakesNamesOfOneLetterForOneOption) {
  EXPECT_EQ(read({"-R", "--no", "--non-replace", "--no-replace"}).first.replaced, 4);
}

TEST(OptionTable, ReportsWrongOptions) {
  EXPECT_TRUE(read({"--loud=1"}).first.is_wrong);
  EXPECT_TRUE(read({"--name"}).first.is_wrong);
  EXPECT_TRUE(read({"-x"}).first.is_wrong);
}

TEST(ParseCommand, SetsWhatTheOptionsSayAndGivesTheRest) {
  Seen seen;
  EXPECT_THAT(parse_command("try", kTable, {"a", "-n", "x", "b"}, seen),
              ElementsAre("a", "b"));
  EXPECT_EQ(seen.name, "x");
}

TEST(ParseCommand, SaysWhereToReadOnAfterAWrongCall) {
  Seen seen;
  try {
    parse_command("try", kTable, {"--unheard-of"}, seen);
    FAIL() << "a wrong call";
  } catch (const std::exception& error) {
    EXPECT_STREQ(error.what(), "try: --unheard-of: no such option, or its argument is "
                               "missing; see kpatch try --help");
  }
}

TEST(OptionTable, HelpsFromTheSameRows) {
  EXPECT_EQ(
      options_help(forms_of(kTable)),
      "  -n, --name NAME            Name of the thing\n"
      "  -R, --non-replace, --no-replace\n"
      "                             Keep the others\n"
      "      --loud                 Say all that there is to say, in as many words as\n"
      "                             are needed to fill more than one line\n");
}

} // namespace
} // namespace kpatch
