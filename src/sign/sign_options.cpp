// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command line of `kpatch sign`.
#include "sign/sign_options.h"

#include "base/error.h"
#include "elf/module_signature.h"

namespace kpatch::sign {
namespace fs = std::filesystem;

namespace {

using To = SignCall&;
using Text = const std::string&;

/// In the order of --help.
constexpr Option<SignCall> kOptions[] = {
    {"key", 0, "FILE|URI", "Private key: a file (PEM), or a pkcs11: URI",
     [](To to, Text value) { to.signer.key = value; }},
    {"cert", 0, "FILE", "Certificate of that key, PEM or DER",
     [](To to, Text value) { to.signer.certificate = value; }},
    {"hash", 0, "NAME", "Digest to sign (default: sha256)",
     [](To to, Text value) { to.signer.hash = value; }},
    {"output", 'o', "FILE", "Write the signed module here (default: in place)",
     [](To to, Text value) { to.output = value; }},
    {"help", 'h', nullptr, "Show this help", [](To to, Text) { to.wants_help = true; }},
};

} // namespace

std::vector<OptionForm> sign_forms() {
  return forms_of(kOptions);
}

std::string sign_usage() {
  return R"(usage: kpatch sign --key FILE|URI --cert FILE [options] MODULE.ko...

Signs modules as the kernel's scripts/sign-file does, in the place of a
signature that they have. KBUILD_SIGN_PIN in the environment is the passphrase
of the key or the PIN of the token.

)" + options_help(forms_of(kOptions));
}

SignCall parse_sign_call(const std::vector<std::string>& arguments) {
  SignCall call;
  const std::vector<std::string> modules =
      parse_command("sign", kOptions, arguments, call);
  if (call.wants_help)
    return call;
  call.modules.assign(modules.begin(), modules.end());
  if (call.modules.empty() || call.signer.key.empty() || call.signer.certificate.empty())
    fail_wrong_call("sign", "give --key, --cert and a module");
  if (!call.output.empty() && call.modules.size() > 1)
    fail_wrong_call("sign", "--output takes one module");
  return call;
}

std::vector<std::string> sign_modules(const SignCall& call) {
  std::vector<std::string> lines;
  for (const fs::path& module : call.modules) {
    if (module.extension() != ".ko")
      fail_with_remedy("sign the .ko, then compress it",
                       "{}: only an uncompressed module can be signed", module.string());
    const Bytes finished = signed_module(read_bytes(module), call.signer);
    write_file(call.output.empty() ? module : call.output, finished);
    lines.push_back(fmt::format("{}: signed by {}", module.string(),
                                elf::read_signature(finished).signer));
  }
  return lines;
}

} // namespace kpatch::sign
