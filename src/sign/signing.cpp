// SPDX-License-Identifier: GPL-2.0-or-later
//
// The message is what the kernel's scripts/sign-file.c makes: CMS without certificates
// and attributes, over the bytes of the file. The program openssl makes and reads it, so
// that keys and hostile messages stay out of this process, and so that its providers and
// engines are there for keys in tokens.
#include "sign/signing.h"

#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "elf/signed_file.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace kpatch::sign {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kToken = "pkcs11:";
/// As the kernel's own build has it (Documentation/kbuild/reproducible-builds.rst and
/// certs/): the passphrase of a key, or the PIN of a token.
constexpr const char* kPin = "KBUILD_SIGN_PIN";
constexpr const char* kOpenssl = "openssl";
constexpr std::string_view kOtherSigner =
    "is signed with another key than those of the certificates given";

void require_openssl() {
  if (find_program(kOpenssl).empty())
    fail_with_remedy("install it: apt-get install openssl",
                     "openssl: the program is not installed, which signs modules");
}

bool is_in_token(const Signer& signer) {
  return signer.key.starts_with(kToken);
}

/// OpenSSL 3 reaches tokens by a provider; before, and where that is not installed, by
/// an engine.
std::vector<std::string> token_options() {
  if (run({.argv = {kOpenssl, "list", "-providers", "-provider", "pkcs11"}}).ok())
    return {"-provider", "default", "-provider", "pkcs11"};
  if (run({.argv = {kOpenssl, "engine", "pkcs11"}}).ok())
    return {"-engine", "pkcs11", "-keyform", "engine"};
  fail_with_remedy("install one: apt-get install pkcs11-provider, or, where that is not "
                   "served, libengine-pkcs11-openssl",
                   "openssl reaches no token: it has neither a provider nor an engine "
                   "pkcs11");
}

/// What the token said, "PIN incorrect", or else the line that says most. openssl prints
/// its errors as THREAD:error:CODE:LIBRARY:FUNCTION:REASON:FILE:LINE:TEXT, the deepest
/// first (openssl-errstr(1)).
std::string last_words(const Outcome& outcome) {
  constexpr std::size_t kLibrary = 3, kReason = 5;
  std::string_view last;
  for (const std::string_view line : lines_of(outcome.errors)) {
    if (line.find_first_not_of(' ') != line.npos)
      last = line;
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() > kReason && fields[1] == "error" &&
        (fields[kLibrary].starts_with("pkcs11") ||
         fields[kLibrary].starts_with("PKCS#11")))
      return fmt::format("the token says: {}", fields[kReason]);
  }
  return std::string(last);
}

bool has_answer(const Outcome& outcome, std::string_view words) {
  return outcome.errors.find(words) != std::string::npos;
}

/// openssl takes certificates as PEM only, the kernel's build leaves DER as well.
/// Nothing if it is no certificate.
std::optional<fs::path> find_pem(const fs::path& certificate, const fs::path& folder) {
  fs::path pem = folder / "certificate.pem";
  for (const char* form : {"PEM", "DER"})
    if (run({.argv = {kOpenssl, "x509", "-inform", form, "-in", certificate, "-out",
                      pem}})
            .ok())
      return pem;
  return std::nullopt;
}

fs::path as_pem(const fs::path& certificate, const fs::path& folder) {
  if (auto pem = find_pem(certificate, folder))
    return *pem;
  fail_with_remedy("give the certificate that belongs to the key, in PEM or DER",
                   "{} is not an X.509 certificate", certificate.string());
}

} // namespace

void check_signer(const Signer& signer) {
  require_openssl();
  if (!is_in_token(signer) && !fs::is_regular_file(signer.key))
    fail_with_remedy("give the file of the private key, or the pkcs11: URI of one",
                     "sign key '{}' not found", signer.key);
  if (!fs::is_regular_file(signer.certificate))
    fail_with_remedy("give the X.509 certificate of the key",
                     "sign certificate '{}' not found", signer.certificate.string());
}

Bytes signed_module(std::span<const std::uint8_t> module, const Signer& signer) {
  check_signer(signer);
  const auto parts = elf::split_signature(module);
  const std::span<const std::uint8_t> content = parts ? parts->content : module;
  const TempDir folder("kpatch-sign.");
  const fs::path file = folder.path() / "module", message = folder.path() / "message";
  const fs::path certificate = as_pem(signer.certificate, folder.path());
  write_file(file, content, 0600);
  std::vector<std::string> argv = {kOpenssl,    "cms",      "-sign",       "-binary",
                                   "-noattr",   "-nocerts", "-nosmimecap", "-md",
                                   signer.hash, "-in",      file,          "-outform",
                                   "DER",       "-out",     message,       "-signer",
                                   certificate, "-inkey",   signer.key};
  if (is_in_token(signer))
    std::ranges::move(token_options(), std::back_inserter(argv));
  if (std::getenv(kPin))
    argv.insert(argv.end(), {"-passin", std::string("env:") + kPin});
  const Outcome outcome = run({.argv = argv});
  Bytes result;
  if (fs::exists(message))
    result = elf::with_signature(content, read_bytes(message));
  // The signature decides, not how openssl ended: the libraries of some tokens crash it
  // when all is done (SoftHSM 2.6 with the provider of Debian 13).
  if (result.empty() || !signature_fault(result, {certificate}).empty())
    fail_with_remedy(
        fmt::format("see whether the certificate is that of the key, and whether {} has "
                    "its passphrase or PIN",
                    kPin),
        "{}: openssl cannot sign with it: {}", signer.key, last_words(outcome));
  return result;
}

std::string altered_fault(std::span<const std::uint8_t> module,
                          const std::vector<Bytes>& certificates) {
  if (certificates.empty() || !elf::split_signature(module) ||
      find_program(kOpenssl).empty())
    return {};
  const TempDir folder("kpatch-certificates.");
  std::vector<fs::path> files;
  for (const Bytes& certificate : certificates) {
    fs::path file = folder.path() / std::to_string(files.size());
    write_file(file, certificate);
    if (find_pem(file, folder.path()))
      files.push_back(std::move(file));
  }
  const std::string fault = signature_fault(module, files);
  return fault == kOtherSigner ? "" : fault;
}

std::string signature_fault(std::span<const std::uint8_t> module,
                            const std::vector<fs::path>& certificates) {
  require_openssl();
  const auto parts = elf::split_signature(module);
  if (!parts)
    return "is not signed";
  const TempDir folder("kpatch-signature.");
  const fs::path file = folder.path() / "module", message = folder.path() / "message";
  write_file(file, parts->content, 0600);
  write_file(message, parts->message, 0600);
  std::string fault(kOtherSigner);
  for (const fs::path& certificate : certificates) {
    const Outcome outcome =
        run({.argv = {kOpenssl, "cms", "-verify", "-binary", "-inform", "DER", "-in",
                      message, "-content", file, "-nointern", "-noverify", "-certfile",
                      as_pem(certificate, folder.path()), "-out", "/dev/null"}});
    if (outcome.ok())
      return {};
    if (!has_answer(outcome, "signer certificate not found"))
      fault = has_answer(outcome, ":verification failure:")
                  ? "does not fit its signature: it was changed after it was signed"
                  : "has a signature that openssl cannot read: " + last_words(outcome);
  }
  return fault;
}

} // namespace kpatch::sign
