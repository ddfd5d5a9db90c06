// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/endian.h"
#include "base/error.h"
#include "image/boot_image.h"
#include "image/decompress.h"
#include "image/image.h"
#include "kallsyms_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

namespace kpatch::image {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Bytes bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

Bytes compressed(const Bytes& content, int filter) {
  Bytes result(content.size() + 65536);
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_add_filter(writer, filter);
  archive_write_set_format_raw(writer);
  archive_write_set_bytes_in_last_block(writer, 1);
  archive_write_open_memory(writer, result.data(), result.size(), &used);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
  archive_write_header(writer, entry);
  archive_write_data(writer, content.data(), content.size());
  archive_entry_free(entry);
  EXPECT_EQ(archive_write_close(writer), ARCHIVE_OK) << archive_error_string(writer);
  archive_write_free(writer);
  result.resize(used);
  return result;
}

constexpr int kFilters[] = {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_BZIP2,
                            ARCHIVE_FILTER_XZ,   ARCHIVE_FILTER_LZMA,
                            ARCHIVE_FILTER_ZSTD, ARCHIVE_FILTER_LZ4};

TEST(Decompress, KnowsAllThatKernelsAreCompressedWith) {
  const Bytes content = bytes(std::string(10'000, 'k') + "ernel");
  for (const int filter : kFilters)
    EXPECT_EQ(decompressed(compressed(content, filter), "vmlinux"), content) << filter;
}

TEST(Decompress, DoesNotRelyOnTheLikelySize) {
  const Bytes content = bytes("kernel");
  const Bytes file = compressed(content, ARCHIVE_FILTER_GZIP);
  for (const std::size_t size : {std::size_t{1}, content.size(), ~std::size_t{0}})
    EXPECT_EQ(decompressed(file, "vmlinux", size), content);
}

TEST(Decompress, KnowsTheLegacyFormOfLz4) {
  const Bytes file = bytes(std::string_view("\x02\x21\x4c\x18\x06\0\0\0\x50hello", 14));
  EXPECT_EQ(decompressed(file, "vmlinux"), bytes("hello"));
}

TEST(Decompress, LeavesWhatIsNotCompressed) {
  EXPECT_EQ(decompressed(bytes("plain"), "module.ko"), bytes("plain"));
  EXPECT_EQ(decompressed({}, "module.ko"), Bytes());
}

TEST(Decompress, RefusesDamage) {
  Bytes file = compressed(bytes(std::string(100'000, 'k')), ARCHIVE_FILTER_XZ);
  file[file.size() / 2] ^= 0xff;
  EXPECT_THROW(decompressed(file, "module.ko.xz"), Error);
}

/// An x86 boot image with that in it.
Bytes boot_image(const Bytes& payload) {
  constexpr std::size_t kSetup = 2 * 512;
  Bytes file(kSetup + payload.size());
  file[0x1f1] = 1;
  std::ranges::copy(bytes("HdrS"), file.begin() + 0x202);
  store<std::uint16_t>(file, 0x206, 0x20f, std::endian::little);
  store<std::uint32_t>(file, 0x24c, static_cast<std::uint32_t>(payload.size()),
                       std::endian::little);
  std::ranges::copy(payload, file.begin() + kSetup);
  return file;
}

Bytes with_size(Bytes payload, std::uint32_t size) {
  payload.resize(payload.size() + 4);
  store(std::span(payload), payload.size() - 4, size, std::endian::little);
  return payload;
}

TEST(BootImage, HoldsACompressedKernel) {
  const Bytes kernel = bytes("\x7f"
                             "ELF" +
                             std::string(5000, 'x'));
  for (const int filter : kFilters) {
    Bytes payload = compressed(kernel, filter);
    if (filter != ARCHIVE_FILTER_GZIP) // whose own trailer tells the size
      payload = with_size(std::move(payload), static_cast<std::uint32_t>(kernel.size()));
    EXPECT_EQ(vmlinux_inside(boot_image(payload), "vmlinuz"), kernel) << filter;
  }
}

TEST(BootImage, MayBeTheKernelItself) {
  const Bytes kernel = bytes("\x7f"
                             "ELF...");
  EXPECT_EQ(vmlinux_inside(kernel, "vmlinux"), kernel);
  EXPECT_EQ(vmlinux_inside(compressed(kernel, ARCHIVE_FILTER_ZSTD), "vmlinux.zst"),
            kernel);
}

TEST(BootImage, RefusesWhatHoldsNoKernel) {
  EXPECT_THROW(vmlinux_inside(bytes("just a text"), "notes.txt"), Error);
  EXPECT_THROW(vmlinux_inside({}, "empty"), Error);
  Bytes beyond = boot_image(bytes("payload"));
  store<std::uint32_t>(beyond, 0x248, 0xfffffff0, std::endian::little);
  EXPECT_THROW(vmlinux_inside(beyond, "vmlinuz"), Error);
}

/// A vmlinux without symbol table.
Bytes small_vmlinux(const Bytes& rodata) {
  elf::Object object;
  object.header.machine = EM_X86_64;
  object.add_section({.name = ".text",
                      .flags = SHF_ALLOC | SHF_EXECINSTR,
                      .address = 0xffffffff81000000,
                      .data = Bytes(0x4000, 0x90)});
  object.add_section({.name = ".rodata",
                      .flags = SHF_ALLOC,
                      .address = 0xffffffff82000000,
                      .alignment = 8,
                      .data = rodata});
  object.add_section({.name = ".bss",
                      .type = SHT_NOBITS,
                      .flags = SHF_ALLOC | SHF_WRITE,
                      .address = 0xffffffff83000000,
                      .nobits_size = 64});
  return elf::write_object(object);
}

/// Turns the section at an address into what linkers make of the relocations that they
/// leave to the kernel.
void make_relocation_list(Bytes& file, std::uint64_t address) {
  auto* const header = reinterpret_cast<Elf64_Ehdr*>(file.data());
  auto* const sections = reinterpret_cast<Elf64_Shdr*>(file.data() + header->e_shoff);
  for (Elf64_Shdr& section : std::span(sections, header->e_shnum))
    if (section.sh_addr == address) {
      section.sh_type = SHT_RELA;
      section.sh_entsize = sizeof(Elf64_Rela);
    }
}

TEST(KernelImage, HasCodeAndNames) {
  const Image image = kernel_image(
      small_vmlinux(test::KallsymsTable(test::sample_symbols(), {}).section()), "small");
  const std::vector<ImageSymbolId> shows = image.named("irq_show");
  ASSERT_EQ(shows.size(), 2U);
  EXPECT_EQ(image.position(shows[0]), 1U);
  EXPECT_EQ(image.position(shows[1]), 2U);
  EXPECT_LT(image.symbols()[shows[0]].address, image.symbols()[shows[1]].address);
  EXPECT_EQ(image.symbols()[shows[0]].binding, STB_LOCAL);
  EXPECT_TRUE(image.has("irq_show", 0xffffffff81001070));
  EXPECT_EQ(image.bytes_from(0xffffffff81001070).size(), 0x4000U - 0x1070);
  EXPECT_TRUE(image.bytes_from(0xffffffff83000000).empty());
  EXPECT_EQ(image.find_part(0xffffffff8300003f)->name, ".bss");
  EXPECT_EQ(image.find_part(0xffffffff83000040), nullptr);
  EXPECT_EQ(image.nearest(0xffffffff81001075)->name, "irq_show");
}

TEST(KernelImage, HasTheAddressesThatItsFirstInstructionsFillIn) {
  constexpr std::uint64_t kData = 0xffffffff83000000;
  constexpr std::uint64_t kTarget = 0xffffffff81001070;
  elf::Object object;
  object.header.machine = EM_AARCH64;
  object.add_section({.name = ".rodata",
                      .flags = SHF_ALLOC,
                      .address = 0xffffffff82000000,
                      .alignment = 8,
                      .data = test::KallsymsTable(test::sample_symbols(), {}).section()});
  object.add_section({.name = ".data",
                      .flags = SHF_ALLOC | SHF_WRITE,
                      .address = kData,
                      .data = Bytes(16)});
  Bytes list(3 * sizeof(Elf64_Rela));
  const auto add = [&](std::size_t row, std::uint64_t place, std::uint32_t type) {
    const std::size_t at = row * sizeof(Elf64_Rela);
    store<std::uint64_t>(list, at, place, std::endian::little);
    store<std::uint64_t>(list, at + 8, type, std::endian::little);
    store<std::uint64_t>(list, at + 16, kTarget, std::endian::little);
  };
  add(0, kData + 8, R_AARCH64_RELATIVE);
  add(1, kData, R_AARCH64_ABS64);         // of a symbol, which the list has no table of
  add(2, kData + 12, R_AARCH64_RELATIVE); // reaches past the end
  object.add_section({.name = ".rela.dyn",
                      .type = SHT_PROGBITS,
                      .flags = SHF_ALLOC,
                      .address = 0xffffffff84000000,
                      .alignment = 8,
                      .data = list});
  Bytes file = elf::write_object(object);
  make_relocation_list(file, 0xffffffff84000000);
  const Image image = kernel_image(file, "small");
  const auto data = image.bytes_from(kData);
  EXPECT_EQ(load<std::uint64_t>(data, 8, std::endian::little), kTarget);
  EXPECT_EQ(load<std::uint64_t>(data, 0, std::endian::little), 0U);
}

TEST(KernelImage, NeedsItsOwnSymbolTable) {
  EXPECT_THROW(
      {
        try {
          kernel_image(small_vmlinux(Bytes(4096)), "small");
        } catch (const Error& error) {
          EXPECT_THAT(error.what(), HasSubstr("kallsyms"));
          throw;
        }
      },
      Error);
}

TEST(ModuleImage, IsLinkedAsItsLoaderWould) {
  elf::Object object;
  object.header.machine = EM_X86_64;
  const auto text = object.add_section({.name = ".text",
                                        .flags = SHF_ALLOC | SHF_EXECINSTR,
                                        .data = Bytes(32),
                                        .has_relocations = true});
  const auto data = object.add_section(
      {.name = ".data", .flags = SHF_ALLOC | SHF_WRITE, .data = Bytes(16)});
  object.add_symbol({.name = "show", .type = STT_FUNC, .section = text});
  const auto count = object.add_symbol(
      {.name = "count", .type = STT_OBJECT, .section = data, .value = 8});
  const auto other = object.add_symbol({.name = "printk", .binding = STB_GLOBAL});
  object.sections[text].relocations = {{4, R_X86_64_PLT32, other, -4},
                                       {12, R_X86_64_32S, count, 2}};
  const Image image = module_image(object, "sample");

  const std::uint64_t start = image.symbols()[image.named("show").at(0)].address;
  const auto code = image.bytes_from(start);
  const auto called = start + 4 + 4 +
                      static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(
                          load<std::uint32_t>(code, 4, std::endian::little))});
  EXPECT_TRUE(image.has("printk", called));
  EXPECT_TRUE(image.named("printk").empty()); // it is not the module's own
  const std::uint64_t address = image.symbols()[image.named("count").at(0)].address;
  EXPECT_EQ(load<std::uint32_t>(code, 12, std::endian::little),
            static_cast<std::uint32_t>(address + 2));
}

TEST(ImagePart, IsCodeUnlessItCanBeWrittenTo) {
  const auto is_code = [](std::uint64_t flags) {
    return ImagePart{.name = "x", .flags = flags}.is_code();
  };
  EXPECT_TRUE(is_code(SHF_ALLOC | SHF_EXECINSTR));
  EXPECT_FALSE(is_code(SHF_ALLOC | SHF_EXECINSTR | SHF_WRITE)); // .data of 7.3
  EXPECT_FALSE(is_code(SHF_ALLOC));
}

} // namespace
} // namespace kpatch::image
