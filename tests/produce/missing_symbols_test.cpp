// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/module_name.h"
#include "fake_kernel.h"
#include "produce/steps.h"
#include "produce/unit_diffs.h"

#include <gmock/gmock.h>

namespace kpatch::produce {
namespace {
namespace fs = std::filesystem;

using testing::HasSubstr;
using testing::IsEmpty;

/// Parts of a module as the comparison leaves them, each with what it has and needs. The
/// kernel has the modules sink and tap; tap uses what sink exports.
class MissingSymbols : public testing::Test {
 protected:
  MissingSymbols() {
    kernel_.target.machine = "x86_64";
    kernel_.target.symvers = kernel_.root.path() / "Module.symvers";
    write_file(kernel_.target.symvers,
               std::string_view("0x0\t_printk\tvmlinux\tEXPORT_SYMBOL\t\n"
                                "0x1\tsink_open\tdrivers/sink\tEXPORT_SYMBOL\t\n"));
    add_module("sink", {});
    add_module("tap", "sink_open");
  }

  static elf::Object object_of(const std::string& has, const std::string& needs) {
    elf::Object object;
    object.header.machine = EM_X86_64;
    const elf::SectionId text = object.add_section(
        {.name = ".text", .flags = SHF_ALLOC | SHF_EXECINSTR, .data = Bytes(16, 0xcc)});
    if (!has.empty())
      object.add_symbol(
          {.name = has, .binding = STB_GLOBAL, .type = STT_FUNC, .section = text});
    if (!needs.empty()) {
      const auto symbol = object.add_symbol({.name = needs, .binding = STB_GLOBAL});
      object.sections[text].has_relocations = true;
      object.sections[text].relocations = {{1, R_X86_64_PLT32, symbol, -4}};
    }
    return object;
  }

  void add_module(const std::string& name, const std::string& needs) {
    const fs::path file = kernel_.root.path() / (name + ".ko");
    write_file(file, elf::write_object(object_of(name + "_init", needs)));
    kernel_.target.modules[name] = {.shipped = file};
  }

  UnitResult& add_part(const std::string& owner, const std::string& unit,
                       const std::string& has, const std::string& needs) {
    const fs::path part = part_of(shop_, owner, unit);
    fs::create_directories(part.parent_path());
    write_file(part, elf::write_object(object_of(has, needs)));
    result_.units.push_back(
        {.unit = unit, .owner = owner, .outcome = UnitOutcome::kChanged});
    return result_.units.back();
  }

  /// What becomes of a caller of `owner` for which the patch adds a helper to `home`.
  UnitResult caller(const std::string& owner, const std::string& home) {
    result_.units.clear();
    add_part(home, "drivers/home.c", "helper", {});
    add_part(owner, "drivers/caller.c", {}, "helper");
    refuse_unprovided(context_, shop_);
    EXPECT_EQ(result_.units[0].outcome, UnitOutcome::kChanged);
    return result_.units[1];
  }

  FakeKernel kernel_;
  BuildOptions options_;
  Listener listener_;
  BuildResult result_;
  compile::BuildLog log_;
  compile::Workshop shop_{kernel_.target, kernel_.root.path() / "work", log_};
  Context context_{options_, listener_, result_, log_,
                   compile::WorkDir(kernel_.root.path() / "user")};
};

TEST_F(MissingSymbols, AreNotBorrowedFromAModuleThatMayBeAbsent) {
  const UnitResult unit = caller("sink", "tap");
  EXPECT_EQ(unit.outcome, UnitOutcome::kRefused);
  ASSERT_EQ(unit.problems.size(), 1u);
  EXPECT_EQ(unit.problems[0].code, "KP3002");
  EXPECT_EQ(unit.problems[0].object, "drivers/caller.c");
  EXPECT_EQ(unit.problems[0].symbol, "helper");
  EXPECT_THAT(unit.problems[0].message, HasSubstr("adds it to module tap, which sink "));
  EXPECT_EQ(unit.problems[0].remedy, "Define it in a unit of sink or of vmlinux.");
}

TEST_F(MissingSymbols, AreNotBorrowedFromModulesByVmlinux) {
  const UnitResult unit = caller(std::string(kVmlinux), "sink");
  ASSERT_EQ(unit.problems.size(), 1u);
  EXPECT_EQ(unit.problems[0].code, "KP3002");
  EXPECT_EQ(unit.problems[0].remedy, "Define it in a unit of vmlinux.");
}

TEST_F(MissingSymbols, MayBeOfAModuleThatIsThereWithItsUser) {
  EXPECT_THAT(caller("tap", "sink").problems, IsEmpty());
  EXPECT_THAT(caller("tap", std::string(kVmlinux)).problems, IsEmpty());
  EXPECT_THAT(caller("tap", "tap").problems, IsEmpty());
}

TEST_F(MissingSymbols, AreThoseThatNobodyProvides) {
  add_part("tap", "drivers/caller.c", {}, "nowhere");
  add_part("tap", "drivers/other.c", {}, "sink_open");
  refuse_unprovided(context_, shop_);
  ASSERT_EQ(result_.units[0].problems.size(), 1u);
  EXPECT_EQ(result_.units[0].problems[0].code, "KP3004");
  EXPECT_EQ(result_.units[0].problems[0].symbol, "nowhere");
  EXPECT_THAT(result_.units[1].problems, IsEmpty());
}

TEST_F(MissingSymbols, AreNotLookedForWhileUnitsAreRefused) {
  add_part("tap", "drivers/other.c", {}, {}).outcome = UnitOutcome::kRefused;
  add_part("tap", "drivers/caller.c", {}, "nowhere");
  refuse_unprovided(context_, shop_);
  EXPECT_EQ(result_.units[1].outcome, UnitOutcome::kChanged);
}

} // namespace
} // namespace kpatch::produce
