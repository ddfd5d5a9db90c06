// SPDX-License-Identifier: GPL-2.0-or-later
// Which object the code of a patch means when it uses a name.
#include "diff/object_builder.h"
#include "klp/convert.h"
#include "klp/foreign_exports.h"
#include "klp/intermediate.h"

#include <gtest/gtest.h>

namespace kpatch::klp {
namespace {

using namespace diff::testing;

constexpr std::uint8_t kRet = 0xc3;
constexpr std::uint8_t kNop = 0x90;

/// "TABLE SYMBOL" of each livepatch relocation.
std::vector<std::string> livepatch_references(Diffing& diffing,
                                              const elf::Object& original,
                                              const elf::Object& patched) {
  diff::Result result = diffing.run(original, patched);
  std::vector<std::string> found;
  if (!result.delta)
    return {"no delta"};
  elf::Object object = make_intermediate(std::move(*result.delta));
  convert_to_livepatch(object, {});
  for (const elf::LivepatchRelocations& table : object.livepatch)
    for (const elf::Relocation& relocation : table.relocations)
      if (!object.symbols[relocation.symbol].name.ends_with("__fentry__,0"))
        found.push_back(table.name + " " + object.symbols[relocation.symbol].name);
  return found;
}

elf::Object using_statics(std::uint8_t binding, std::uint8_t filler) {
  ObjectBuilder builder;
  builder.function("scaled", {kNop, kRet}, binding);
  builder.variable("total", Bytes(8, 1), binding);
  builder.function("f", {0xe8, 0, 0, 0, 0, 0x8b, 0x04, 0x25, 0, 0, 0, 0, filler, kRet});
  builder.add_relocation("f", 6, R_X86_64_PLT32, builder.symbol("scaled"), -4);
  builder.add_relocation("f", 13, R_X86_64_32S, builder.symbol("total"), 0);
  return builder.build();
}

TEST(WhoseSymbol, WhatMerelyBecameGlobalIsTheKernels) {
  Diffing diffing;
  EXPECT_EQ(
      livepatch_references(diffing, using_statics(STB_LOCAL, kNop),
                           using_statics(STB_GLOBAL, 0xcc)),
      (std::vector<std::string>{".klp.rela.vmlinux..text.f .klp.sym.vmlinux.scaled,1",
                                ".klp.rela.vmlinux..text.f .klp.sym.vmlinux.total,1"}));
}

elf::Object calling(const std::string& name, std::uint8_t filler, bool calls = true) {
  ObjectBuilder builder;
  builder.function("f", {0xe8, 0, 0, 0, 0, filler, kRet});
  if (calls)
    builder.add_relocation("f", 6, R_X86_64_PLT32, builder.symbol(name), -4);
  return builder.build();
}

image::Symvers exports_of(const std::string& owner, const std::string& space) {
  return image::Symvers::parse("0x0\t__fentry__\tvmlinux\tEXPORT_SYMBOL\t\n0x0\tlent\t" +
                                   owner + "\tEXPORT_SYMBOL_GPL\t" + space + "\n",
                               "symvers");
}

TEST(WhoseSymbol, ExportsForNamedModulesAreReachedByLivepatch) {
  Diffing diffing;
  diffing.parent = "mod_x";
  diffing.symvers = exports_of("arch/x86/kvm/kvm", "module:mod-x");
  EXPECT_EQ(livepatch_references(diffing, calling("lent", kNop), calling("lent", 0xcc)),
            std::vector<std::string>{".klp.rela.mod_x..text.f .klp.sym.kvm.lent,0"});
}

TEST(WhoseSymbol, OfVmlinuxTheyAreInATableOfVmlinux) {
  Diffing diffing;
  diffing.parent = "mod_x";
  diffing.symvers = exports_of("vmlinux", "module:mod-x");
  EXPECT_EQ(
      livepatch_references(diffing, calling("lent", kNop), calling("lent", 0xcc)),
      std::vector<std::string>{".klp.rela.vmlinux..text.f .klp.sym.vmlinux.lent,0"});
}

std::vector<std::string> strangers(const std::string& parent,
                                   const elf::Object& original) {
  Diffing diffing;
  diffing.parent = parent;
  diffing.symvers = exports_of("drivers/other", "");
  const diff::Result result = diffing.run(original, calling("lent", 0xcc));
  std::vector<std::string> messages;
  for (const Problem& problem :
       references_to_strangers(*result.delta, lenders_of(original, diffing.symvers))) {
    EXPECT_EQ(problem.code, "KP3002");
    EXPECT_NE(problem.message.find("module other"), std::string::npos);
    EXPECT_FALSE(problem.remedy.empty());
    messages.push_back(problem.symbol);
  }
  return messages;
}

TEST(WhoseSymbol, WhatAModuleExportsThatNothingHoldsIsRefused) {
  for (const char* parent : {"vmlinux", "mod_x"})
    EXPECT_EQ(strangers(parent, calling("lent", kNop, false)),
              std::vector<std::string>{"lent"});
}

TEST(WhoseSymbol, WhatThePatchedObjectDependsOnIsNot) {
  EXPECT_EQ(strangers("mod_x", calling("lent", kNop)), std::vector<std::string>{});
  EXPECT_EQ(strangers("other", calling("lent", kNop, false)), std::vector<std::string>{});
}

} // namespace
} // namespace kpatch::klp
