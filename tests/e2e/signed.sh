#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A small kernel that loads signed modules only (module.sig_enforce=1) and has one key built in takes a live patch that is signed
# with that key. kpatch load refuses one without a signature and one that was changed since, before the kernel sees them, and
# says beforehand that the kernel may refuse one that is signed with another key.
# usage: signed.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
. "$here/small_kernel.sh"
kernel_source >/dev/null
own_kernel CC=gcc-12
sed '/^--- a.fs.binfmt_misc.c/,$d' "$here/patches/own-kernel.patch" >"$work/version.patch"
CACHEDIR=$work/cache "${kpatch_build[@]}" -n signed -s "$objects" -o "$work" "$work/version.patch"

key=$objects/certs/signing_key.pem
openssl req -x509 -newkey rsa:2048 -nodes -subj '/CN=Somebody else' -keyout "$work/other.key" -out "$work/other.pem" 2>/dev/null
cp "$work/signed.ko" "$work/unsigned.ko"
"$bin/kpatch" sign --key "$work/other.key" --cert "$work/other.pem" -o "$work/foreign.ko" "$work/signed.ko"
"$bin/kpatch" sign --key "$key" --cert "${key%.pem}.x509" "$work/signed.ko"
sed 's/Patched %s/PATCHED %s/' "$work/signed.ko" >"$work/tampered.ko"
! cmp -s "$work/signed.ko" "$work/tampered.ko" || { echo "nothing was changed"; exit 1; }

# On the host the certificate is found in the kernel's image, too.
image=$objects/arch/x86/boot/bzImage
judge() {
	"$bin/kpatch" verify --vmlinuz "$image" --modules "$kept/installed" "$@"
}
judge "$work/signed.ko"
! judge "$work/tampered.ko" >"$work/said" || { echo "kpatch verify finds nothing wrong with a changed module"; exit 1; }
grep -q 'it was changed after it was signed .KP5014' "$work/said" || { cat "$work/said"; exit 1; }

cp "$image" "$work/vmlinuz"
programs=()
for file in vmlinuz unsigned.ko tampered.ko foreign.ko; do
	programs+=(--program "$work/$file")
done
"$bin/kpatch" rehearse --kernel "$release" --vmlinuz "$image" --modules "$kept/installed" --append module.sig_enforce=1 \
	--check "$here/checks/signed.sh" "${programs[@]}" --program "$(command -v openssl)" "$work/signed.ko"
