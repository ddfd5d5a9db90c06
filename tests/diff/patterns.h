// SPDX-License-Identifier: GPL-2.0-or-later
//
// Pieces that tests of compilers' patterns are made of.
#pragma once

#include "diff/object_builder.h"

#include <gtest/gtest.h>

namespace kpatch::diff::testing {

inline constexpr std::uint8_t kRet = 0xc3;
inline constexpr std::uint8_t kNop = 0x90;
inline constexpr std::uint8_t kOther = 0xcc;
/// mov target, %rdi; ret
inline const Bytes kMove = {0x48, 0xc7, 0xc7, 0, 0, 0, 0, kRet};
inline constexpr std::uint64_t kMoved = 8; ///< its field, behind the call of __fentry__

inline elf::SectionId home_of(ObjectBuilder& builder, const std::string& name) {
  return builder.object().symbols[builder.object().find_symbol(name)].section;
}

/// A section of zero-terminated strings.
inline elf::SectionId strings(ObjectBuilder& builder, const std::string& name,
                              const std::string& text) {
  Bytes data(text.begin(), text.end());
  data.push_back(0);
  return builder.section({.name = name,
                          .flags = SHF_ALLOC | SHF_MERGE | SHF_STRINGS,
                          .entry_size = 1,
                          .data = data});
}

/// What travels.
inline elf::Object delta_of(const Result& result) {
  for (const Problem& problem : result.problems)
    ADD_FAILURE() << problem.message;
  EXPECT_TRUE(result.delta);
  return result.delta ? result.delta->object : elf::Object();
}

inline bool has_section(const elf::Object& object, const std::string& name) {
  return object.find_section(name) != elf::kNoSection;
}

} // namespace kpatch::diff::testing
