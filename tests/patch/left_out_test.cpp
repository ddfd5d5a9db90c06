// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/files.h"
#include "patch/left_out.h"
#include "patch/needed_option.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::patch {
namespace {
namespace fs = std::filesystem;

class MissingOption : public testing::Test {
 protected:
  void put(const std::string& path, const std::string& text) {
    fs::create_directories((root_.path() / path).parent_path());
    write_file(root_.path() / path, text);
  }
  std::string missing(const std::string& path) {
    return missing_option(
        root_.path(), kernel::Config::parse("CONFIG_ON=y\nCONFIG_M=m\n", "config"), path);
  }

  TempDir root_{"kpatch-option-test."};
};

TEST_F(MissingOption, StandsInTheListOfAFile) {
  put("d/Makefile", "obj-$(CONFIG_OFF) += a.o \\\n\tb.o\nobj-$(CONFIG_ON) += c.o\n"
                    "obj-$(subst m,y,$(CONFIG_OFF)) += s.o\n");
  EXPECT_EQ(missing("d/a.c"), "CONFIG_OFF");
  EXPECT_EQ(missing("d/b.S"), "CONFIG_OFF");
  EXPECT_EQ(missing("d/s.c"), "CONFIG_OFF");
  EXPECT_EQ(missing("d/c.c"), "");
  EXPECT_EQ(missing("d/unknown.c"), "");
}

TEST_F(MissingOption, StandsInTheListOfItsComposite) {
  put("d/Makefile", "obj-$(CONFIG_OFF) += x.o\nobj-$(CONFIG_M) += y.o\n"
                    "x-y := a.o\nx-objs += b.o\ny-$(CONFIG_OTHER) += c.o\ny-y += d.o\n");
  EXPECT_EQ(missing("d/a.c"), "CONFIG_OFF");
  EXPECT_EQ(missing("d/b.c"), "CONFIG_OFF");
  EXPECT_EQ(missing("d/c.c"), "CONFIG_OTHER");
  EXPECT_EQ(missing("d/d.c"), "");
}

TEST_F(MissingOption, StandsWhereAFolderIsEntered) {
  put("Kbuild", "obj-y += drivers/\n");
  put("drivers/Makefile", "obj-$(CONFIG_OFF) += off/\nobj-y += on/\n");
  put("drivers/off/deep/Makefile", "obj-y += a.o\n");
  put("drivers/off/Makefile", "obj-y += deep/\n");
  EXPECT_EQ(missing("drivers/off/deep/a.c"), "CONFIG_OFF");
  EXPECT_EQ(missing("drivers/off/a.h"), "CONFIG_OFF");
  EXPECT_EQ(missing("drivers/off/Makefile"), "CONFIG_OFF");
  EXPECT_EQ(missing("drivers/on/a.h"), "");
}

TEST_F(MissingOption, StandsInTheListOfAFolderAboveOneThatHasNone) {
  put("d/Makefile", "obj-y += x.o\nx-y += sub/a.o\nx-$(CONFIG_OFF) += sub/b.o\n");
  put("own/Makefile", "x-$(CONFIG_OFF) += sub/c.o\n");
  put("own/sub/Makefile", "obj-y += d.o\n");
  EXPECT_EQ(missing("d/sub/a.c"), "");
  EXPECT_EQ(missing("d/sub/b.c"), "CONFIG_OFF");
  EXPECT_EQ(missing("own/sub/c.c"), "");
}

TEST_F(MissingOption, StandsInAConditionAroundTheList) {
  put("d/Makefile", "ifdef CONFIG_OFF\nobj-y += a.o\nelse\nobj-y += b.o\nendif\n"
                    "ifeq ($(CONFIG_OFF),y)\nobj-$(CONFIG_ON) += c.o\nendif\n"
                    "ifneq ($(CONFIG_OFF),)\nobj-y += d.o\nendif\n"
                    "ifneq ($(CONFIG_OFF),y)\nobj-y += e.o\nendif\n");
  EXPECT_EQ(missing("d/a.c"), "CONFIG_OFF");
  EXPECT_EQ(missing("d/b.c"), "");
  EXPECT_EQ(missing("d/c.c"), "CONFIG_OFF");
  EXPECT_EQ(missing("d/d.c"), "CONFIG_OFF");
  EXPECT_EQ(missing("d/e.c"), "");
}

TEST_F(MissingOption, IsNoneIfOneOfTwoListsCounts) {
  put("d/Makefile", "obj-$(CONFIG_OFF) += a.o\nobj-$(CONFIG_ON) += a.o\n");
  EXPECT_EQ(missing("d/a.c"), "");
}

TEST_F(MissingOption, DoesNotFollowComposesInACircle) {
  put("d/Makefile", "x-y := y.o\ny-y := x.o\n");
  EXPECT_EQ(missing("d/x.c"), "");
}

TEST(LeftOut, IsToldOnceForEachReason) {
  const std::vector<LeftOut> files = {{"Documentation/x", WhyLeftOut::kNoCode},
                                      {"d/a.c", WhyLeftOut::kOption, "CONFIG_OFF"},
                                      {"tools/y", WhyLeftOut::kNoCode}};
  EXPECT_THAT(
      notices_of(files),
      testing::ElementsAre(
          "NOTICE: Documentation/x, tools/y: left out: no kernel is built from it",
          "NOTICE: d/a.c: left out: CONFIG_OFF is off in this kernel"));
  EXPECT_EQ(not_affected_because(files), "the patch does not affect this kernel\n"
                                         "d/a.c: CONFIG_OFF is off in this kernel");
}

} // namespace
} // namespace kpatch::patch
