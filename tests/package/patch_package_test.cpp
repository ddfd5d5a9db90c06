// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "package/patch_package.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <gmock/gmock.h>

namespace kpatch::package {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(PatchPackage, WrapsBetweenWords) {
  EXPECT_THAT(wrapped("one two  three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(wrapped("longer-than-a-line and", 6),
              ElementsAre("longer-than-a-line", "and"));
  EXPECT_THAT(wrapped("", 10), ElementsAre(""));
}

TEST(PatchPackage, NamesWhoAnswersForIt) {
  unsetenv("DEBFULLNAME");
  unsetenv("DEBEMAIL");
  EXPECT_EQ(maintainer_of("A B <a@b.example>"), "A B <a@b.example>");
  EXPECT_THROW(maintainer_of("A B"), Error);
  setenv("DEBFULLNAME", "C D", 1);
  EXPECT_THROW(maintainer_of(""), Error);
  setenv("DEBEMAIL", "c@d.example", 1);
  EXPECT_EQ(maintainer_of(""), "C D <c@d.example>");
  EXPECT_EQ(maintainer_of("A B"), "C D <c@d.example>");
  unsetenv("DEBFULLNAME");
  unsetenv("DEBEMAIL");
}

TEST(PatchPackage, RefusesOtherFormats) {
  EXPECT_THROW(check_format("zip", "A B <a@b.example>"), Error);
}

TEST(PatchPackage, GivesItsScriptsNamesAsWordsOfTheShell) {
  PatchPackage package{};
  package.name = "kpatch-patch-6.1";
  package.release = "6.1";
  package.file = "it's.ko";
  const Scripts scripts = scripts_of(package);
  EXPECT_THAT(scripts.begin, HasSubstr("release='6.1'\n"));
  EXPECT_THAT(scripts.begin, HasSubstr("file='it'\\''s.ko'\n"));
  EXPECT_THAT(scripts.begin, HasSubstr("folder='/usr/lib/kpatch/6.1'\n"));
}

} // namespace
} // namespace kpatch::package
