// SPDX-License-Identifier: GPL-2.0-or-later
// Which symbol of the kernel is meant, told from the text that readelf prints of it.
#include "base/error.h"
#include "diff/lookup.h"
#include "diff/object_builder.h"

#include <gtest/gtest.h>

namespace kpatch::diff {
namespace {

using namespace testing;

/// unit.o has the locals `helper` and those given; f, which changes, calls `helper`.
class Lookup : public ::testing::Test {
 protected:
  elf::Object unit(std::uint8_t filler) const {
    ObjectBuilder builder;
    const elf::SymbolId helper = builder.function("helper", {0xc3}, STB_LOCAL);
    for (const std::string& name : more_locals_)
      builder.variable(name, Bytes(8));
    builder.function("f", {0xe8, 0, 0, 0, 0, filler, 0xc3}, STB_GLOBAL);
    builder.add_relocation("f", 6, R_X86_64_PLT32, helper, -4);
    return builder.build();
  }

  /// What `name` is found to be in a table with these lines after the heading.
  std::optional<Found> find(const std::string& lines, bool is_local = true,
                            const std::string& name = "helper") {
    index_ = image::SymbolIndex::from_readelf(
        "Symbol table '.symtab' contains 9 entries:\n"
        "   Num:    Value          Size Type    Bind   Vis      Ndx Name\n" +
            lines,
        "symtab");
    const Result result = compare(unit(0x90), unit(0xcc),
                                  {.label = "unit.o",
                                   .parent = parent_,
                                   .parent_symbols = index_,
                                   .symvers = symvers_,
                                   .sizes = {}});
    EXPECT_TRUE(result.delta);
    const Delta& delta = *result.delta;
    const SymbolId file = delta.ties.empty() ? kNoSymbol : delta.ties.begin()->first;
    return look_up(delta.inputs, delta.ties,
                   {.name = name, .file = file, .is_local = is_local});
  }

  std::string complaint(const std::string& lines) {
    try {
      find(lines);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }

  static std::string file(const std::string& name) {
    return "     1: 0000000000000000     0 FILE    LOCAL  DEFAULT  ABS " + name + "\n";
  }
  static std::string local(const std::string& address, const std::string& name,
                           const std::string& type = "FUNC   ") {
    return "     2: ffffffff8100" + address + "    16 " + type + " LOCAL  DEFAULT    1 " +
           name + "\n";
  }

  std::vector<std::string> more_locals_;
  std::string parent_ = "vmlinux";
  image::SymbolIndex index_;
  image::Symvers symvers_;
};

TEST_F(Lookup, TellsFilesOfOneNameApartByAllTheirLocals) {
  more_locals_ = {"state"};
  const auto found = find(file("unit.c") + local("1000", "helper") + file("unit.c") +
                          local("2000", "helper") + local("3000", "state", "OBJECT ") +
                          file("unit.c") + local("4000", "state", "OBJECT "));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->address, 0xffffffff81002000);
  EXPECT_EQ(found->sympos, 2U);
}

TEST_F(Lookup, DoesNotGuessBetweenFilesThatAreAlike) {
  EXPECT_NE(complaint(file("unit.c") + local("1000", "helper") + file("unit.c") +
                      local("2000", "helper"))
                .find("found duplicate matches for this unit's local symbols"),
            std::string::npos);
}

TEST_F(Lookup, CountsByAddressInTheKernelAndByTableInModules) {
  const std::string table =
      file("unit.c") + local("2000", "helper") + file("x.c") + local("1000", "helper");
  EXPECT_EQ(find(table)->sympos, 2U);
  parent_ = "ext4";
  EXPECT_EQ(find(table)->sympos, 1U);
}

TEST_F(Lookup, MindsNoSymbolsThatTheKernelsLinkDiscards) {
  more_locals_ = {"__exitcall_leave", "__UNIQUE_ID___addressable_init12", ".L.str.3",
                  "__trace_check_x", ".L__const.f"};
  EXPECT_TRUE(find(file("unit.c") + local("1000", "helper")));
}

TEST_F(Lookup, SaysWhatIsMissingAndWhatIsExtra) {
  more_locals_ = {"state"};
  const std::string said = complaint(file("unit.c") + local("1000", "helper") +
                                     local("2000", "stranger", "OBJECT "));
  EXPECT_NE(said.find("missing there: state; only there: stranger"), std::string::npos)
      << said;
}

TEST_F(Lookup, OfAUnitThatTheKernelDoesNotHaveNamesTheSymbol) {
  EXPECT_NE(complaint(file("x.c") + local("1000", "helper"))
                .find("so it is unclear which helper is meant"),
            std::string::npos);
}

TEST_F(Lookup, OverlooksUndefinedSymbolsAndTheDynamicTable) {
  const auto found =
      find(file("unit.c") + local("1000", "helper") +
           "     5: 0000000000000000     0 NOTYPE  GLOBAL DEFAULT  UND helper\n"
           "\nSymbol table '.dynsym' contains 2 entries:\n"
           "   Num:    Value          Size Type    Bind   Vis      Ndx Name\n" +
           local("1000", "helper"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->sympos, 1U);
}

TEST_F(Lookup, TakesAWeakSymbolForAGlobal) {
  const auto found =
      find(file("unit.c") + local("1000", "helper") +
               "     7: ffffffff81005000    16 FUNC    WEAK   DEFAULT    1 weakling\n",
           false, "weakling");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->is_global);
  EXPECT_EQ(found->sympos, 0U);
}

TEST_F(Lookup, FindsWhatAnotherModuleExports) {
  symvers_ = image::Symvers::parse(
      "0x0\tkfree\tvmlinux\tEXPORT_SYMBOL\t\n"
      "0x12345678\tnf_hook\tnet/netfilter/nf-conntrack\tEXPORT_SYMBOL_GPL\tNF\n",
      "Module.symvers");
  const auto found = find(file("unit.c") + local("1000", "helper"), false, "nf_hook");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->object, "nf_conntrack");
  EXPECT_TRUE(found->is_exported);
}

TEST(Symvers, HasFourFieldsOrFive) {
  for (const std::string line :
       {"0x0\tf\tvmlinux\tEXPORT_SYMBOL\n", "0x0\tf\tvmlinux\tEXPORT_SYMBOL\t\n",
        "0x0\tf\tvmlinux\tEXPORT_SYMBOL_GPL\tSPACE\n", "0x0\tf\tvmlinux\tEXPORT_SYMBOL"})
    EXPECT_EQ(image::Symvers::parse(line, "Module.symvers").exporter("f"), "vmlinux")
        << line;
}

TEST(Symvers, MayBeCutOffInALineButMustBeOfAKernel) {
  const auto cut = image::Symvers::parse("0x0\tf\tvmlinux\tEXPORT_SYMBOL\n0x0\tg\tvm",
                                         "Module.symvers");
  EXPECT_EQ(cut.exporter("f"), "vmlinux");
  EXPECT_EQ(
      image::Symvers::parse("0x0\tf\tvmlinux\tEXPORT_SYMBOL\n0x0\tg\n", "Module.symvers")
          .exporter("g"),
      "");
  EXPECT_THROW(image::Symvers::parse("0x0\tf\n", "Module.symvers"), Error);
}

} // namespace
} // namespace kpatch::diff
