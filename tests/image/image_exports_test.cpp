// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image.h"
#include "image/image_exports.h"

#include <gtest/gtest.h>

#include <elf.h>

namespace kpatch::image {
namespace {

struct Form {
  std::uint16_t machine;
  std::uint32_t type; ///< of the relocations that make an entry
  std::uint64_t member;
};

/// Two functions, of which the second is exported to a namespace.
ImageExports exports_of(const Form& form) {
  elf::Object object;
  object.header.machine = form.machine;
  const auto text = object.add_section(
      {.name = ".text", .flags = SHF_ALLOC | SHF_EXECINSTR, .data = Bytes(32)});
  const std::string strings("opens\0shows\0NS\0", 16);
  const auto names = object.add_section({.name = "__ksymtab_strings",
                                         .flags = SHF_ALLOC,
                                         .data = Bytes(strings.begin(), strings.end())});
  const auto table = object.add_section({.name = "__ksymtab_gpl",
                                         .flags = SHF_ALLOC,
                                         .data = Bytes(6 * form.member),
                                         .has_relocations = true});
  const auto add = [&](std::uint64_t member, elf::SymbolId symbol, std::int64_t addend) {
    object.sections[table].relocations.push_back(
        {member * form.member, form.type, symbol, addend});
  };
  const auto text_of_name = object.section_symbol(names);
  for (const auto& [name, row] : {std::pair("opens", 0), std::pair("shows", 1)}) {
    const auto function = object.add_symbol({.name = name,
                                             .binding = STB_GLOBAL,
                                             .type = STT_FUNC,
                                             .section = text,
                                             .value = 16U * row,
                                             .size = 16});
    add(3 * row, function, 0);
    add(3 * row + 1, text_of_name, 6 * row);
  }
  add(5, text_of_name, 12);
  // What stands for no namespace: an empty text where entries are distances.
  if (form.member == 4)
    add(2, text_of_name, 5);
  return exports_in(module_image(object, "image"));
}

TEST(ImageExports, AreReadFromDistancesAndAddresses) {
  for (const Form& form :
       {Form{EM_X86_64, R_X86_64_PC32, 4}, Form{EM_PPC64, R_PPC64_ADDR64, 8}}) {
    SCOPED_TRACE(form.member);
    const ImageExports exports = exports_of(form);
    ASSERT_EQ(exports.size(), 2U);
    EXPECT_TRUE(exports.at("opens").is_gpl);
    EXPECT_EQ(exports.at("opens").import_namespace, "");
    EXPECT_EQ(exports.at("shows").import_namespace, "NS");
  }
}

} // namespace
} // namespace kpatch::image
