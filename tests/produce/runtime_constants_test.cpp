// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/object.h"
#include "fake_kernel.h"
#include "produce/runtime_constants.h"

#include <gtest/gtest.h>

namespace kpatch::produce {
namespace {
namespace fs = std::filesystem;

/// An object with f and g, of which f has a constant that the kernel fills in at boot.
fs::path object_with_a_place_in_f(const fs::path& directory) {
  elf::Object object;
  object.header.machine = EM_X86_64;
  elf::SymbolId places[2] = {};
  for (const std::string name : {"f", "g"}) {
    const elf::SectionId home = object.add_section({.name = ".text." + name,
                                                    .flags = SHF_ALLOC | SHF_EXECINSTR,
                                                    .data = Bytes(16, 0x90)});
    places[name == "g"] = object.section_symbol(home);
  }
  object.add_section(
      {.name = "runtime_ptr_dentry_hashtable",
       .flags = SHF_ALLOC,
       .data = Bytes(4),
       .has_relocations = true,
       .relocations = {{.offset = 0, .type = R_X86_64_PC32, .symbol = places[0]}}});
  const fs::path file = directory / "x.o";
  write_file(file, elf::write_object(object));
  return file;
}

TEST(RuntimeConstants, MatterWhereAFunctionOfThePatchHasOne) {
  const TempDir directory("kpatch-constants-test.");
  const fs::path object = object_with_a_place_in_f(directory.path());
  EXPECT_EQ(runtime_constant_user({.functions = {{.name = "g"}, {.name = "f"}}}, object),
            "f");
  EXPECT_EQ(runtime_constant_user({.functions = {{.name = "g"}}}, object), "");
}

TEST(RuntimeConstants, AreKeptOutByAHeaderOnBothSides) {
  const FakeKernel kernel;
  const TempDir work("kpatch-constants-test.");
  compile::BuildLog log;
  compile::Workshop shop{kernel.target, work.path(), log, 1, work.path()};
  shop.originals = work.path() / "originals";
  write_file(work.path() / "kpatch-runtime-const.h",
             std::string_view("int from_header = 1;\n"));
  const fs::path record = shop.kept("commands") / "fs/.x.o.cmd";
  fs::create_directories(record.parent_path());
  write_file(record, kernel.record("x"));
  const patch::PatchedView view(kernel.target.source, work.path() / "view");
  const compile::UnitObjects objects = compile_with_plain_constants(shop, view, "fs/x.c");
  EXPECT_TRUE(elf::read_object(objects.original).find_symbol("from_header"));
  EXPECT_TRUE(elf::read_object(objects.patched).find_symbol("from_header"));
}

} // namespace
} // namespace kpatch::produce
