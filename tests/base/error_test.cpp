// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace kpatch {
namespace {

TEST(Error, AFullDiskHasARemedyHoweverItIsMet) {
  const std::error_code full = std::make_error_code(std::errc::no_space_on_device);
  const std::filesystem::filesystem_error copying("cannot copy", "/one", "/other", full);
  EXPECT_NE(remedy_of(copying).find("free some space"), std::string::npos);
}

TEST(Error, OwnErrorsKeepTheirRemedyAndOthersHaveNone) {
  EXPECT_EQ(remedy_of(Error("it does not work", "mend it")), "mend it");
  const std::error_code busy = std::make_error_code(std::errc::device_or_resource_busy);
  EXPECT_EQ(remedy_of(std::system_error(busy, "rename")), "");
  EXPECT_EQ(remedy_of(std::runtime_error("something")), "");
}

} // namespace
} // namespace kpatch
