// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/sha256.h"

#include "base/error.h"

#include <array>
#include <openssl/evp.h>

namespace kpatch {

namespace {

/// libcrypto fails where memory runs out or a policy of the system forbids the digest.
void require(int done) {
  if (done != 1)
    fail("libcrypto: it does not compute SHA-256 here");
}

} // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  require(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
}

void Sha256::add(std::span<const std::uint8_t> data) {
  require(EVP_DigestUpdate(context_.get(), data.data(), data.size()));
}

void Sha256::add(std::string_view text) {
  require(EVP_DigestUpdate(context_.get(), text.data(), text.size()));
}

void Sha256::add_field(std::string_view text) {
  add(fmt::format("{}:", text.size()));
  add(text);
}

std::string Sha256::finish() {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  require(EVP_DigestFinal_ex(context_.get(), digest.data(), &size));
  std::string digits;
  for (const std::uint8_t byte : std::span(digest).first(size))
    digits += fmt::format("{:02x}", byte);
  return digits;
}

std::string sha256(std::string_view text) {
  Sha256 hash;
  hash.add(text);
  return hash.finish();
}

} // namespace kpatch
