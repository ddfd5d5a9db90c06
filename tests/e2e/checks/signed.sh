# SPDX-License-Identifier: GPL-2.0-or-later
# The rehearsal loads the signed patch. Before that others are tried, of which the kernel hears only in the end.
[ "$KPATCH_PHASE" = before ] || { grep '^Patched' /proc/version; exit; }

export KPATCH_VERIFY=yes
mkdir -p /boot "/lib/modules/$(uname -r)"
ln -sf /bin/vmlinuz "/boot/vmlinuz-$(uname -r)"

# What says nothing of the patch itself has to fail for nobody to take it for success: the check must fail before the patch.
fail() {
	echo "FAILED: $*"
	exit 0
}
# expect STATUS TEXT COMMAND...
expect() {
	wanted=$1 text=$2
	shift 2
	echo "+ $*"
	"$@" >/tmp/out 2>&1
	got=$?
	cat /tmp/out
	[ "$got" -eq "$wanted" ] || fail "status $got instead of $wanted"
	grep -qF -- "$text" /tmp/out || fail "not printed: $text"
}
refusals() { dmesg | grep -cE 'Loading of .*(unsigned|unavailable key)|rejected'; }

cat /sys/module/module/parameters/sig_enforce
expect 7 'it is not signed, and this kernel loads signed modules only (module.sig_enforce is set)' kpatch load /bin/unsigned.ko
expect 7 'does not fit its signature: it was changed after it was signed' kpatch load /bin/tampered.ko
[ "$(refusals)" -eq 0 ] || fail "the kernel has seen them"

# And the kernel would not have had them.
expect 8 'unsigned.ko' kpatch load --skip-checks /bin/unsigned.ko
expect 8 'tampered.ko' kpatch load --skip-checks /bin/tampered.ko
expect 8 'it is signed by Somebody else, and the kernel shows no key of that name' kpatch load /bin/foreign.ko
dmesg | tail -n 5
exit 1
