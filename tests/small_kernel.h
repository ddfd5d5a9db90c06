// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "elf/object.h"
#include "kallsyms_table.h"

#include <string_view>

namespace kpatch::test {

inline constexpr std::string_view kSmallRelease = "6.1.0-1-test";

/// A vmlinux that says its version, and that it loads signed modules only if so asked.
inline Bytes small_kernel(bool wants_signatures = false) {
  constexpr std::uint64_t kText = 0xffffffff81000000, kData = 0xffffffff82000000;
  constexpr std::uint64_t kNames = 0xffffffff83000000;
  constexpr std::string_view kMagic("6.1.0-1-test SMP preempt mod_unload \0", 37);
  Bytes data(kMagic.begin(), kMagic.end());
  data.resize(64);
  data[56] = wants_signatures;
  elf::Object object;
  object.header.machine = EM_X86_64;
  object.add_section({.name = ".text",
                      .flags = SHF_ALLOC | SHF_EXECINSTR,
                      .address = kText,
                      .data = Bytes(0x8000, 0x90)});
  object.add_section(
      {.name = ".data", .flags = SHF_ALLOC | SHF_WRITE, .address = kData, .data = data});
  std::vector<image::Kallsym> symbols = sample_symbols(); // a table of few is none
  symbols.push_back({kData, 'D', "vermagic"});
  symbols.push_back({kData + 56, 'd', "sig_enforce"});
  const Bytes names = KallsymsTable(symbols, {}).section();
  object.add_section({.name = ".rodata",
                      .flags = SHF_ALLOC,
                      .address = kNames,
                      .alignment = 8,
                      .data = names});
  return elf::write_object(object);
}

} // namespace kpatch::test
