# SPDX-License-Identifier: GPL-2.0-or-later
count() { awk -v key="Patched$1:" '$1 == key { print $2 }' /proc/meminfo; }
grep -q PatchedForks: /proc/meminfo || exit 1

# A check may ask for modules, loaded or part of the kernel.
modprobe nf_conntrack && modprobe tcp_cubic || exit 1

# Events switched on while the patch is in must be seen from inside the patched functions.
cd /sys/kernel/tracing || exit 1
echo 1 >events/task/task_newtask/enable
echo 1 >events/signal/signal_generate/enable
forks=$(count Forks) signals=$(count Signals) frames=$(count Frames)
sh -c 'trap "caught=1" USR1; kill -USR1 $$; sleep 0.1; [ "$caught" ]' || exit 1
bad_signal_stack || exit 1
grep Patched /proc/meminfo
echo 0 >events/enable
[ "$(count Forks)" -gt "$forks" ] && [ "$(count Signals)" -gt "$signals" ] &&
	[ "$(count Frames)" -gt "$frames" ] &&
	grep -q task_newtask: trace && grep -q 'signal_generate: sig=10' trace
