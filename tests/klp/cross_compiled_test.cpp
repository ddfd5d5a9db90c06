// SPDX-License-Identifier: GPL-2.0-or-later
// What compilers of other processors make of a patch, where they are installed: with the
// options for a patch, and with what is done to its code, all that it refers to outside
// is within reach.
#include "arch/arch.h"
#include "base/process.h"
#include "klp/module_part.h"
#include "scratch.h"

#include <gtest/gtest.h>

namespace kpatch::klp {
namespace {

using Words = std::vector<std::string>;

/// opens() is patched and show(), too; all else stays in the kernel.
constexpr std::string_view kUnit = R"(
struct file;
int keep(struct file *, int (*)(int), int (*)(int));
int take(long);
extern int shared;
static int counter, table[100];
static long total;
void reset(long to) { total = to; }
__attribute__((noinline)) static int helper(int a) { return counter += table[a]; }
__attribute__((noinline)) static int other(int a) { return helper(a) * 5; }
__attribute__((noinline)) static int show(int a) { return helper(a) + shared + WHAT; }
int opens(struct file *f) { return helper(WHAT) + keep(f, show, other) + take(total); }
)";

struct Compiler {
  const char* processor;
  const char* program;
  Words options; ///< as the kernel's makefiles have them
};

class CrossCompiled : public ::testing::TestWithParam<Compiler> {
 protected:
  void SetUp() override {
    if (find_program(GetParam().program).empty())
      GTEST_SKIP() << "no " << GetParam().program;
    directory_.file("u.c", kUnit);
  }

  elf::Object compile(const std::string& what, const Words& options) {
    Words argv = {GetParam().program, "-O2", "-ffunction-sections", "-fdata-sections",
                  "-DWHAT=" + what};
    argv.insert(argv.end(), GetParam().options.begin(), GetParam().options.end());
    argv.insert(argv.end(), options.begin(), options.end());
    argv.insert(argv.end(), {"-c", "u.c"});
    run_checked({.argv = argv, .directory = directory_.path()});
    return elf::read_object(directory_.path() / "u.o");
  }

  elf::Object module_part(const Words& options) {
    return testing::module_part(compile("1", options), compile("2", options));
  }

  /// What code of the object refers to outside and does not reach, or not come back from.
  static Words out_of_reach(const elf::Object& object) {
    const arch::Arch& arch = arch::arch_for(object);
    Words found;
    const auto check = [&](elf::SectionId id, const elf::Relocation& relocation) {
      const elf::Symbol& symbol = object.symbols[relocation.symbol];
      const elf::Section& section = object.sections[id];
      if (section.is_text() && relocation.symbol && !symbol.is_defined() &&
          (!arch.reaches_outside(section, relocation) ||
           !arch.comes_back(section, relocation, symbol.name)))
        found.push_back(symbol.name);
    };
    for (elf::SectionId id = 1; id < object.sections.size(); ++id)
      for (const elf::Relocation& relocation : object.sections[id].relocations)
        check(id, relocation);
    for (const elf::LivepatchRelocations& table : object.livepatch)
      for (const elf::Relocation& relocation : table.relocations)
        check(table.target, relocation);
    return found;
  }

  const Scratch directory_;
};

TEST_P(CrossCompiled, PatchesReachWhatStaysInTheKernel) {
  const Words options =
      arch::find_arch(GetParam().processor)->patch_options(GetParam().options);
  const elf::Object object = module_part(options);
  EXPECT_EQ(out_of_reach(object), Words());
  if (!options.empty()) {
    EXPECT_NE(out_of_reach(module_part({})), Words()) << "what are they for, then?";
  }
}

TEST_P(CrossCompiled, PatchesHandOutFunctionsOfTheKernel) {
  const elf::Object object = module_part(
      arch::find_arch(GetParam().processor)->patch_options(GetParam().options));
  std::set<std::string> late;
  for (const elf::LivepatchRelocations& table : object.livepatch)
    for (const elf::Relocation& relocation : table.relocations)
      late.insert(object.symbols[relocation.symbol].name);
  for (const char* function : {"show", "other", "helper"})
    EXPECT_TRUE(late.contains(".klp.sym.vmlinux." + std::string(function) + ",1"))
        << function;
}

INSTANTIATE_TEST_SUITE_P(
    All, CrossCompiled,
    ::testing::Values(Compiler{"aarch64",
                               "aarch64-linux-gnu-gcc",
                               {"-fno-pie", "-fpatchable-function-entry=2"}},
                      Compiler{
                          "s390x",
                          "s390x-linux-gnu-gcc",
                          {"-fPIE", "-march=z10", "-pg", "-mfentry", "-mnop-mcount"}},
                      Compiler{"ppc64le",
                               "powerpc64le-linux-gnu-gcc",
                               {"-fno-pie", "-mcmodel=medium", "-pg", "-mprofile-kernel",
                                "-mtraceback=no"}}),
    [](const auto& tested) { return std::string(tested.param.processor); });

} // namespace
} // namespace kpatch::klp
