# SPDX-License-Identifier: GPL-2.0-or-later
# The life of patches as an operator sees it. Version 1 is loaded by the rehearsal and must be
# loaded again at the end; /bin has version 2, which replaces it, and operations-sleep, which
# does not replace and patches a function that tasks sleep in.
grep -q VMALLOCCHUNK /proc/meminfo || exit 1
cd /tmp

# expect STATUS COMMAND...: leaves what is printed in ./out
expect() {
	wanted=$1
	shift
	echo "+ $*"
	"$@" >out 2>&1 </dev/null
	got=$?
	cat out
	[ "$got" -eq "$wanted" ] || fail "status $got instead of $wanted"
}
fail() {
	echo "FAILED: $*"
	exit 1
}
printed() { grep -qF -- "$1" out || fail "not printed: $1"; }
is_there() { [ -e "/sys/module/$1" ]; }

expect 0 kpatch list
printed 'operations_v1 [enabled]'
expect 0 kpatch info --json /bin/operations-v2.ko
printed '"name": "meminfo_proc_show"'
printed '"replace": true'
expect 0 kpatch status --json
printed '"active": "operations_v1"'
printed '"patched": true'
expect 2 kpatch fixes CVE-2026-1111
printed 'operations_v1 does not say what it fixes'
expect 0 kpatch install /rehearsal/patches/operations_v1.ko
expect 0 kpatch install /rehearsal/patches/operations_v1.ko
printed 'is already installed'

# A task asleep in a function that is to be patched.
sleep 1000 &
sleeper=$!
expect 4 kpatch load --timeout 3 --on-stall=revert /bin/operations-sleep.ko
printed 'operations_sleep: 1 task(s) left'
printed "$sleeper sleep"
printed 'inside patched: hrtimer_nanosleep (vmlinux)'
printed 'hrtimer_nanosleep+0x'
! is_there operations_sleep || fail 'not taken out again'
expect 5 kpatch load --timeout 2 --on-stall=keep /bin/operations-sleep.ko
expect 0 kpatch status
printed 'operations_sleep [enabling...]'
printed "$sleeper sleep inside hrtimer_nanosleep"

# Another one is kept out, and told by whom; a reader that goes away or SIGTERM decides over nothing.
kpatch load --timeout 20 --on-stall=revert /bin/operations-sleep.ko 2>&1 >first | head -c 1 &
sleep 2
expect 9 kpatch load --wait 1 /bin/operations-v2.ko
printed 'kpatch load --timeout 20'
printed 'is at work'
first=$(sed -n 's/.*(process \([0-9]*\)).*/\1/p' /run/kpatch/lock)
kill -TERM "$first"
for second in $(seq 100); do
	[ -e "/proc/$first" ] || break
	sleep 1
done
expect 0 kpatch list
! grep -q operations_sleep out || fail 'SIGTERM has left the patch in transition'
expect 5 kpatch load --timeout 2 --on-stall=keep /bin/operations-sleep.ko
kill "$sleeper"
expect 0 kpatch load /bin/operations-sleep.ko
expect 0 kpatch unload operations-sleep

# A task asleep in the patch itself.
sh -c 'printf sleeper >/proc/self/comm; while read -r line; do :; done </proc/meminfo' &
sleep 1
expect 4 kpatch unload --timeout 3 --on-stall=revert operations_v1
printed 'inside patched: meminfo_proc_show (vmlinux)'
printed '[operations_v1]'
expect 0 kpatch list
printed 'operations_v1 [enabled]'
wait

# Replaced by a compressed module, and back.
gzip -c /bin/operations-v2.ko >operations-v2.ko.gz
expect 0 kpatch load operations-v2.ko.gz
printed 'replaces: operations_v1'
printed 'replaced patch module: operations_v1'
grep -q 'VMALLOCCHUNK: *8 kB' /proc/meminfo || fail 'version 2 is not in effect'
! is_there operations_v1 || fail 'version 1 was left behind'
expect 0 kpatch fixes CVE-2026-1111
printed 'operations_v2 is in effect'
expect 1 kpatch fixes CVE-2026-2222
expect 0 kpatch status --effective-version
printed "$(uname -r)+2.1"
expect 0 kpatch rollback
printed 'rolling back from operations_v2 to operations_v1'
grep -q 'VMALLOCCHUNK: *0 kB' /proc/meminfo || fail 'version 1 is not in effect'
! is_there operations_v2 || fail 'version 2 was left behind'
expect 0 kpatch upgrade /bin/operations-v2.ko
printed 'superseded: operations_v1'
expect 0 kpatch rollback --json
printed '"result": "done"'
grep -q 'VMALLOCCHUNK: *0 kB' /proc/meminfo || fail 'version 1 is not in effect after the upgrade was taken back'

# On trial, from which the machine returns to what was in force.
echo 'grep -q "VMALLOCCHUNK: *0 kB" /proc/meminfo' >trial
expect 11 kpatch load --check trial --watch 2 /bin/operations-v2.ko
printed 'rolling back from operations_v2 to operations_v1'
printed 'was loaded and taken back: the check trial fails with status 1'
grep -q 'VMALLOCCHUNK: *0 kB' /proc/meminfo || fail 'version 1 is not in effect after the trial'
while sleep 1; do echo '<3>livepatch: pretended trouble' >/dev/kmsg; done &
expect 11 kpatch load --watch 60 /bin/operations-v2.ko
kill $!
printed 'the kernel complains: livepatch: pretended trouble'
expect 0 kpatch load --watch 3 --metric 'grep -q "VMALLOCCHUNK: *8 kB" /proc/meminfo' /bin/operations-v2.ko
printed 'operations_v2 stays'
expect 0 kpatch rollback

# The next boot loads the newest only, and what readers of the list look for is where they look.
expect 0 kpatch install /bin/operations-v2.ko
printed 'superseded: operations_v1'
expect 0 kpatch load --boot
grep -q 'VMALLOCCHUNK: *8 kB' /proc/meminfo || fail 'version 2 is not what boots load'
expect 0 kpatch list
sed -n '/^Installed patch modules:/,$p' out | grep -q '^operations_v2 *vmlinux *meminfo_proc_show,1' ||
	fail 'no functions after the installed modules'
expect 0 kpatch rollback
expect 0 kpatch unload operations_v1

# Function tracing switched off. With a patch the kernel would not let us.
echo 0 >/proc/sys/kernel/ftrace_enabled
expect 7 kpatch load operations_v1
printed 'kernel.ftrace_enabled=0'
expect 8 kpatch load --skip-checks operations_v1
printed 'sysctl kernel.ftrace_enabled=1'
expect 0 kpatch status
printed 'Function tracing: off'
echo 1 >/proc/sys/kernel/ftrace_enabled

# Others look at the function, first before it is patched, then when it is.
tracing=/sys/kernel/tracing
echo 'p:others/entry meminfo_proc_show' >$tracing/kprobe_events
echo 'r:others/return meminfo_proc_show' >>$tracing/kprobe_events
look() {
	echo "$1" >$tracing/current_tracer
	echo 1 >$tracing/events/others/enable
	echo >$tracing/trace
}
seen() {
	grep -q "VMALLOCCHUNK: *0 kB" /proc/meminfo || fail "not patched beside $1"
	cat $tracing/trace >trace
	for event in 'entry: (meminfo_proc_show' 'return: (.* <- meminfo_proc_show' 'meminfo_proc_show'; do
		grep -q "$event" trace || fail "$1: not seen: $event"
	done
}
stop_looking() {
	echo 0 >$tracing/events/others/enable
	echo nop >$tracing/current_tracer
}
echo meminfo_proc_show >$tracing/set_ftrace_filter
echo meminfo_proc_show >$tracing/set_graph_function
for tracer in function function_graph; do
	look $tracer
	expect 0 kpatch load operations_v1
	seen "$tracer and kprobes that were first"
	stop_looking
	look $tracer
	seen "$tracer and kprobes that came second"
	expect 0 kpatch unload operations_v1
	stop_looking
done
echo >$tracing/kprobe_events
expect 0 kpatch load operations_v1

# One who has a function for himself is named, and kept out in turn.
insmod /bin/holder.ko || fail 'the holder does not load'
expect 10 kpatch load /bin/operations-sleep.ko
printed 'hrtimer_nanosleep (vmlinux) is held by a kprobe with a post handler'
expect 10 kpatch load --skip-checks /bin/operations-sleep.ko
printed 'hrtimer_nanosleep (vmlinux) is held by a kprobe with a post handler'
! grep -q retrying out || fail 'tried again what cannot change'
rmmod holder
expect 0 kpatch load /bin/operations-sleep.ko
! insmod /bin/holder.ko || fail 'the holder has the function beside the patch'
expect 0 kpatch unload operations-sleep

# What the kernel says of loads that it was made to refuse is not held against the patches.
. /rehearsal/settings
dmesg -c | sed -n "/$MARK/,\$p" >log
! grep -E 'WARNING:|BUG:|Oops|Call Trace' log || fail 'the kernel complains'
echo "$MARK" >/dev/kmsg
expect 0 kpatch uninstall operations_v1
printed 'stays in effect'

# By force, at last: this one cannot be removed any more.
sleep 1000 &
expect 6 kpatch load --timeout 1 --on-stall=force /bin/operations-sleep.ko
printed 'can never be removed'
kill $!
expect 0 kpatch status
printed 'operations_sleep [enabled]'
