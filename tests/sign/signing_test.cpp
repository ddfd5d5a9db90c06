// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"
#include "base/process.h"
#include "elf/module_signature.h"
#include "elf/signed_file.h"
#include "sign/sign_options.h"
#include "sign/signing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <gmock/gmock.h>
#include <memory>

namespace kpatch::sign {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Two keys with their certificates, made once: RSA takes its time.
class Signing : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TempDir>("kpatch-keys-test.");
    for (const std::string name : {"ours", "other"})
      run_checked(
          {.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                    "/CN=Key of " + name, "-keyout", folder_->path() / (name + ".key"),
                    "-out", folder_->path() / (name + ".pem")}});
    run_checked({.argv = {"openssl", "x509", "-in", folder_->path() / "ours.pem",
                          "-outform", "DER", "-out", folder_->path() / "ours.der"}});
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static fs::path file(const std::string& name) { return folder_->path() / name; }
  static Signer ours() { return {file("ours.key"), file("ours.pem")}; }

  static std::unique_ptr<TempDir> folder_;
  const Bytes module_ = Bytes(1000, 'x');
};
std::unique_ptr<TempDir> Signing::folder_;

TEST_F(Signing, IsWhatTheKernelReads) {
  const Bytes result = signed_module(module_, ours());
  const elf::ModuleSignature signature = elf::read_signature(result);
  EXPECT_TRUE(signature.is_present);
  EXPECT_EQ(signature.damage, "");
  EXPECT_EQ(signature.signer, "Key of ours");
  const auto parts = elf::split_signature(result);
  ASSERT_TRUE(parts);
  EXPECT_TRUE(std::ranges::equal(parts->content, module_));
}

TEST_F(Signing, IsVerifiedByPemAndDer) {
  const Bytes result = signed_module(module_, {file("ours.key"), file("ours.der")});
  EXPECT_EQ(signature_fault(result, {file("ours.pem")}), "");
  EXPECT_EQ(signature_fault(result, {file("other.pem"), file("ours.der")}), "");
}

TEST_F(Signing, ComesInThePlaceOfAnother) {
  const Bytes once = signed_module(module_, {file("other.key"), file("other.pem")});
  EXPECT_EQ(signed_module(once, ours()), signed_module(module_, ours()));
}

TEST_F(Signing, IsNotGoodForAnotherKeyOrFile) {
  EXPECT_EQ(signature_fault(module_, {file("ours.pem")}), "is not signed");
  Bytes result = signed_module(module_, ours());
  EXPECT_THAT(signature_fault(result, {file("other.pem")}), HasSubstr("another key"));
  result[5] = 'y';
  EXPECT_THAT(signature_fault(result, {file("ours.pem")}), HasSubstr("changed"));
  EXPECT_THAT(signature_fault(result, {file("ours.pem"), file("other.pem")}),
              HasSubstr("changed"));
}

TEST_F(Signing, IsKnownToHaveBeenAlteredByTheKeyThatMadeIt) {
  const std::vector<Bytes> ours = {read_bytes(file("ours.der"))};
  Bytes result = signed_module(module_, Signing::ours());
  EXPECT_EQ(altered_fault(result, ours), "");
  EXPECT_EQ(altered_fault(module_, ours), ""); // there is nothing to tell it by
  result[5] = 'y';
  EXPECT_THAT(altered_fault(result, ours), HasSubstr("changed"));
  EXPECT_EQ(altered_fault(result, {}), "");
  EXPECT_THAT(altered_fault(result, {{0x30, 0x82, 0, 1, 'a'}, ours.front()}),
              HasSubstr("changed"));
  Bytes others = signed_module(module_, {file("other.key"), file("other.pem")});
  others[5] = 'y';
  EXPECT_EQ(altered_fault(others, ours), "");
}

TEST_F(Signing, NeedsKeyAndCertificateThatBelongTogether) {
  EXPECT_THROW(signed_module(module_, {file("missing"), file("ours.pem")}), Error);
  EXPECT_THROW(signed_module(module_, {file("ours.key"), file("other.pem")}), Error);
  EXPECT_THROW(signed_module(module_, {file("ours.key"), file("ours.key")}), Error);
}

/// A token of SoftHSM with the key "ours" in it. Its library is told to openssl's
/// provider; the engine finds it as the system's.
class Token : public Signing {
 protected:
  void SetUp() override {
    if (find_program("softhsm2-util").empty())
      GTEST_SKIP() << "softhsm2-util is not installed";
    fs::create_directories(file("tokens"));
    write_file(file("softhsm.conf"),
               "directories.tokendir = " + file("tokens").string() + "\n");
    setenv("SOFTHSM2_CONF", file("softhsm.conf").c_str(), 1);
    setenv("PKCS11_PROVIDER_MODULE", "/usr/lib/softhsm/libsofthsm2.so", 1);
    setenv("KBUILD_SIGN_PIN", "5678", 1);
    run_checked({.argv = {"softhsm2-util", "--init-token", "--free", "--label", "patches",
                          "--so-pin", "1234", "--pin", "5678"}});
    run_checked({.argv = {"openssl", "pkcs8", "-topk8", "-nocrypt", "-in",
                          file("ours.key"), "-out", file("ours.p8")}});
    run_checked(
        {.argv = {"softhsm2-util", "--import", file("ours.p8"), "--token", "patches",
                  "--label", "signer", "--id", "a1", "--pin", "5678"}});
  }
  void TearDown() override {
    for (const char* name :
         {"SOFTHSM2_CONF", "PKCS11_PROVIDER_MODULE", "KBUILD_SIGN_PIN"})
      unsetenv(name);
    fs::remove_all(file("tokens"));
  }

  /// What refuses a signature by the key of this name in a token of that.
  std::string refusal(const std::string& token) const {
    try {
      signed_module(module_,
                    {"pkcs11:token=" + token + ";object=signer", file("ours.pem")});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(Token, SignsAsAFileDoes) {
  EXPECT_EQ(
      signed_module(module_, {"pkcs11:token=patches;object=signer", file("ours.pem")}),
      signed_module(module_, ours()));
}

TEST_F(Token, SaysWhyItDoesNotSign) {
  EXPECT_THAT(refusal("another"),
              HasSubstr("pkcs11:token=another;object=signer: openssl cannot sign"));
  setenv("KBUILD_SIGN_PIN", "0000", 1);
  // The engine hands on what the token says, the provider does not.
  EXPECT_THAT(refusal("patches"),
              testing::AnyOf(HasSubstr("the token says: PIN incorrect"),
                             HasSubstr("find private key")));
}

TEST_F(Token, NeedsAWayOfOpensslToIt) {
  setenv("OPENSSL_ENGINES", "/nonexistent", 1);
  setenv("OPENSSL_MODULES", "/nonexistent", 1);
  const std::string said = refusal("patches");
  unsetenv("OPENSSL_ENGINES");
  unsetenv("OPENSSL_MODULES");
  EXPECT_THAT(said, HasSubstr("neither a provider nor an engine"));
}

TEST_F(Signing, TakesFilesInPlaceOrElsewhere) {
  write_file(file("a.ko"), module_);
  const std::vector<std::string> words = {"--key", file("ours.key"), "--cert",
                                          file("ours.pem"), file("a.ko")};
  EXPECT_THAT(sign_modules(parse_sign_call(words)).at(0), HasSubstr("Key of ours"));
  EXPECT_EQ(signature_fault(read_bytes(file("a.ko")), {file("ours.pem")}), "");
  EXPECT_THROW(parse_sign_call({"--key", "k", file("a.ko")}), Error);
  SignCall packed = parse_sign_call(words);
  packed.modules = {file("a.ko.xz")};
  EXPECT_THROW(sign_modules(packed), Error);
}

} // namespace
} // namespace kpatch::sign
