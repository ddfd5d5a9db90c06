// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/files.h"
#include "elf/object.h"
#include "kernel/importers.h"

#include <gtest/gtest.h>

namespace kpatch::kernel {
namespace {
namespace fs = std::filesystem;

/// A kernel with modules that lack symbols.
struct KernelWithModules {
  TempDir root{"kpatch-test-"};
  Target target{};

  KernelWithModules() {
    target.cache = root.path();
    add("a", {"kfree", "klist_del"});
    add("b", {"kfree"});
  }
  void add(const std::string& module, const std::vector<std::string>& lacking) {
    elf::Object object;
    object.header.machine = EM_X86_64;
    const elf::SectionId text = object.add_section({.name = ".text", .data = {0xc3}});
    object.add_symbol({.name = module, .binding = STB_GLOBAL, .section = text});
    for (const std::string& name : lacking)
      object.add_symbol({.name = name, .binding = STB_GLOBAL});
    const fs::path file = root.path() / (module + ".ko");
    write_file(file, elf::write_object(object));
    target.modules[module].shipped = file;
  }
};

TEST(Importers, AreTheModulesThatLackASymbol) {
  const KernelWithModules kernel;
  const Importers importers = importers_of(kernel.target, false, 2);
  EXPECT_EQ(importers, (Importers{{"kfree", {"a", "b"}}, {"klist_del", {"a"}}}));
  EXPECT_EQ(parse_importers(importers_text(importers), "text"), importers);
}

TEST(Importers, AreKeptUnlessModulesMayChange) {
  KernelWithModules kernel;
  importers_of(kernel.target, false, 1);
  kernel.add("c", {"kfree"});
  EXPECT_EQ(importers_of(kernel.target, false, 1).at("kfree").size(), 2u);
  EXPECT_EQ(importers_of(kernel.target, true, 1).at("kfree").size(), 3u);
}

TEST(Importers, OfADamagedTextAreAnError) {
  EXPECT_THROW(parse_importers("kfree\n", "importers"), Error);
}

} // namespace
} // namespace kpatch::kernel
