// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes the object files of the seed corpus: small ones that have a little of everything
// the passes look for. usage: make_seeds CORPUS-DIRECTORY
#include "diff/object_builder.h"
#include "fuzz/fuzz.h"
#include "kallsyms_table.h"
#include "klp/linked_module.h"

#include <cstdio>
#include <filesystem>

namespace {

using namespace kpatch;
using diff::testing::ObjectBuilder;

constexpr std::uint32_t kReference =
    1; // the plainest 64-bit reference of most processors
constexpr std::uint64_t kEntry = 8;

/// A special section of `count` entries of `size` bytes, each about one of the functions.
void add_table(ObjectBuilder& unit, const std::string& name, std::uint64_t size,
               std::initializer_list<const char*> functions) {
  const elf::SectionId id = unit.section(
      {.name = name, .flags = SHF_ALLOC, .data = Bytes(size * functions.size())});
  std::uint64_t at = 0;
  for (const char* function : functions) {
    unit.relocate(id, {at, kReference, unit.symbol(function), 0});
    at += size;
  }
}

void add_strings(ObjectBuilder& unit, std::string_view text) {
  const elf::SectionId strings =
      unit.section({.name = ".rodata.f.str1.1",
                    .flags = SHF_ALLOC | SHF_MERGE | SHF_STRINGS,
                    .entry_size = 1,
                    .data = Bytes(text.begin(), text.end())});
  unit.add_relocation("f", 8, kReference, unit.object().section_symbol(strings), 2);
}

void add_jump_table(ObjectBuilder& unit) {
  const elf::SectionId id =
      unit.section({.name = "__jump_table", .flags = SHF_ALLOC, .data = Bytes(16)});
  unit.relocate(id, {0, kReference, unit.symbol("f"), 4});
  unit.relocate(id, {4, kReference, unit.symbol("f"), 8});
  unit.relocate(id, {8, kReference, unit.symbol("key"), 0});
}

void add_group(ObjectBuilder& unit) {
  const elf::SectionId home = unit.object().symbols[unit.symbol("g")].section;
  unit.object().add_section({.name = ".group",
                             .type = SHT_GROUP,
                             .alignment = 4,
                             .entry_size = 4,
                             .group_flags = 1,
                             .group_members = {home},
                             .group_signature = unit.symbol("g")});
}

/// One unit; `change` is a byte of the code of f, and more in the patched one.
elf::Object unit(std::uint16_t machine, std::endian order, std::uint8_t change) {
  ObjectBuilder unit;
  unit.object().header.machine = machine;
  unit.object().header.order = order;
  unit.function("f", Bytes(20, change));
  unit.function("g", Bytes(12, 0x90), STB_LOCAL);
  unit.plain_function("f.cold", Bytes(8, 0x90), STB_LOCAL, ".text.unlikely.");
  unit.plain_function("helper", Bytes(8, change), STB_LOCAL);
  unit.variable("count.0", Bytes(kEntry, change), STB_LOCAL);
  unit.variable("__warned.1", Bytes(1), STB_LOCAL);
  unit.variable("key", Bytes(kEntry, 0), STB_GLOBAL);
  unit.add_relocation("f", 12, kReference, unit.symbol("count.0"), -4);
  unit.add_relocation("f", 16, kReference, unit.symbol("f.cold"), -4);
  unit.add_relocation("g", 8, kReference, unit.symbol("helper"), -4);
  add_strings(unit, "a string\nand another");
  add_table(unit, "__bug_table", 12, {"f", "g"});
  add_table(unit, "__ex_table", 12, {"g", "f"});
  add_table(unit, ".altinstructions", 12, {"f"});
  add_table(unit, ".orc_unwind_ip", 4, {"f", "g"});
  unit.section({.name = ".orc_unwind", .flags = SHF_ALLOC, .data = Bytes(12)});
  add_table(unit, ".static_call_sites", 8, {"g"});
  add_table(unit, "__mcount_loc", 8, {"f", "g"});
  add_table(unit, ".init.text", 16, {"helper"});
  add_jump_table(unit);
  unit.section({.name = ".bss", .type = SHT_NOBITS, .nobits_size = 64});
  if (machine != EM_X86_64)
    add_table(unit, "__patchable_function_entries", 8, {"f", "g"});
  if (change > 1)
    add_group(unit);
  return unit.build();
}

/// The same with what authors' macros leave in the patched object.
elf::Object with_macros(elf::Object object) {
  ObjectBuilder unit;
  unit.object() = std::move(object);
  add_table(unit, ".kpatch.callbacks.pre_patch", 16, {"g"});
  add_table(unit, ".kpatch.ignore.functions", 8, {"f"});
  add_table(unit, ".kpatch.force", 8, {"g"});
  return unit.build();
}

void save(const std::filesystem::path& path, std::span<const std::uint8_t> data) {
  std::filesystem::create_directories(path.parent_path());
  write_file(path, data);
}

void save_pair(const std::filesystem::path& path, const elf::Object& original,
               const elf::Object& patched) {
  Bytes data = elf::write_object(original);
  data.insert(data.end(), fuzz::kBorder.begin(), fuzz::kBorder.end());
  const Bytes second = elf::write_object(patched);
  data.insert(data.end(), second.begin(), second.end());
  save(path, data);
}

void make_objects(const std::filesystem::path& corpus) {
  struct Machine {
    const char* name;
    std::uint16_t number;
    std::endian order;
  };
  constexpr Machine kMachines[] = {{"x86_64", EM_X86_64, std::endian::little},
                                   {"ppc64le", EM_PPC64, std::endian::little},
                                   {"s390x", EM_S390, std::endian::big},
                                   {"aarch64", EM_AARCH64, std::endian::little},
                                   {"loongarch64", 258, std::endian::little}};
  for (const Machine& machine : kMachines) {
    const elf::Object original = unit(machine.number, machine.order, 1);
    const elf::Object patched = unit(machine.number, machine.order, 2);
    save(corpus / "elf" / machine.name, elf::write_object(patched));
    save_pair(corpus / "differ" / machine.name, original, patched);
    save_pair(corpus / "match" / machine.name, original, original);
    save_pair(corpus / "differ" / (std::string(machine.name) + "-macros"), original,
              with_macros(unit(machine.number, machine.order, 1)));
  }
}

/// A change that goes through to an intermediate object.
void make_patchable_pair(const std::filesystem::path& corpus) {
  const auto build = [](std::uint8_t change) {
    ObjectBuilder unit;
    unit.function("f", Bytes(16, change));
    unit.function("g", Bytes(12, 0x90), STB_LOCAL);
    unit.add_relocation("f", 8, R_X86_64_PLT32, unit.symbol("g"), -4);
    add_strings(unit, change > 1 ? "a changed string" : "a string");
    add_table(unit, "__bug_table", 12, {"f", "g"});
    return unit.build();
  };
  save_pair(corpus / "differ" / "patchable", build(0x90), build(0x91));
}

void make_module(const std::filesystem::path& corpus) {
  klp::testing::LinkedModule linked;
  linked.add({});
  linked.add({.offset = 0x20, .object = "ip_vs", .owner = "ip_vs"});
  linked.add_arch_record(linked.add_arch_source(".altinstructions", 12), "vmlinux");
  linked.add_arch_record(linked.add_arch_source(".parainstructions", 13), "vmlinux");
  save(corpus / "convert" / "module", elf::write_object(linked.module));
  save(corpus / "rules" / "module", elf::write_object(linked.module));
}

void make_images(const std::filesystem::path& corpus) {
  const std::vector<image::Kallsym> symbols = test::sample_symbols();
  const Bytes table = test::KallsymsTable(symbols, {.with_seqs = true}).section();
  save(corpus / "image" / "kallsyms", table);
  save(corpus / "image" / "kallsyms-last",
       test::KallsymsTable(symbols, {.addresses_last = true}).section());
  save(corpus / "image" / "kallsyms-place",
       test::KallsymsTable(symbols, test::kFormOf7).section());
  elf::Object vmlinux;
  vmlinux.header.machine = EM_X86_64;
  vmlinux.add_section({.name = ".rodata",
                       .flags = SHF_ALLOC,
                       .address = 0xffffffff82000000,
                       .alignment = 8,
                       .data = table});
  save(corpus / "image" / "vmlinux", elf::write_object(vmlinux));
  save(corpus / "image" / "module",
       elf::write_object(unit(EM_X86_64, std::endian::little, 2)));
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: make_seeds CORPUS-DIRECTORY\n", stderr);
    return 1;
  }
  make_objects(argv[1]);
  make_patchable_pair(argv[1]);
  make_module(argv[1]);
  make_images(argv[1]);
  return 0;
}
