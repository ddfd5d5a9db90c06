// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "elf/object.h"
#include "klp/hook.h"
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
    Command command{.argv = {"ld", "-r", "-T",
                             fs::path(KPATCH_SOURCE_DIR) / "kmod/kpatch.lds", "-o",
                             scratch_.path() / "linked.o"}};
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

/// A kernel whose makefile makes hook objects without unwind data, and an objtool of
/// ours.
class HookOfATree : public testing::Test {
 protected:
  HookOfATree() {
    const fs::path root = scratch_.path();
    for (const char* directory : {"source", "objects/tools/objtool", "kmod/include"})
      fs::create_directories(root / directory);
    write_file(root / "source/Makefile",
               std::string_view("hook.o:\n\tcc -c -x c /dev/null -o $(M)/$@\n"));
    for (const char* file : {"hook.c", "hook.h", "include/kpatch-records.h"})
      write_file(root / "kmod" / file, std::string_view("\n"));
    request_.source_tree = root / "source";
    request_.object_tree = root / "objects";
    request_.hook_sources = root / "kmod";
  }

  Bytes hook(const std::string& config, const std::string& objtool) {
    write_file(request_.object_tree / ".config", std::string_view(config));
    write_file(objtool_, std::string_view("#!/bin/sh\n" + objtool), 0755);
    return compiled_hook(request_, scratch_.path() / "hook");
  }

  TempDir scratch_{"kpatch-hook-tree-test-"};
  ModuleRequest request_;
  fs::path objtool_ = scratch_.path() / "objects/tools/objtool/objtool";
};

constexpr const char* kOrc = "CONFIG_UNWINDER_ORC=y\n";

/// objtool exits with status 0 and in silence also where it has done nothing.
TEST_F(HookOfATree, MustHaveTheUnwindDataThatObjtoolMakes) {
  try {
    hook(kOrc, "exit 0\n");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(),
              objtool_.native() + ": objtool has made no unwind data for the hook");
    EXPECT_NE(error.remedy().find(objtool_.native()), std::string::npos);
  }
}

TEST_F(HookOfATree, GoesThroughObjtoolAsAModuleDoes) {
  const Bytes made = hook(kOrc, "[ \"$1 $2\" = '--orc --module' ] || exec echo \"$@\"\n"
                                "exec objcopy --add-section .orc_unwind=\"$0\" \"$3\"\n");
  write_file(scratch_.path() / "made.o", made);
  EXPECT_NE(elf::read_object(scratch_.path() / "made.o").find_section(".orc_unwind"),
            elf::kNoSection);
}

TEST_F(HookOfATree, NeedsNoObjtoolWhereTheKernelHasOtherUnwindData) {
  EXPECT_NO_THROW(hook("CONFIG_UNWINDER_FRAME_POINTER=y\n", "echo called\n"));
}

} // namespace
} // namespace kpatch::klp
