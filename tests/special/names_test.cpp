// SPDX-License-Identifier: GPL-2.0-or-later
#include "special/names.h"

#include <gtest/gtest.h>

namespace kpatch::special {
namespace {

TEST(SameName, OverlooksTheNumbersOfCompilers) {
  EXPECT_TRUE(is_same_name("foo.isra.0", "foo.isra.3"));
  EXPECT_TRUE(is_same_name("foo.cold", "foo.cold.12"));
  EXPECT_TRUE(is_same_name("foo.part.1.cold.2", "foo.part.9.cold"));
  EXPECT_TRUE(is_same_name("x.llvm.123", "x.llvm.9"));
  EXPECT_TRUE(is_same_name("x.llvm.123.cold", "x.cold"));
  EXPECT_FALSE(is_same_name("x.llvm.123", "y.llvm.123"));
  EXPECT_TRUE(is_same_name("__UNIQUE_ID_alias12", "__UNIQUE_ID_alias345"));
  EXPECT_TRUE(is_same_name("__UNIQUE_ID_ddebug12.3", "__UNIQUE_ID_ddebug45.6"));
}

TEST(SameName, OverlooksCountersAndLines) {
  EXPECT_TRUE(is_same_name("__BTF_ID__func__f__1214", "__BTF_ID__func__f__981"));
  EXPECT_TRUE(
      is_same_name("__UNIQUE_ID___addressable_f4", "__UNIQUE_ID___addressable_f51"));
  EXPECT_TRUE(is_same_name("___addressable_f4", "___addressable_f51"));
  EXPECT_FALSE(is_same_name("__BTF_ID__func__f__1214", "__BTF_ID__func__g__1214"));
}

TEST(PossiblyDiscarded, CountsWhatSymbolGetLeavesBehind) {
  EXPECT_TRUE(is_possibly_discarded("__notrim.0"));
}

TEST(SameName, KeepsApartWhatDiffersInWords) {
  EXPECT_FALSE(is_same_name("foo", "foo.isra.0"));
  EXPECT_FALSE(is_same_name("foo.isra.1", "foo.isra.35.part.36"));
  EXPECT_FALSE(is_same_name("foo", "bar"));
  EXPECT_FALSE(is_same_name("foo1", "foo2"));
  EXPECT_FALSE(is_same_name("__UNIQUE_ID_alias1", "__UNIQUE_ID_author1"));
}

TEST(SameName, TakesStringSectionsLiterally) {
  EXPECT_FALSE(is_same_name(".rodata.str1.1", ".rodata.str1.8"));
}

TEST(NameKey, IsEqualExactlyForSameNames) {
  EXPECT_EQ(name_key("a.1.b.2"), name_key("a.3.b.4"));
  EXPECT_NE(name_key("a.1.b"), name_key("a.b"));
}

TEST(SharedData, IsKnownByTheNamesOfItsParts) {
  EXPECT_TRUE(is_shared_data(".data..read_mostly"));
  EXPECT_FALSE(is_shared_data(".data..percpu..decrypted")); // its place has a meaning
  EXPECT_EQ(shared_data_of(own_data_section(".data..ro_after_init", "x.3")),
            ".data..ro_after_init");
  EXPECT_EQ(shared_data_of(".data..percpu..read_mostly.x"), ".data..percpu..read_mostly");
  for (const std::string_view name :
       {".data..percpu", ".data..percpu..hot.x", ".data..percpu..decrypted", ".data.x"})
    EXPECT_EQ(shared_data_of(name), name);
}

} // namespace
} // namespace kpatch::special
