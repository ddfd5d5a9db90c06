// SPDX-License-Identifier: GPL-2.0-or-later
#include "patch/affected_units.h"

#include <gtest/gtest.h>

namespace kpatch::patch {
namespace {

Affected affected(std::vector<TouchedFile> files,
                  decltype(MakefileFacts::missing_option) off = {}) {
  kernel::UnitIndex units;
  units.add("fs/proc/meminfo.c", "vmlinux");
  units.add("net/ip_vs_est.c", "ip_vs");
  units.add("arch/x86/lib/memcpy_64.S", "vmlinux");
  units.add("kernel/sched/build_policy.c", "vmlinux");
  units.add("arch/x86/kernel/cpu.c", "vmlinux");
  IncludeIndex includes;
  const auto add = [&](const std::string& file, const std::string& included) {
    const IncludeIndex::FileId id = includes.add_file(file);
    includes.add_include(id, includes.add_file(included));
  };
  add("kernel/sched/build_policy.c", "kernel/sched/rt.c");
  add("boot/main.c", "net/ip_vs_est.c");
  add("fs/proc/meminfo.c", "net/ip_vs_est.c");
  add("fs/proc/meminfo.c", "include/linux/fs.h");
  add("arch/x86/boot/main.c", "arch/x86/boot/boot.h");
  add("fs/proc/meminfo.c", "arch/x86/include/generated/asm/local64.h");
  add("fs/proc/meminfo.c", "include/uapi/linux/fs.h");
  return affected_units(
      files, units, includes,
      {.missing_option = std::move(off), .serves_the_build = [](const std::string& path) {
         return path == "lib/gen_table.c";
       }});
}

TouchedFile changed(std::string path) {
  return {std::move(path), true, true};
}

TEST(AffectedUnits, AreTheTouchedFilesThatTheKernelWasMadeFrom) {
  const Affected result =
      affected({changed("fs/proc/meminfo.c"), changed("net/ip_vs_est.c")});
  EXPECT_EQ(result.units,
            (std::vector<std::string>{"fs/proc/meminfo.c", "net/ip_vs_est.c"}));
  EXPECT_TRUE(result.problems.empty());
}

TEST(AffectedUnits, LeaveOutWhatNoKernelIsMadeOf) {
  const Affected result =
      affected({changed("Documentation/x.rst"), changed("MAINTAINERS"),
                changed("tools/testing/selftests/x.c"), changed("fs/proc/README")});
  EXPECT_EQ(result.ignored.size(), 4u);
  EXPECT_TRUE(result.problems.empty());
}

TEST(AffectedUnits, LeaveOutTreesAndNamesThatNoKernelIsMadeOf) {
  for (const char* path :
       {"scripts/checkpatch.pl", "arch/x86/boot/dts/board.dts", "drivers/x.dtsi",
        "arch/x86/configs/x86_64_defconfig", "kernel/configs/debug.config",
        "samples/x/Makefile", "tools/perf/Makefile.perf"}) {
    const Affected result = affected({changed(path)});
    EXPECT_EQ(result.ignored, (std::vector<LeftOut>{{path, WhyLeftOut::kNoCode, ""}}))
        << path;
    EXPECT_TRUE(result.problems.empty()) << path;
  }
  EXPECT_EQ(affected({changed("scripts/Makefile.lib")}).problems.size(), 1u);
}

TEST(AffectedUnits, LeaveOutEverythingOfOtherArchitectures) {
  for (const char* path : {"arch/arm64/kernel/entry.S", "arch/arm64/Makefile",
                           "arch/arm64/Kconfig", "arch/arm64/tools/x.tbl"}) {
    const Affected result = affected({changed(path)});
    EXPECT_EQ(result.ignored,
              (std::vector<LeftOut>{{path, WhyLeftOut::kArchitecture, ""}}))
        << path;
    EXPECT_TRUE(result.problems.empty()) << path;
  }
}

TEST(AffectedUnits, LeaveOutWhatAnOptionKeepsOut) {
  const auto off = [](const std::string&) { return std::string("CONFIG_OFF"); };
  const TouchedFile fresh{"drivers/new.c", false, true};
  const std::vector<TouchedFile> files = {changed("arch/x86/xen/off.c"),
                                          changed("arch/x86/lib/off.S"),
                                          changed("drivers/off/Makefile"), fresh};
  const Affected result = affected(files, off);
  ASSERT_EQ(result.ignored.size(), 4u);
  for (const LeftOut& file : result.ignored)
    EXPECT_EQ(file.option, "CONFIG_OFF");
  EXPECT_TRUE(result.problems.empty());
  // What is compiled is compiled, whatever the lists seem to say.
  EXPECT_EQ(affected({changed("fs/proc/meminfo.c")}, off).units.size(), 1u);
  EXPECT_EQ(affected({changed("arch/x86/lib/memcpy_64.S")}, off).problems.size(), 1u);
}

TEST(AffectedUnits, RefuseToRenameWhatIsCompiled) {
  const TouchedFile from{"fs/proc/meminfo.c", true, false, ChangeKind::kRename,
                         "fs/proc/other.c"};
  const TouchedFile to{"fs/proc/other.c", false, true, ChangeKind::kRename,
                       "fs/proc/meminfo.c"};
  const Affected result = affected({from, to});
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].code, "KP1009");
  EXPECT_EQ(result.problems[0].object, "fs/proc/meminfo.c");
  EXPECT_NE(result.problems[0].message.find("renames this file to fs/proc/other.c"),
            std::string::npos);
  const TouchedFile header{"include/linux/fs.h", true, false, ChangeKind::kRename, "x.h"};
  EXPECT_EQ(affected({header}).problems.size(), 1u);
}

TEST(AffectedUnits, LeaveOutRenamesOfWhatIsNot) {
  const TouchedFile from{"drivers/off.c", true, false, ChangeKind::kRename,
                         "drivers/n.c"};
  const TouchedFile to{"drivers/n.c", false, true, ChangeKind::kRename, "drivers/off.c"};
  const Affected result = affected({from, to});
  EXPECT_EQ(result.ignored.size(), 2u);
  EXPECT_TRUE(result.problems.empty());
}

TEST(AffectedUnits, RefuseLinksAndBinaryFilesOfTheKernel) {
  for (const ChangeKind kind :
       {ChangeKind::kBinary, ChangeKind::kLink, ChangeKind::kSubmodule}) {
    const TouchedFile file{"drivers/x.bin", true, true, kind};
    EXPECT_EQ(affected({file}).problems.size(), 1u);
    const TouchedFile picture{"Documentation/x.gif", false, false, kind};
    EXPECT_TRUE(affected({picture}).problems.empty());
    EXPECT_EQ(affected({picture}).ignored.size(), 1u);
  }
}

TEST(AffectedUnits, TakeNewFilesToBeCheckedLater) {
  const TouchedFile added{"fs/proc/new.h", false, true};
  EXPECT_EQ(affected({added}).to_be_included, std::vector{added});
  const TouchedFile passing{"fs/gone.h", false, false};
  EXPECT_TRUE(affected({passing}).to_be_included.empty());
}

TEST(AffectedUnits, RefuseNewHeadersThatHideOthers) {
  const auto added = [](const char* path) {
    return affected({TouchedFile{path, false, true}});
  };
  const Affected result = added("arch/x86/include/asm/local64.h");
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].code, "KP1005");
  EXPECT_NE(result.problems[0].message.find("arch/x86/include/generated/asm/local64.h"),
            std::string::npos);
  EXPECT_EQ(added("arch/x86/include/linux/fs.h").problems.size(), 1u);
  for (const char* path : {"arch/x86/include/asm/new.h", "include/asm/local64.h",
                           "include/uapi/linux/new.h", "fs/proc/local64.h"})
    EXPECT_EQ(added(path).to_be_included.size(), 1u) << path;
}

TEST(AffectedUnits, RefuseWhatUnitsAreGeneratedFrom) {
  const Affected result = affected({changed("arch/x86/lib/x86-opcode-map.txt")});
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].code, "KP1005");
}

TEST(AffectedUnits, TakeUnitsThatMayIncludeATouchedFileAsCandidates) {
  const Affected rt = affected({changed("kernel/sched/rt.c")});
  EXPECT_TRUE(rt.units.empty());
  EXPECT_EQ(rt.candidates, std::vector<std::string>{"kernel/sched/build_policy.c"});
  EXPECT_EQ(rt.to_be_included, std::vector{changed("kernel/sched/rt.c")});

  const Affected est = affected({changed("net/ip_vs_est.c")});
  EXPECT_EQ(est.units, std::vector<std::string>{"net/ip_vs_est.c"});
  EXPECT_EQ(est.candidates, std::vector<std::string>{"fs/proc/meminfo.c"});
  EXPECT_TRUE(est.to_be_included.empty());
}

TEST(AffectedUnits, LeaveHeadersToBeLookedInto) {
  EXPECT_EQ(affected({changed("include/linux/fs.h")}).headers,
            std::vector<std::string>{"include/linux/fs.h"});
}

TEST(AffectedUnits, LeaveOutFilesThatNoUnitReads) {
  const Affected result = affected({changed("arch/arm64/kernel/cpu.c"),
                                    changed("drivers/off.c"),
                                    changed("drivers/off.h"),
                                    {"drivers/gone.h", true, false}});
  EXPECT_EQ(result.ignored.size(), 4u);
  EXPECT_TRUE(result.problems.empty());
}

TEST(AffectedUnits, SayWhyAFileThatMustBeIncludedIsNot) {
  EXPECT_EQ(not_included(changed("fs/off.c")).code, "KP1004");
  const Problem constants = not_included(changed("arch/x86/kernel/asm-offsets.c"));
  EXPECT_NE(constants.message.find("constants for headers and assembly"),
            std::string::npos); // it was compiled, but gave no code
  EXPECT_EQ(not_included({"fs/new.c", false, true}).code, "KP1007");
}

TEST(AffectedUnits, ReportEveryFileThatCannotBePatchedWithItsReason) {
  const std::pair<TouchedFile, const char*> cases[] = {
      {changed("arch/x86/lib/memcpy_64.S"), "KP1002"},
      {changed("fs/proc/Makefile"), "KP1003"},
      {{"fs/new/Makefile", false, true}, "KP1003"},
      {changed("arch/x86/Makefile.um"), "KP1003"},
      {changed("arch/x86/entry/syscall.tbl"), "KP1005"},
      {{"fs/proc/meminfo.c", true, false}, "KP1006"},
      {changed("arch/x86/boot/main.c"), "KP1004"},
      {changed("arch/x86/boot/boot.h"), "KP1004"},
      {changed("arch/x86/xen/off.c"), "KP1004"},
  };
  for (const auto& [file, code] : cases) {
    const Affected result = affected({file});
    ASSERT_EQ(result.problems.size(), 1u) << file.path;
    EXPECT_EQ(result.problems[0].code, code) << file.path;
    EXPECT_EQ(result.problems[0].object, file.path);
    EXPECT_FALSE(result.problems[0].message.empty());
    EXPECT_FALSE(result.problems[0].remedy.empty());
  }
}

TEST(AffectedUnits, RefuseWhatTheBuildCompilesForItself) {
  const Affected result = affected({changed("lib/gen_table.c"), changed("lib/other.c")});
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].code, "KP1004");
  EXPECT_EQ(result.problems[0].object, "lib/gen_table.c");
  EXPECT_EQ(result.ignored,
            (std::vector<LeftOut>{{"lib/other.c", WhyLeftOut::kUnread, ""}}));
}

} // namespace
} // namespace kpatch::patch
