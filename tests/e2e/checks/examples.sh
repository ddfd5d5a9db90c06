# SPDX-License-Identifier: GPL-2.0-or-later
# What the patches in examples/ do, all in one module. Before, dropping caches is made quiet for good;
# the patched function must know that.
[ "$KPATCH_PHASE" != before ] || echo 4 >/proc/sys/vm/drop_caches
reads() { awk '$1 == "StatusReads:" { print $2 }' "/proc/$1/status"; }
loads() { sed -n 's/^read \([0-9]*\) times$/\1/p' /proc/loadavg; }
grows() { [ -n "$1" ] && [ "$2" -eq $(($1 + 1)) ]; }

cat /proc/patched /proc/loadavg /proc/consoles
grows "$(reads 1)" "$(reads 1)" || exit 1
sh -c 'cat /proc/self/status' | grep -q '^StatusReads:.1$' || exit 1
grows "$(loads)" "$(loads)" || exit 1
[ "$(dmesg | grep -c 'loadavg: read for the first time')" -eq 1 ] || exit 1
echo 1 >/proc/sys/vm/drop_caches
dmesg | grep 'drop_caches: quiet$' || exit 1
grep -q '^live patched Linux' /proc/version || exit 1
dmesg | grep -q 'version: read by grep' && dmesg | grep -q 'version: told later' || exit 1
grep -q '^made by a callback$' /proc/patched && grep -q patched /proc/consoles || exit 1
# Left out on purpose.
! grep -q patched /proc/uptime && [ "$(cat /proc/sys/fs/pipe-max-size)" -eq 1048576 ]
