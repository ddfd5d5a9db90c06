// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_kernel.h"
#include "produce/module_check.h"
#include "small_kernel.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::produce {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;

/// What is checked is what `kpatch verify` checks: the whole version magic, for one,
/// which nothing before the finished file can know.
TEST(ModuleCheck, AsksTheJudgeOfFinishedModules) {
  FakeKernel kernel;
  kernel.target.release = test::kSmallRelease;
  kernel.target.image = kernel.root.path() / "vmlinux";
  write_file(kernel.target.image, test::small_kernel());
  elf::Object module;
  module.header.machine = EM_X86_64;
  constexpr std::string_view kInfo(
      "license=GPL\0livepatch=Y\0vermagic=6.1.0-1-test SMP\0", 51);
  module.add_section({.name = ".modinfo",
                      .flags = SHF_ALLOC,
                      .data = Bytes(kInfo.begin(), kInfo.end())});
  write_file(kernel.root.path() / "patch.ko", elf::write_object(module));
  EXPECT_THAT(module_problems(kernel.target, kernel.root.path() / "patch.ko"),
              Contains(AllOf(Field(&Problem::code, "KP5005"),
                             Field(&Problem::message, HasSubstr("version magic")))));
}

/// Nobody can read images of such kernels here, and there is none.
TEST(ModuleCheck, JudgesTheModuleAloneWhereImagesCannotBeRead) {
  constexpr std::uint16_t kLoongarch = 258;
  constexpr std::uint32_t kPageHigh = 71; // R_LARCH_PCALA_HI20
  const FakeKernel kernel;
  elf::Object module;
  module.header.machine = kLoongarch;
  const elf::SymbolId jiffies =
      module.add_symbol({.name = "jiffies", .binding = STB_GLOBAL});
  module.add_section({.name = ".text.f",
                      .flags = SHF_ALLOC | SHF_EXECINSTR,
                      .data = Bytes(4),
                      .has_relocations = true,
                      .relocations = {{0, kPageHigh, jiffies, 0}}});
  write_file(kernel.root.path() / "patch.ko", elf::write_object(module));
  EXPECT_THAT(module_problems(kernel.target, kernel.root.path() / "patch.ko"),
              testing::ElementsAre(Field(&Problem::code, "KP5015")));
}

} // namespace
} // namespace kpatch::produce
