# SPDX-License-Identifier: GPL-2.0-or-later
# Functions all over the kernel and of modules, all at once. Without them nothing of this holds.
fail() { echo "$1"; exit 1; }

# A pointer to a function that the kernel calls by its name only; an export in a namespace, where the kernel has it.
grep PatchedPointer: /proc/meminfo || fail "no call through the pointer"
! grep -q ' dma_buf_put$' /proc/kallsyms || grep -q '^patched' /proc/softirqs || fail "no use of the namespace"

# m_show of fs/namespace.c and s_show of kernel/kallsyms.c.
grep -q '^patched tmpfs ' /proc/mounts || fail "m_show of the mounts is not patched"
grep -q '{loop}$' /proc/kallsyms || fail "s_show of kallsyms is not patched"

# New static variables must keep their values.
reads() { sed -n 's/^reads \([0-9]*\), waiting [0-9]*, busy$/\1/p' /proc/loadavg; }
connections() { sed -n 's/^TCP connections: cached, read \([0-9]*\) times$/\1/p' /proc/net/ip_vs_conn; }
first=$(reads) second=$(reads)
[ "${second:-0}" -eq $((${first:-0} + 1)) ] || fail "loadavg is not patched"
first=$(connections) second=$(connections)
[ "${second:-0}" -eq $((${first:-0} + 1)) ] || fail "ip_vs is not patched"

# A module of one object.
echo 1 >/tmp/disk
losetup /dev/loop0 /tmp/disk
line=$(cat /sys/block/loop0/loop/offset)
losetup -d /dev/loop0
echo "loop: $line"
case $line in "0 patched "*) ;; *) fail "loop is not patched" ;; esac

cat /sys/devices/system/cpu/vulnerabilities/retbleed

# Every counter must count under load, and events switched on after the patch came in must be seen
# from inside the patched functions.
grep '^PatchedCalls:' /proc/meminfo >/tmp/calls.before || exit 1
cd /sys/kernel/tracing || exit 1
: >trace
for event in task/task_newtask signal/signal_generate sched/sched_wakeup_new; do
	echo 1 >events/$event/enable
done
busy & busy && wait $! || exit 1
bad_signal_stack || exit 1
echo 0 >events/enable
grep '^PatchedCalls:' /proc/meminfo | tee /tmp/calls.after
# That of task_tick_fair needs scheduler-tick.patch, which is none for real-time kernels: they have another function.
without=
if grep -q PREEMPT_RT /proc/version; then without=3; fi
cat /tmp/calls.before /tmp/calls.after | awk -v without="$without" '
	NR == 1 { for (i = 2; i <= NF; i++) before[i] = $i; next }
	{ for (i = 2; i <= NF; i++) if ($i <= before[i] && i - 2 "" != without) { print "counter", i - 2, "stands still"; bad = 1 } }
	END { exit bad || NF < 20 }' || exit 1
for event in task_newtask: signal_generate: sched_wakeup_new:; do
	grep -q "$event" trace || { echo "no $event in the trace"; exit 1; }
done
