# SPDX-License-Identifier: GPL-2.0-or-later
# unix_table refuses what is below its new limit, pipes may be larger, and loop has its new depth. Without the patch nothing
# of this is so.
fail() { echo "$1"; exit 1; }
length=/proc/sys/net/unix/max_dgram_qlen
before=$(cat $length)
if (echo -7 >$length) 2>/dev/null; then
	echo "$before" >$length
	fail "max_dgram_qlen can be negative"
fi
(echo 77 >$length) && [ "$(cat $length)" -eq 77 ] || fail "max_dgram_qlen cannot be set"
echo "$before" >$length
size=$(cat /proc/sys/fs/pipe-max-size)
[ "$size" -eq 2097152 ] || fail "pipes have $size bytes"
depth=$(cat /sys/module/loop/parameters/hw_queue_depth)
[ "$depth" -eq 77 ] || fail "loop has a depth of $depth"
