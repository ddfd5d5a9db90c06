// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "elf/object.h"
#include "klp/module.h"
#include "klp/records.h"

#include <gtest/gtest.h>

namespace kpatch::klp {
namespace {

namespace fs = std::filesystem;

TEST(ModuleName, ReplacesWhatKbuildCannotTake) {
  EXPECT_EQ(checked_module_name("livepatch-a.b c/d"), "livepatch-a-b-c-d");
  EXPECT_EQ(checked_module_name("Live_9"), "Live_9");
}

TEST(ModuleName, IsAsLongAsTheKernelTakes) {
  EXPECT_NO_THROW(checked_module_name(std::string(55, 'x')));
  EXPECT_THROW(checked_module_name(std::string(56, 'x')), Error);
  EXPECT_THROW(checked_module_name(""), Error);
}

/// The first part's tables and the second's as the linker joins them.
class LinkerScript : public testing::Test {
 protected:
  void link(std::initializer_list<elf::Object> objects) {
    Command command{
        .argv = {"ld", "-r", "-T", fs::path(KPATCH_SOURCE_DIR) / "kmod/kpatch.lds", "-o",
                 scratch_.path() / "linked.o"}
    };
    for (const elf::Object& object : objects) {
      const fs::path path = scratch_.path() / fmt::format("{}.o", command.argv.size());
      write_file(path, elf::write_object(object));
      command.argv.push_back(path);
    }
    run_checked(command);
    linked_ = elf::read_object(scratch_.path() / "linked.o");
  }

  /// Distance of a pair of bounds, which must lie in the section of that name.
  std::uint64_t extent(const std::string& begin, const std::string& section) const {
    const elf::Symbol& first = linked_.symbols[linked_.find_symbol(begin)];
    const elf::Symbol& last = linked_.symbols[linked_.find_symbol(begin + "_end")];
    EXPECT_EQ(linked_.sections[first.section].name, section);
    EXPECT_EQ(first.section, last.section);
    EXPECT_EQ(first.value, 0u);
    EXPECT_NE(linked_.sections[first.section].flags & SHF_ALLOC, 0u);
    EXPECT_GT(linked_.sections[first.section].size(), last.value);
    return last.value - first.value;
  }

  static elf::Object with(const std::string& section, std::size_t size) {
    elf::Object object;
    object.header.machine = EM_X86_64;
    object.add_section(
        {.name = section, .flags = SHF_ALLOC, .alignment = 8, .data = Bytes(size)});
    return object;
  }

  TempDir scratch_{"kpatch-lds-test-"};
  elf::Object linked_;
};

TEST_F(LinkerScript, BoundsTheJoinedTables) {
  link({with(".kpatch.funcs", records::func::kSize),
        with(".kpatch.funcs", 2 * records::func::kSize),
        with(".kpatch.callbacks.post_patch", 16)});
  EXPECT_EQ(extent("__kpatch_funcs", ".kpatch.funcs"), 3 * records::func::kSize);
  EXPECT_EQ(extent("__kpatch_callbacks_post_patch", ".kpatch.callbacks.post_patch"), 16u);
}

TEST_F(LinkerScript, KeepsTablesThatNobodyHas) {
  link({with(".text", 1)});
  EXPECT_EQ(extent("__kpatch_funcs", ".kpatch.funcs"), 0u);
  for (const std::string kind :
       {"pre_patch", "post_patch", "pre_unpatch", "post_unpatch"})
    EXPECT_EQ(extent("__kpatch_callbacks_" + kind, ".kpatch.callbacks." + kind), 0u);
}

} // namespace
} // namespace kpatch::klp
