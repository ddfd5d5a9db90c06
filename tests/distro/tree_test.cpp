// SPDX-License-Identifier: GPL-2.0-or-later
//
// Trees of the user's, with kernels of one file made here.
#include "base/error.h"
#include "base/files.h"
#include "base/host_kernel.h"
#include "cache/record.h"
#include "distro/find_target.h"
#include "distro/tree.h"
#include "image/exports_of.h"
#include "image/vmlinux_text.h"
#include "kernel/compiler.h"
#include "kernel/requirements.h"
#include "scratch.h"

namespace kpatch::distro {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMain =
    "const char banner[] = \"Linux version 6.1.5-mine (me@here) (gcc) #1\";\n"
    "struct alt_instr { int a, b, c; } alt;\n"
    "int exported(void) { return 1; }\n"
    "int licensed(void) { return 2; }\n"
    "asm(\".section __ksymtab,\\\"a\\\"\\n__ksymtab_exported: .long 0\\n"
    ".section __ksymtab_gpl,\\\"a\\\"\\n__ksymtab_licensed: .long 0\\n"
    ".section __kcrctab,\\\"a\\\"\\n__crc_exported: .long 0x12345678\\n"
    ".section __kcrctab_gpl,\\\"a\\\"\\n__crc_licensed: .long 0xabc\\n"
    ".section __ksymtab_strings,\\\"a\\\"\\n.byte 0\\n__kstrtabns_exported: .asciz "
    "\\\"\\\"\\n"
    "__kstrtabns_licensed: .asciz \\\"SPACE\\\"\\n.text\");\n"
    "void _start(void) {}\n";

/// A finished O= build: objects/ of source/.
class Tree : public testing::Test {
 protected:
  Tree() {
    scratch_.file("source/Kbuild", "");
    scratch_.file("source/init/main.c", kMain);
    scratch_.compile("source/init/main.c", "objects/vmlinux", {"-nostdlib", "-static"});
    scratch_.file("objects/.config", kConfig);
    scratch_.file("objects/Module.symvers", "0x1\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n");
    scratch_.file("objects/include/generated/autoconf.h", "");
    scratch_.file("objects/include/generated/utsrelease.h",
                  "#define UTS_RELEASE \"6.1.5-mine\"\n");
    scratch_.file("objects/scripts/mod/modpost", "");
    scratch_.file("source/fs/part.c", "int part(void) { return 1; }");
    scratch_.compile("source/fs/part.c", "objects/fs/my-part.ko", {"-c"});
    scratch_.file("objects/modules.order", "fs/my-part.o\n");
    fs::create_directory_symlink(scratch_ / "source", scratch_ / "objects/source");
  }
  kernel::TargetRequest request() const {
    kernel::TargetRequest request{.cache = scratch_ / "cache"};
    request.overrides.source = scratch_ / "objects";
    return request;
  }
  std::string complaint(const kernel::TargetRequest& wanted) const {
    try {
      find_target(wanted);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  static constexpr const char* kConfig =
      "CONFIG_LIVEPATCH=y\nCONFIG_DEBUG_INFO=y\n"
      "CONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian 12.2.0-14) 12.2.0\"\n";
  Scratch scratch_;
};

TEST_F(Tree, IsUsedWhereItIsIfItWasBuilt) {
  const kernel::Target target = find_target(request());
  EXPECT_EQ(target.release, "6.1.5-mine");
  EXPECT_EQ(target.source, fs::canonical(scratch_ / "source"));
  EXPECT_EQ(target.objects, fs::canonical(scratch_ / "objects"));
  EXPECT_EQ(target.records, target.objects);
  EXPECT_EQ(target.units.owners("source/fs/part.c").size(), 1U);
  EXPECT_EQ(target.modules.at("my_part").shipped, target.objects / "fs/my-part.ko");
  EXPECT_EQ(target.struct_sizes.at("alt_instr"), 12U);
  EXPECT_THAT(target.make_variables, testing::Contains("KERNELRELEASE=6.1.5-mine"));
}

TEST_F(Tree, HasItsFactsMadeAgainIfTheRecordIsOfNoUse) {
  const kernel::Target first = find_target(request());
  const std::string units = first.units.text();
  ASSERT_FALSE(units.empty());
  for (const char* name : {"units", "modules", "struct-sizes"})
    if (const fs::path file = first.cache / name; fs::exists(file))
      write_file(file, std::string_view("source/other.c\tvmlinux\n"));
  const kernel::Target second = find_target(request());
  EXPECT_EQ(second.units.text(), units);
  EXPECT_EQ(second.struct_sizes.at("alt_instr"), 12U);
  EXPECT_EQ(find_target(request()).units.text(), units);
}

TEST_F(Tree, HasSizesLookedUpAgainWhenOtherStructuresAreWanted) {
  const fs::path file = find_target(request()).cache / "struct-sizes";
  cache::write_record(file, "facts-2", "alt_instr 99\n");
  EXPECT_EQ(find_target(request()).struct_sizes.at("alt_instr"), 12U);
}

TEST_F(Tree, MustBeOfTheKernelThatWasAskedFor) {
  kernel::TargetRequest wanted = request();
  wanted.release = "6.1.6";
  EXPECT_THAT(complaint(wanted), testing::StartsWith("Kernel version mismatch"));
}

TEST_F(Tree, MustHaveBeenBuiltTogetherWithItsVmlinux) {
  scratch_.file("objects/include/generated/utsrelease.h",
                "#define UTS_RELEASE \"6.1.4\"");
  EXPECT_THAT(complaint(request()), testing::StartsWith("Kernel version mismatch"));
}

TEST_F(Tree, IsNamedWhenItHasNoVmlinux) {
  fs::remove(scratch_ / "objects/vmlinux");
  EXPECT_THAT(complaint(request()), testing::StartsWith("can't find vmlinux"));
}

TEST_F(Tree, MustBeFinishedIncludingItsModules) {
  fs::remove(scratch_ / "objects/Module.symvers");
  EXPECT_THAT(complaint(request()), testing::HasSubstr("Module.symvers is missing"));
}

TEST_F(Tree, IsRefusedForAllItsOptionsAtOnce) {
  scratch_.file("objects/.config", "CONFIG_DEBUG_INFO_SPLIT=y\n"
                                   "CONFIG_CC_VERSION_TEXT=\"gcc-12\"\n");
  const std::string text = complaint(request());
  for (const char* option : {"CONFIG_LIVEPATCH", "'CONFIG_DEBUG_INFO'",
                             "'CONFIG_DEBUG_INFO_SPLIT' not supported"})
    EXPECT_THAT(text, testing::HasSubstr(option));
}

TEST_F(Tree, IsRefusedWhereItsKernelStopsAllTasks) {
  scratch_.file("source/kernel/livepatch/Kconfig",
                "config LIVEPATCH_PER_TASK_CONSISTENCY\n");
  EXPECT_THAT(complaint(request()),
              testing::HasSubstr("'CONFIG_LIVEPATCH_PER_TASK_CONSISTENCY' is not set"));
}

TEST_F(Tree, IsNotForAnotherProcessorThanTargetArchSays) {
  kernel::TargetRequest wanted = request();
  wanted.machine = "s390x";
  EXPECT_THAT(complaint(wanted), testing::StartsWith("TARGET_ARCH is s390x"));
}

TEST_F(Tree, GivesTheExportsOfItsBinaries) {
  EXPECT_EQ(image::exports_of(scratch_ / "objects/vmlinux", "vmlinux"),
            "0x12345678\texported\tvmlinux\tEXPORT_SYMBOL\t\n"
            "0x00000abc\tlicensed\tvmlinux\tEXPORT_SYMBOL_GPL\tSPACE\n");
}

TEST_F(Tree, SaysWhatItsVmlinuxIs) {
  const fs::path vmlinux = scratch_ / "objects/vmlinux";
  EXPECT_EQ(image::release_of_vmlinux(vmlinux), "6.1.5-mine");
  EXPECT_EQ(image::machine_of_binary(vmlinux), "x86_64");
  EXPECT_THAT(image::compiler_comment(vmlinux), testing::StartsWith("GCC: ("));
  EXPECT_THROW(image::release_of_vmlinux(scratch_ / "objects/fs/my-part.ko"), Error);
}

TEST(ModuleInformation, IsReadFromTheModule) {
  const Scratch scratch;
  scratch.file("m.c", "const char a[] __attribute__((section(\".modinfo\"), used)) = "
                      "\"license=GPL\\0vermagic=6.1.5 SMP\";");
  scratch.compile("m.c", "m.ko", {"-c"});
  EXPECT_EQ(image::modinfo_value(scratch / "m.ko", "vermagic"), "6.1.5 SMP");
  EXPECT_EQ(image::modinfo_value(scratch / "m.ko", "depends"), "");
}

TEST(CompilerOfConfig, HasTheNameThatTheKernelWasBuiltWith) {
  const auto command = [](const char* text, const std::string& prefix = {}) {
    return kernel::compiler_of(kernel::Config::parse(text, "config"), prefix).command;
  };
  EXPECT_EQ(command("CONFIG_CC_VERSION_TEXT=\"nocc-1 (x) 1.2.3\"\n"
                    "CONFIG_GCC_VERSION=10203\n",
                    "s390x-none-"),
            "s390x-none-nocc-1");
  EXPECT_EQ(command("CONFIG_CC_IS_CLANG=y\nCONFIG_CLANG_VERSION=990000\n"
                    "CONFIG_CC_VERSION_TEXT=\"Debian clang version 99.0.0\"\n")
                .substr(0, 5),
            "clang");
}

TEST(CompilerOfConfig, IsACrossCompilerForAnotherProcessor) {
  const auto prefix = [](const char* text, const std::string& machine,
                         const std::string& wish = {}) {
    const std::string line = fmt::format("CONFIG_CC_VERSION_TEXT=\"{}\"\n", text);
    return kernel::compiler_of(kernel::Config::parse(line, "config"), wish, machine)
        .cross_compile;
  };
  const char* native = "gcc-12 (Debian 12.2.0-14) 12.2.0";
  EXPECT_EQ(prefix(native, "aarch64"), "aarch64-linux-gnu-");
  EXPECT_EQ(prefix(native, "ppc64le"), "powerpc64le-linux-gnu-");
  EXPECT_EQ(prefix("s390x-ibm-linux-gcc (GCC) 13.1.0", "s390x"), "s390x-ibm-linux-");
  EXPECT_EQ(prefix(native, "s390x", "s390x-none-"), "s390x-none-");
  EXPECT_EQ(prefix(native, host_kernel().machine), "");
}

TEST(CompilerOfConfig, IsOneForTheProcessorOrRefused) {
  TempDir programs("kpatch-test-");
  const auto refusal = [&](const char* machine) {
    try {
      kernel::check_compiler_processor(
          {.command = programs.path() / "some-gcc", .machine = machine});
    } catch (const Error& error) {
      return error.what() + (": " + error.remedy());
    }
    return std::string();
  };
  EXPECT_THAT(refusal("s390x"), testing::HasSubstr("is not installed"));
  write_file(programs.path() / "some-gcc", "#!/bin/sh\necho powerpc64le-linux-gnu\n",
             0755);
  EXPECT_EQ(refusal("ppc64le"), "");
  EXPECT_EQ(refusal(""), "");
  EXPECT_THAT(refusal("x86_64"),
              testing::HasSubstr("this compiler is for ppc64le, but the kernel is for "
                                 "x86_64: set CROSS_COMPILE to the prefix of a compiler "
                                 "for x86_64, or leave it out and install "
                                 "gcc-x86-64-linux-gnu"));
}

} // namespace
} // namespace kpatch::distro
