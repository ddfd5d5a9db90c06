// SPDX-License-Identifier: GPL-2.0-or-later
//
// A module that keeps all rules, and an image that it fits.
#pragma once

#include "verify/module_rules.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kpatch::verify {

inline constexpr std::uint16_t kLivepatchIndex = 0xff20;
inline constexpr std::uint64_t kCode = SHF_ALLOC | SHF_EXECINSTR;

/// For tests to break one rule.
class LoaderRules : public testing::Test {
 public:
  LoaderRules()
      : image_("vmlinux", std::endian::little,
               {
                   {.name = ".text", .address = 0x100, .size = 64, .flags = kCode},
                   {.name = ".init.text", .address = 0x200, .size = 64, .flags = kCode},
                   {.name = ".orc_unwind", .address = 0x300, .size = 6, .data = Bytes(6)},
                   {.name = ".orc_unwind_ip",
                    .address = 0x400,
                    .size = 4,
                    .data = {0x00, 0xfd, 0xff, 0xff}}, // 0x100
                   {.name = ".altinstructions",
                    .address = 0x500,
                    .size = 12,
                    .data = {0, 0xfc, 0xff, 0xff, 0, 0xfc, 0xff, 0xff, 0, 0, 3, 3}},
                   {.name = "__ex_table",
                    .address = 0x600,
                    .size = 12,
                    .data = {0, 0xfb, 0xff, 0xff, 0, 0xfb, 0xff, 0xff, 0, 0, 0, 0}},
                   {.name = "__bug_table",
                    .address = 0x700,
                    .size = 12,
                    .data = {0, 0xfa, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}},
                   {.name = ".bss",
                    .address = 0x800,
                    .size = 40,
                    .flags = SHF_ALLOC | SHF_WRITE},
               },
               {{.name = "count", .address = 16},
                {.name = "count", .address = 32},
                {.name = "once", .address = 48},
                {.name = "show", .address = 0x100},
                {.name = "pair", .address = 0x110},
                {.name = "pair", .address = 0x210},
                {.name = "__return_sites", .address = 0x240},
                {.name = "start", .address = 0x200},
                {.name = "__pfx_show", .address = 0x120},
                {.name = "__start_orc_unwind", .address = 0x300},
                {.name = "two_keys", .address = 0x800},
                {.name = "number", .address = 0x820}}) {
    module_.label = "livepatch-x.ko";
    module_.header.machine = EM_X86_64;
    text_ = module_.add_section({.name = ".text.show",
                                 .flags = SHF_ALLOC | SHF_EXECINSTR,
                                 .data = Bytes(32, 0xcc),
                                 .has_relocations = true});
    constexpr std::uint8_t kBytes[] = {0xe8, 0,    0, 0, 0,       // call __fentry__
                                       0x48, 0x8b, 5, 0, 0, 0, 0, // mov count, %rax
                                       0xe9, 0,    0, 0, 0};      // return
    std::ranges::copy(kBytes, module_.sections[text_].data.begin());
    show_ = module_.add_symbol(
        {.name = "show", .type = STT_FUNC, .section = text_, .size = 32});
    thunk_ = module_.add_symbol({.name = "__x86_return_thunk", .binding = STB_GLOBAL});
    const auto fentry = module_.add_symbol({.name = "__fentry__", .binding = STB_GLOBAL});
    module_.sections[text_].relocations = {{1, R_X86_64_PLT32, fentry, -4},
                                           {13, R_X86_64_PLT32, thunk_, -4}};
    add_table(".return_sites", 12);
    add_table(".orc_unwind_ip", 0);
    module_.add_section({.name = ".orc_unwind", .flags = SHF_ALLOC, .data = Bytes(6)});
    set_modinfo(std::string(
        "license=GPL\0livepatch=Y\0vermagic=6.1.0-1-test SMP mod_unload\0", 61));
    klp_ = add_livepatch(".klp.sym.vmlinux.count,2");
    add_this_module("livepatch_x");
    add_records();
    add_table("__mcount_loc", 0);
    section("__mcount_loc").data.resize(8);
    module_.livepatch = {
        {".klp.rela.vmlinux..text.show", text_, {{8, R_X86_64_PC32, klp_, -4}}}};
  }

  void add_table(const std::string& name, std::int64_t addend) {
    const auto id = module_.add_section(
        {.name = name, .flags = SHF_ALLOC, .data = Bytes(4), .has_relocations = true});
    module_.sections[id].relocations = {{0, R_X86_64_PC32, show_, addend}};
  }
  void add_this_module(std::string_view name) {
    const auto init = module_.add_symbol(
        {.name = "init_module",
         .type = STT_FUNC,
         .section = module_.add_section(
             {.name = ".init.text", .flags = kCode, .data = Bytes(1, 0xcc)})});
    const auto exit = module_.add_symbol(
        {.name = "cleanup_module",
         .type = STT_FUNC,
         .section = module_.add_section(
             {.name = ".exit.text", .flags = kCode, .data = Bytes(1, 0xcc)})});
    elf::Section section{
        .name = ".gnu.linkonce.this_module",
        .flags = SHF_ALLOC | SHF_WRITE,
        .data = Bytes(896),
        .has_relocations = true,
        .relocations = {{312, R_X86_64_64, init, 0}, {800, R_X86_64_64, exit, 0}}};
    std::ranges::copy(name, section.data.begin() + 24);
    module_.add_section(section);
  }
  /// A jump label in show, and what is its key.
  void add_label(const std::string& key, std::int64_t offset) {
    constexpr std::uint8_t kNop[] = {0x0f, 0x1f, 0x44, 0, 0};
    std::ranges::copy(kNop, module_.sections[text_].data.begin() + 17);
    const auto table = module_.add_section(
        {.name = "__jump_table",
         .flags = SHF_ALLOC | SHF_WRITE,
         .data = Bytes(16),
         .has_relocations = true,
         .relocations = {{0, R_X86_64_PC32, show_, 17}, {4, R_X86_64_PC32, show_, 22}}});
    module_.livepatch.push_back(
        {".klp.rela.vmlinux.__jump_table",
         table,
         {{8, R_X86_64_PC64, add_livepatch(".klp.sym.vmlinux." + key + ",0"), offset}}});
  }
  /// An alternative for three bytes of show, whose replacement begins at that place.
  void add_alternative(std::int64_t at, std::int64_t replacement) {
    const auto code = module_.section_symbol(module_.add_section(
        {.name = ".altinstr_replacement",
         .flags = kCode,
         .data = Bytes(static_cast<std::size_t>(replacement) + 3, 0x90)}));
    module_.add_section({.name = ".altinstructions",
                         .flags = SHF_ALLOC,
                         .data = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 3},
                         .has_relocations = true,
                         .relocations = {{0, R_X86_64_PC32, show_, at},
                                         {4, R_X86_64_PC32, code, replacement}}});
  }
  void add_exception(std::int64_t at, std::int64_t fixup) {
    module_.add_section({.name = "__ex_table",
                         .flags = SHF_ALLOC,
                         .data = Bytes(12),
                         .has_relocations = true,
                         .relocations = {{0, R_X86_64_PC32, show_, at},
                                         {4, R_X86_64_PC32, show_, fixup}}});
  }
  /// Entries of 12 bytes that lead there in show.
  void add_warnings(const std::vector<std::int64_t>& places) {
    const auto id = module_.add_section({.name = "__bug_table",
                                         .flags = SHF_ALLOC | SHF_WRITE,
                                         .data = Bytes(12 * places.size()),
                                         .has_relocations = true});
    for (std::size_t i = 0; i < places.size(); ++i)
      module_.sections[id].relocations.push_back(
          {12 * i, R_X86_64_PC32, show_, places[i]});
  }
  /// A record for show of vmlinux; its names lie in .kpatch.strings.
  void add_records() {
    constexpr std::string_view kTexts("show\0vmlinux\0", 13);
    const auto strings =
        module_.add_section({.name = ".kpatch.strings",
                             .flags = SHF_ALLOC,
                             .data = Bytes(kTexts.begin(), kTexts.end())});
    strings_ = module_.section_symbol(strings);
    module_.add_section({.name = ".kpatch.funcs",
                         .flags = SHF_ALLOC,
                         .data = Bytes(56),
                         .has_relocations = true,
                         .relocations = {{0, R_X86_64_64, show_, 0},
                                         {40, R_X86_64_64, strings_, 0},
                                         {48, R_X86_64_64, strings_, 5}}});
  }
  /// Names of other functions and objects for the record.
  void rename_record(std::string_view function, std::string_view object) {
    Bytes& data = section(".kpatch.strings").data;
    data.assign(function.begin(), function.end());
    data.push_back(0);
    section(".kpatch.funcs").relocations[2].addend =
        static_cast<std::int64_t>(data.size());
    data.insert(data.end(), object.begin(), object.end());
    data.push_back(0);
  }
  elf::Section& section(const char* name) {
    return module_.sections[module_.find_section(name)];
  }
  void set_modinfo(const std::string& text) {
    elf::SectionId id = module_.find_section(".modinfo");
    if (!id)
      id = module_.add_section({.name = ".modinfo", .flags = SHF_ALLOC});
    module_.sections[id].data = Bytes(text.begin(), text.end());
  }
  elf::SymbolId add_livepatch(const std::string& name) {
    return module_.add_symbol(
        {.name = name, .binding = STB_GLOBAL, .reserved_index = kLivepatchIndex});
  }
  void drop(const char* section) {
    module_.sections[module_.find_section(section)].relocations.clear();
  }

  std::vector<std::string> codes() const {
    const ModuleRules rules{
        .release = "6.1.0-1-test",
        .has_orc = true,
        .image = [this](std::string_view object) {
          return object == "vmlinux" ? &image_ : object == "loop" ? &loop_ : nullptr;
        }};
    std::vector<std::string> result;
    for (const Problem& problem : check_module(module_, rules))
      result.push_back(problem.code);
    return result;
  }

  image::Image image_;
  image::Image loop_{"loop.ko",
                     std::endian::little,
                     {{.name = ".text", .address = 0x1000, .size = 32},
                      {.name = ".init.text", .address = 0x2000, .size = 32}},
                     {{.name = "twice", .address = 0x1000},
                      {.name = "twice", .address = 0x1010},
                      {.name = "setup", .address = 0x2000},
                      {.name = "mixed", .address = 0x2010},
                      {.name = "mixed", .address = 0x1018}}};
  elf::Object module_;
  elf::SectionId text_ = 0;
  elf::SymbolId show_ = 0, thunk_ = 0, klp_ = 0, strings_ = 0;
};

} // namespace kpatch::verify
