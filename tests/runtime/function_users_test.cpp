// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime/function_users.h"
#include "runtime/load_checks.h"
#include "runtime/operations.h"
#include "runtime/outcomes.h"
#include "runtime/pretended_host.h"
#include "runtime/status.h"

#include <gtest/gtest.h>

#include <gmock/gmock.h>

namespace kpatch::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
namespace fs = std::filesystem;
using namespace std::string_literals;

/// A machine on which ftrace tells its users.
struct Traced : PretendedHost {
  void write(const fs::path& path, std::string_view text) {
    fs::create_directories((places.sysfs / path).parent_path());
    write_file(places.sysfs / path, text);
  }
  void set_enabled_functions(std::string_view text) {
    write("kernel/tracing/enabled_functions", text);
  }
  std::vector<FunctionUser> holders(const std::string& object, const std::string& name) {
    return find_holders(places, {{object, name, 1}});
  }
  std::vector<FunctionUser> bypasses(const std::string& object, const std::string& name) {
    return find_bypasses(places, {{object, name, 1}});
  }
};

constexpr std::string_view kKprobe =
    "f (1) R I     \ttramp: 0xffffffffc0 (kprobe_ftrace_handler+0x0/0x1a0) "
    "->ftrace_regs_caller+0x0\n";

TEST(FunctionUsers, NobodyHoldsAFunctionThatIsOnlyTraced) {
  Traced machine;
  EXPECT_THAT(machine.holders("vmlinux", "f"), IsEmpty());
  machine.set_enabled_functions(
      "f (1) R       \ttramp: 0xf (kprobe_ftrace_handler+0x0/0x1)\n"
      "g (1) R I     \ttramp: 0xf (other_handler+0x0/0x1)\n");
  EXPECT_THAT(machine.holders("vmlinux", "f"), IsEmpty());
}

TEST(FunctionUsers, NameWhoHasAFunctionForHimself) {
  Traced machine;
  machine.set_enabled_functions(kKprobe);
  ASSERT_THAT(machine.holders("vmlinux", "f"), SizeIs(1));
  EXPECT_THAT(machine.holders("vmlinux", "f")[0].holder, HasSubstr("a kprobe"));
  EXPECT_TRUE(machine.holders("vmlinux", "f")[0].is_certain);
  machine.set_enabled_functions("f (1) R I     \ttramp: 0xf (other_handler+0x0/0x1)\n");
  EXPECT_EQ(machine.holders("vmlinux", "f")[0].holder, "the ftrace user other_handler");
}

TEST(FunctionUsers, TellFunctionsOfModulesApart) {
  Traced machine;
  machine.set_enabled_functions("f [loop] (1) R I     \ttramp: 0xf (h+0x0/0x1)\n");
  EXPECT_THAT(machine.holders("vmlinux", "f"), IsEmpty());
  EXPECT_THAT(machine.holders("loop", "f"), SizeIs(1));
}

TEST(FunctionUsers, AreUncertainWhereTheNameIsNotUnique) {
  Traced machine;
  machine.set_enabled_functions(kKprobe);
  machine.write("kernel/tracing/available_filter_functions", "f\nf [loop]\ng\n");
  EXPECT_TRUE(machine.holders("vmlinux", "f").at(0).is_certain);
  machine.write("kernel/tracing/available_filter_functions", "f\ng\nf\n");
  EXPECT_FALSE(machine.holders("vmlinux", "f").at(0).is_certain);
}

TEST(FunctionUsers, LivePatchesShareFunctions) {
  Traced machine;
  machine.set_enabled_functions(
      "f (1) R I     \ttramp: 0xf (klp_ftrace_handler+0x0/0x1)\n");
  EXPECT_THAT(machine.holders("vmlinux", "f"), IsEmpty());
  machine.set_enabled_functions("f (2) R I     \n"); // with a tracer: no handler is named
  EXPECT_THAT(machine.holders("vmlinux", "f"), SizeIs(1));
  machine.kernel.add_patch("old", false);
  machine.kernel.add_object("old", "vmlinux", {"f,1"});
  EXPECT_THAT(machine.holders("vmlinux", "f"), IsEmpty());
}

TEST(FunctionUsers, MayBypassAPatch) {
  Traced machine;
  machine.set_enabled_functions(
      "f (1) R   D   \ttramp: 0xf (klp_ftrace_handler+0x0/0x1)\n"
      "\tdirect-->bpf_trampoline_6442453466+0x0/0x6b\n");
  EXPECT_THAT(machine.bypasses("vmlinux", "g"), IsEmpty());
  ASSERT_THAT(machine.bypasses("vmlinux", "f"), SizeIs(1));
  EXPECT_THAT(machine.bypasses("vmlinux", "f")[0].holder, HasSubstr("fmod_ret"));
}

TEST(FunctionUsers, OverrideOnlyWhereTheKernelLetsThem) {
  Traced machine;
  machine.write("kernel/debug/kprobes/list", "ffffffff8 k f+0x0    [FTRACE]\n"
                                             "ffffffff9 k g+0x0    [FTRACE]\n");
  machine.write("kernel/debug/error_injection/list", "f\tERRNO\n");
  EXPECT_THAT(machine.bypasses("vmlinux", "f"), SizeIs(1));
  EXPECT_THAT(machine.bypasses("vmlinux", "g"), IsEmpty());
}

TEST(FunctionUsers, AreLookedForBeforeLoading) {
  Traced machine;
  const fs::path file = write_module(machine.root.path(), "a");
  ModuleFile module = read_module_file(file);
  module.functions = {{"vmlinux", "f", 1}};
  machine.set_enabled_functions(kKprobe);
  const std::vector<Finding> findings = check_before_load(machine.places, file, module);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_TRUE(findings[0].is_fatal);
  EXPECT_EQ(findings[0].exit, kHeldByOther);
  EXPECT_THAT(findings[0].message, HasSubstr("f (vmlinux) is held by a kprobe"));
}

/// A module that replaces f of vmlinux.
fs::path write_patch_of_f(const fs::path& directory) {
  elf::Object object = module_object("livepatch=Y\0vermagic=6.1.0-test SMP\0name=a\0"s);
  const std::string strings = "vmlinux\0f\0"s;
  const elf::SectionId id = object.add_section(
      {.name = ".kpatch.strings", .data = {strings.begin(), strings.end()}});
  const elf::SymbolId symbol = object.section_symbol(id);
  object.add_section({.name = ".kpatch.funcs",
                      .data = Bytes(56),
                      .has_relocations = true,
                      .relocations = {{.offset = 40, .symbol = symbol, .addend = 8},
                                      {.offset = 48, .symbol = symbol, .addend = 0}}});
  const fs::path file = directory / "a.ko";
  write_file(file, elf::write_object(object));
  return file;
}

TEST(FunctionUsers, AreBlamedForARefusalAtOnce) {
  Traced machine;
  const fs::path file = write_patch_of_f(machine.root.path());
  const LoadOptions unchecked{.skips_checks = true};
  machine.set_enabled_functions(kKprobe);
  machine.kernel.busy_answers = 3;
  EXPECT_THAT(message_of([&] { load_patch(machine.host, file.string(), unchecked); }),
              HasSubstr("f (vmlinux) is held by a kprobe"));
  EXPECT_THAT(machine.kernel.calls, ElementsAre("load a.ko"));
}

TEST(FunctionUsers, AreNotBlamedForATransition) {
  Traced machine;
  const fs::path file = write_patch_of_f(machine.root.path());
  machine.set_enabled_functions(kKprobe);
  machine.kernel.add_patch("other", true);
  machine.kernel.busy_answers = 1;
  load_patch(machine.host, file.string(), {.skips_checks = true});
  EXPECT_THAT(machine.kernel.calls, ElementsAre("load a.ko", "load a.ko"));
}

TEST(FunctionUsers, AreSaidByTheStatus) {
  Traced machine;
  machine.kernel.add_patch("fix", false);
  machine.kernel.add_object("fix", "vmlinux", {"f,1"});
  const auto bypass = [&] {
    return read_status(machine.places).patches.at(0).objects.at(0).functions.at(0).bypass;
  };
  EXPECT_EQ(bypass(), "");
  machine.set_enabled_functions("f (1) R I D   \n\tdirect-->bpf_trampoline_1+0x0/0x6b\n");
  EXPECT_THAT(bypass(), HasSubstr("fmod_ret"));
}

} // namespace
} // namespace kpatch::runtime
