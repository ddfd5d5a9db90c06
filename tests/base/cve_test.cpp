// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/cve.h"
#include "base/error.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Cve, IsGivenInCapitals) {
  EXPECT_EQ(checked_cve("cve-2026-1111"), "CVE-2026-1111");
}

TEST(Cve, NumbersHaveFourToNineteenDigits) {
  EXPECT_EQ(checked_cve("CVE-2026-1234567890123456789"), "CVE-2026-1234567890123456789");
  EXPECT_THROW(checked_cve("CVE-2026-123"), Error);
  EXPECT_THROW(checked_cve("CVE-2026-12345678901234567890"), Error);
}

TEST(Cve, ZerosMayBeLeftOutOfAQuestion) {
  EXPECT_EQ(asked_cve("cve-2026-1", Exit::kError), "CVE-2026-0001");
  EXPECT_EQ(asked_cve("CVE-2026-123", Exit::kError), "CVE-2026-0123");
  EXPECT_EQ(asked_cve("CVE-2026-0012", Exit::kError), "CVE-2026-0012");
  EXPECT_EQ(asked_cve("CVE-2026-12345", Exit::kError), "CVE-2026-12345");
  for (const char* text : {"CVE-2026-", "2026-1", "CVE-2026-1x", "CVE-26-1"})
    EXPECT_THROW(asked_cve(text, Exit::kError), Error) << text;
}

TEST(Cve, YearsHaveFourDigits) {
  EXPECT_THROW(checked_cve("CVE-202-1111"), Error);
  EXPECT_THROW(checked_cve("CVE-20266-1111"), Error);
}

TEST(Cve, NothingElseIsPartOfAnId) {
  for (const char* text : {"", "CVE-", "CVE-2026-1111 and more", " CVE-2026-1111",
                           "CVE_2026-1111", "CVE-2026_1111"})
    EXPECT_THROW(checked_cve(text), Error) << text;
}

TEST(Cve, AreFoundInATextSortedAndOnce) {
  EXPECT_THAT(
      cves_in("Fixes CVE-2026-2222, (CVE-2025-1111); CVE-2026-2222: and CVE-20-1 not"),
      ElementsAre("CVE-2025-1111", "CVE-2026-2222"));
  EXPECT_THAT(cves_in("CVE-CVE-2026-3333"), ElementsAre("CVE-2026-3333"));
  EXPECT_THAT(cves_in("none here: cve-2026-3333"), IsEmpty());
}

} // namespace
} // namespace kpatch
