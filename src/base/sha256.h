// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st; // of libcrypto

namespace kpatch {

/// SHA-256, for names of things that are kept by content.
class Sha256 {
 public:
  Sha256();
  void add(std::span<const std::uint8_t> data);
  void add(std::string_view text);
  /// The text as one of several, which cannot run into the next.
  void add_field(std::string_view text);
  /// 64 hexadecimal digits. Nothing may be added afterwards.
  std::string finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

std::string sha256(std::string_view text);

} // namespace kpatch
