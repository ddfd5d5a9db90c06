// SPDX-License-Identifier: GPL-2.0-or-later
#include "patch/kconfig_changes.h"

#include <gtest/gtest.h>

namespace kpatch::patch {
namespace {

constexpr std::string_view kOriginal = "if NET\n"
                                       "config OFF\n"
                                       "\ttristate \"Off\"\n"
                                       "\tdepends on PCI\n"
                                       "\thelp\n"
                                       "\t  Say N.\n"
                                       "\n"
                                       "\t  default y is a word here.\n"
                                       "config ON\n"
                                       "\tbool \"On\"\n"
                                       "endif\n";

std::string with(std::string_view old, std::string_view replacement) {
  std::string text(kOriginal);
  text.replace(text.find(old), old.size(), replacement);
  return text;
}

bool is_harmless(const std::string& patched) {
  return gives_same_options(kOriginal, patched,
                            kernel::Config::parse("CONFIG_ON=y\n", ".config"));
}

TEST(KconfigChanges, DoNoHarmToOptionsThatAreOff) {
  EXPECT_TRUE(
      is_harmless(with("\tdepends on PCI\n", "\tdepends on PCI\n\tdepends on X\n")));
  EXPECT_TRUE(is_harmless(with("\tdepends on PCI\n", "\tdepends on PCI\n\tselect X\n")));
  EXPECT_TRUE(is_harmless(with("Say N.", "Say Y.\n\t  select X")));
  EXPECT_TRUE(is_harmless(with("config ON\n", "# why\nconfig ON\n")));
}

TEST(KconfigChanges, CountWhereTheyMayChangeAnOption) {
  EXPECT_FALSE(is_harmless(with("\tbool \"On\"\n", "\tbool \"On\"\n\tdepends on X\n")));
  EXPECT_FALSE(is_harmless(with("\tbool \"On\"\n", "\tbool \"On\"\n\tselect X\n")));
  EXPECT_FALSE(is_harmless(with("\tdepends on PCI\n", "")));
  EXPECT_FALSE(is_harmless(with("\tdepends on PCI\n", "\tdepends on PCI || X\n")));
  EXPECT_FALSE(
      is_harmless(with("\tdepends on PCI\n", "\tdepends on PCI\n\tdefault y\n")));
  EXPECT_FALSE(is_harmless(with("if NET\n", "if NET && X\n")));
  EXPECT_FALSE(is_harmless(with("endif\n", "config NEW\n\tdef_bool y\nendif\n")));
  // A line at the left edge ends the help.
  EXPECT_FALSE(is_harmless(with("\t  Say N.\n", "\t  Say N.\ndefault y\n")));
}

} // namespace
} // namespace kpatch::patch
