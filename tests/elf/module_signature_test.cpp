// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/module_signature.h"
#include "elf/object.h"

#include <gtest/gtest.h>

namespace kpatch::elf {
namespace {

using namespace std::string_literals;

/// A file with `message` as its signature, as sign-file appends it.
Bytes signed_file(const std::string& message, std::uint8_t length) {
  const std::string text = "module" + message + "\0\0\2\0\0\0\0\0\0\0\0"s +
                           static_cast<char>(length) + "~Module signature appended~\n";
  return {text.begin(), text.end()};
}

TEST(ModuleSignature, TellsTheSigner) {
  const std::string message = "\x30\x10\x06\x03\x55\x04\x03\x0c\x04Test tail"s;
  const ModuleSignature signature =
      read_signature(signed_file(message, static_cast<std::uint8_t>(message.size())));
  EXPECT_TRUE(signature.is_present);
  EXPECT_EQ(signature.signer, "Test");
}

TEST(ModuleSignature, SurvivesDamage) {
  EXPECT_FALSE(read_signature(Bytes()).is_present);
  EXPECT_EQ(read_signature(signed_file("", 200)).signer, "");
  EXPECT_NE(read_signature(signed_file("", 200)).damage, "");
  const std::string cut = "\x06\x03\x55\x04\x03\x0c\x7f"s;
  EXPECT_EQ(read_signature(signed_file(cut, 7)).signer, "");
}

/// The head of a message, without signers.
const std::string kMessage =
    "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x00"s;

TEST(ModuleSignature, IsAPkcs7Message) {
  const auto size = static_cast<std::uint8_t>(kMessage.size());
  EXPECT_EQ(read_signature(signed_file(kMessage, size)).damage, "");
  EXPECT_NE(read_signature(signed_file(kMessage, size - 1)).damage, "");
  EXPECT_NE(read_signature(signed_file(kMessage + "x", size + 1)).damage, "");
  Bytes file = signed_file(kMessage, size);
  file[6 + kMessage.size() + 2] = 1; // another kind
  EXPECT_NE(read_signature(file).damage, "");
  file = signed_file(kMessage, size);
  file[6 + kMessage.size()] = 1;
  EXPECT_NE(read_signature(file).damage, "");
}

} // namespace
} // namespace kpatch::elf
