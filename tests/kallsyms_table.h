// SPDX-License-Identifier: GPL-2.0-or-later
//
// Makes a section with a kallsyms table in it, the way scripts/kallsyms.c lays it out.
#pragma once

#include "base/endian.h"
#include "base/files.h"
#include "image/kallsyms.h"

#include <string>
#include <vector>

namespace kpatch::test {

enum class AddressForm { kAbsolute, kRelative, kAbsolutePercpu, kFromPlace };

struct KallsymsForm {
  AddressForm addresses = AddressForm::kAbsolutePercpu;
  bool addresses_last = false;
  bool with_seqs = false;
  std::endian order = std::endian::little;
  std::size_t alignment = 8; ///< of the parts
  std::uint64_t base = 0xffffffff81000000;
};

/// As kernels since 7.0 have it.
constexpr KallsymsForm kFormOf7 = {.addresses = AddressForm::kFromPlace,
                                   .addresses_last = true,
                                   .with_seqs = true,
                                   .alignment = 4};

class KallsymsTable {
 public:
  static constexpr std::uint64_t kAddress = 0xffffffff82000000; ///< of the section

  KallsymsTable(const std::vector<image::Kallsym>& symbols, KallsymsForm form)
      : symbols_(symbols), form_(form) {}

  Bytes section() {
    put_text("what else .rodata holds");
    align();
    if (!form_.addresses_last)
      put_addresses();
    put<std::uint32_t>(static_cast<std::uint32_t>(symbols_.size()));
    align();
    put_names();
    if (form_.with_seqs && !form_.addresses_last)
      put_seqs();
    put_tokens();
    if (form_.addresses_last)
      put_addresses();
    if (form_.with_seqs && form_.addresses_last)
      put_seqs();
    put_text("and more of it");
    return bytes_;
  }

 private:
  template <typename T>
  void put(T value) {
    bytes_.resize(bytes_.size() + sizeof(T));
    store(std::span(bytes_), bytes_.size() - sizeof(T), value, form_.order);
  }
  void put_text(std::string_view text) {
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    bytes_.push_back(0);
  }
  void align() {
    bytes_.resize((bytes_.size() + form_.alignment - 1) / form_.alignment *
                  form_.alignment);
  }

  void put_addresses() {
    for (const image::Kallsym& symbol : symbols_)
      put_address(symbol.address);
    align();
    if (form_.addresses == AddressForm::kRelative ||
        form_.addresses == AddressForm::kAbsolutePercpu)
      put<std::uint64_t>(form_.base);
  }

  void put_address(std::uint64_t address) {
    if (form_.addresses == AddressForm::kAbsolute)
      put<std::uint64_t>(address);
    else if (form_.addresses == AddressForm::kRelative)
      put(static_cast<std::uint32_t>(address - form_.base));
    else if (form_.addresses == AddressForm::kFromPlace)
      put(static_cast<std::uint32_t>(address - kAddress - bytes_.size()));
    else
      put(static_cast<std::uint32_t>(address < form_.base ? address
                                                          : form_.base - 1 - address));
  }

  void put_names() {
    std::vector<std::uint32_t> markers;
    const std::size_t begin = bytes_.size();
    for (std::size_t i = 0; i < symbols_.size(); ++i) {
      if (i % 256 == 0)
        markers.push_back(static_cast<std::uint32_t>(bytes_.size() - begin));
      put_name(symbols_[i].type + symbols_[i].name);
    }
    align();
    for (const std::uint32_t marker : markers)
      put(marker);
    align();
  }

  /// Token 200 stands for "irq_", as an example of what compression does.
  void put_name(std::string text) {
    for (std::size_t at = text.find("irq_"); at != std::string::npos;
         at = text.find("irq_"))
      text.replace(at, 4, 1, kToken);
    if (text.size() > 0x7f) {
      bytes_.push_back(static_cast<std::uint8_t>((text.size() & 0x7f) | 0x80));
      bytes_.push_back(static_cast<std::uint8_t>(text.size() >> 7));
    } else {
      bytes_.push_back(static_cast<std::uint8_t>(text.size()));
    }
    bytes_.insert(bytes_.end(), text.begin(), text.end());
  }

  void put_seqs() {
    for (std::size_t i = 0; i < symbols_.size(); ++i)
      for (int part = 0; part < 3; ++part)
        bytes_.push_back(static_cast<std::uint8_t>(i >> (16 - 8 * part)));
    align();
  }

  void put_tokens() {
    std::vector<std::uint16_t> index;
    const std::size_t begin = bytes_.size();
    for (unsigned token = 0; token < 256; ++token) {
      index.push_back(static_cast<std::uint16_t>(bytes_.size() - begin));
      if (token == static_cast<std::uint8_t>(kToken))
        put_text("irq_");
      else
        put_text(token == 0 ? "zero" : std::string(1, static_cast<char>(token)));
    }
    align();
    for (const std::uint16_t offset : index)
      put(offset);
    align();
  }

  static constexpr char kToken = static_cast<char>(200);
  const std::vector<image::Kallsym>& symbols_;
  KallsymsForm form_;
  Bytes bytes_;
};

/// Enough symbols for several markers; two share a name, one has a name that needs two
/// bytes for its length.
inline std::vector<image::Kallsym> sample_symbols() {
  std::vector<image::Kallsym> symbols = {{0xffffffff81000000, 'T', "_text"}};
  for (unsigned i = 0; i < 1200; ++i)
    symbols.push_back({0xffffffff81001000 + 16 * i, i % 2 ? 't' : 'T',
                       i % 600 == 7 ? "irq_show" : "irq_" + std::to_string(i)});
  symbols.push_back({0xffffffff81100000, 'd', std::string(300, 'x')});
  return symbols;
}

} // namespace kpatch::test
