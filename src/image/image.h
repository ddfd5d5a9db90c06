// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/files.h"
#include "elf/object.h"
#include "image/name_chains.h"

#include <bit>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpatch::image {

/// A piece of an image: what one section of its file becomes in memory.
struct ImagePart {
  std::string name;
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::uint64_t flags = 0; ///< SHF_*
  Bytes data;              ///< empty for what the file does not hold (.bss)

  /// Whether functions lie in it. Where one input of a section is executable, the linker
  /// marks all of it: .data of newer x86 kernels has the code that kexec copies to where
  /// it runs (vmlinux.lds.S: RELOCATE_KERNEL). No kernel executes what it can write to.
  bool is_code() const { return (flags & SHF_EXECINSTR) && !(flags & SHF_WRITE); }
};

struct ImageSymbol {
  std::string name;
  std::uint64_t address = 0;
  std::uint64_t size = 0; ///< 0: not known
  std::uint8_t type = 0;  ///< STT_*; STT_NOTYPE where the image does not tell
  std::uint8_t binding = 0;
  bool is_defined = true; ///< else a module takes it from others
};

/// Position of a symbol in an image's table.
using ImageSymbolId = std::uint32_t;

/// The code and data of a kernel or module as they are shipped, at fixed addresses, with
/// the names that livepatch knows them by. Nothing that is patched at boot or load has
/// been patched yet.
class Image {
 public:
  /// `parts` may not overlap; `symbols` stand in the order in which livepatch counts.
  Image(std::string label, std::endian order, std::vector<ImagePart> parts,
        std::vector<ImageSymbol> symbols);

  const std::string& label() const { return label_; }
  std::endian order() const { return order_; }
  const std::vector<ImagePart>& parts() const { return parts_; }
  const std::vector<ImageSymbol>& symbols() const { return symbols_; }

  const ImagePart* find_part(std::uint64_t address) const;
  const ImagePart* find_part(std::string_view name) const;
  /// All bytes from an address to the end of its part; empty if the file has none there.
  std::span<const std::uint8_t> bytes_from(std::uint64_t address) const;

  /// Symbols of that name that are defined here, in table order.
  std::vector<ImageSymbolId> named(std::string_view name) const;
  /// Where the first symbol of that name is; 0 if there is none.
  std::uint64_t address_of(std::string_view name) const;
  /// Symbols at that very address.
  std::span<const ImageSymbolId> at(std::uint64_t address) const;
  /// The last symbol at or before the address; for messages.
  const ImageSymbol* nearest(std::uint64_t address) const;
  /// Whether that name stands for that address.
  bool has(std::string_view name, std::uint64_t address) const;
  /// Whether anything has that name, even if the module takes it from others.
  bool knows(std::string_view name) const;
  /// Rank, from 1, of the symbol among those of its name.
  std::uint64_t position(ImageSymbolId id) const;

 private:
  std::string label_;
  std::endian order_;
  std::vector<ImagePart> parts_; ///< by address
  std::vector<ImageSymbol> symbols_;
  std::vector<ImageSymbolId> by_address_;
  NameChains by_name_;
};

/// The image of a kernel, from its vmlinuz or vmlinux. Throws Error for a kernel without
/// a symbol table of its own.
Image read_kernel_image(const std::filesystem::path& file);
Image kernel_image(std::span<const std::uint8_t> vmlinux, std::string label);

/// The image of a module file, compressed or not. Its sections lie one after the other at
/// addresses of our choice, and so does each symbol of others that it uses.
Image read_module_image(const std::filesystem::path& file);
Image module_image(const elf::Object& module, std::string label);

} // namespace kpatch::image
