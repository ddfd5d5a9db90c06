# SPDX-License-Identifier: GPL-2.0-or-later
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
cat /tmp/calls.before /tmp/calls.after | awk '
	NR == 1 { for (i = 2; i <= NF; i++) before[i] = $i; next }
	{ for (i = 2; i <= NF; i++) if ($i <= before[i]) { print "counter", i - 2, "stands still"; bad = 1 } }
	END { exit bad || NF < 20 }' || exit 1
for event in task_newtask: signal_generate: sched_wakeup_new:; do
	grep -q "$event" trace || { echo "no $event in the trace"; exit 1; }
done
