// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kernel that looks at signatures refuses every module whose signature it cannot read,
// and unsigned ones if it was built so (kernel/module/signing.c: module_sig_check). How
// it was built is what its variable starts with; who may sign is not in its files.
#include "verify/signature_rules.h"

#include "verify/codes.h"

namespace kpatch::verify {

void check_signature(const elf::ModuleSignature& signature, const image::Image& vmlinux,
                     Findings& findings) {
  const auto found = vmlinux.named("sig_enforce");
  if (found.empty())
    return; // this kernel looks at no signature
  const auto value = vmlinux.bytes_from(vmlinux.symbols()[found.front()].address);
  if (!signature.damage.empty())
    findings.add(
        code::kSignature, "its signature", signature.damage,
        "sign the module again with the kernel's scripts/sign-file, last of all");
  else if (!signature.is_present && !value.empty() && value[0] == 1)
    findings.add(code::kSignature, "the file",
                 "is not signed, and the kernel loads signed "
                 "modules only (CONFIG_MODULE_SIG_FORCE)",
                 "sign it with a key that the kernel trusts, with the kernel's "
                 "scripts/sign-file");
}

} // namespace kpatch::verify
