# SPDX-License-Identifier: GPL-2.0-or-later
# What calls kobject_synth_uevent and memparse, in vmlinux and in a module.
fail() { echo "$1"; exit 1; }
for file in /sys/devices/virtual/mem/null/uevent /sys/bus/platform/uevent /sys/module/printk/uevent; do
	(echo nonsense >$file) 2>/tmp/said && fail "$file takes nonsense"
	cat /tmp/said
	grep -q 'out of range' /tmp/said || fail "$file is not patched"
done

mkdir -p /tmp/small
mount -t tmpfs -o size=2q none /tmp/small || fail "tmpfs does not know the unit"
size=$(df -k /tmp/small | awk 'END { print $2 }')
umount /tmp/small
[ "$size" -eq 2048 ] || fail "tmpfs has $size kB"

echo 3q >/sys/block/zram0/mem_limit || exit 1
limit=$(awk '{ print $4 }' /sys/block/zram0/mm_stat) # of bytes
[ "$limit" -eq $((3 << 20)) ] || fail "zram has a limit of $limit bytes"
