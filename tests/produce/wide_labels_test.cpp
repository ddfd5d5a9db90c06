// SPDX-License-Identifier: GPL-2.0-or-later
// What units with jump labels of five bytes are compiled with, on what of the kernel's
// headers it needs.
#include "diff/compiled.h"
#include "produce/wide_labels.h"

namespace kpatch::produce {
namespace {
namespace fs = std::filesystem;

/// The start of asm/jump_label.h: JUMP_TABLE_ENTRY, and since 6.16 more.
constexpr const char* kEntry =
    "#define JUMP_TABLE_ENTRY \".pushsection __jump_table, \\\"aw\\\"\\n.long 1b - .\\n"
    ".long %l[l_yes] - .\\n.quad %c0 + %c1 - .\\n.popsection\\n\"\n";
constexpr const char* kEntryWithParameters =
    "#define JUMP_TABLE_ENTRY(key, label) \".pushsection __jump_table, \\\"aw\\\"\\n"
    ".long 1b - .\\n.long \" label \" - .\\n.quad \" key \" - .\\n.popsection\\n\"\n"
    "#define ARCH_STATIC_BRANCH_ASM(key, label)\n";

constexpr const char* kUnit =
    "struct static_key { int enabled; } key;\nint yes(void), no(void);\n"
    "int f(void) { return arch_static_branch_jump(&key, 1) ? yes() : no(); }\n"
    "int g(void) { return arch_static_branch(&key, 0) ? yes() : no(); }\n";

class WideLabels : public diff::testing::Compiled {
 protected:
  elf::Object compile_with(const std::string& jump_label_header) {
    fs::create_directories(directory_ / "linux");
    fs::create_directories(directory_ / "asm");
    write_file(directory_ / "linux/types.h", std::string_view("typedef _Bool bool;\n"
                                                              "enum { false, true };\n"));
    write_file(directory_ / "asm/jump_label.h",
               jump_label_header + "static __always_inline bool arch_static_branch("
                                   "struct static_key *const key, const bool branch)\n"
                                   "{ return branch; }\n"
                                   "static __always_inline bool arch_static_branch_jump("
                                   "struct static_key *const key, const bool branch)\n"
                                   "{ return branch; }\n");
    const fs::path header = fs::path(KPATCH_SOURCE_DIR) / "kmod/include" / kWideLabels;
    return compile(kUnit,
                   {"-I.", "-D__always_inline=inline __attribute__((always_inline))",
                    "-include", header.string()});
  }
};

/// The label is where the entry says, and has the opcode of a jump with four more bytes.
/// The key has these bits beside it.
void expect_wide(const elf::Object& object, std::size_t entry, std::int64_t bits) {
  const elf::SectionId table = object.find_section("__jump_table");
  ASSERT_NE(table, elf::kNoSection);
  const auto& references = object.sections[table].relocations;
  ASSERT_EQ(references.size(), 6U);
  const elf::Relocation& site = references[3 * entry];
  const elf::Symbol& code = object.symbols[site.symbol];
  const auto at = code.value + static_cast<std::uint64_t>(site.addend);
  EXPECT_EQ(object.sections[code.section].data.at(at), 0xe9);
  EXPECT_EQ(references[3 * entry + 2].addend, bits);
}

/// Those of likely branches stay jumps; objtool makes NOPs of the others, by bit 1.
void expect_both_wide(const elf::Object& object) {
  expect_wide(object, 0, 1);
  expect_wide(object, 1, 2);
}

TEST_F(WideLabels, HaveFiveBytes) {
  expect_both_wide(compile_with(kEntry));
}

TEST_F(WideLabels, HaveFiveBytesWhereTheEntryHasParameters) {
  expect_both_wide(compile_with(kEntryWithParameters));
}

} // namespace
} // namespace kpatch::produce
