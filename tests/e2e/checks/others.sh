# SPDX-License-Identifier: GPL-2.0-or-later
# Others on the same function, each before the patch and after it: what loads, what is in effect, who sees calls, what
# kpatch says. The table of docs/kpatch.md has what is proven here. The rehearsal has loaded the patch.
[ "$(soak_tracer ask)" = patched ] || exit 1
name=security_task_getpgid
tracing=/sys/kernel/tracing
patch=/rehearsal/patches/e2e_others.ko
failures=0
cd /tmp

# on KIND, off KIND: the other begins and ends; off leaves how many calls it has seen in $hits.
on() {
	case $1 in
	fentry | fexit | fmod_ret)
		: >attached
		soak_tracer "$1" $name 600 >attached 2>&1 &
		bpf=$!
		until grep -q attached attached; do
			kill -0 $bpf 2>/dev/null || { cat attached; return 1; }
			sleep 0.1
		done
		;;
	function | function_graph)
		echo $name >$tracing/set_ftrace_filter && echo "$1" >$tracing/current_tracer
		;;
	event)
		echo "p:others/event $name" >$tracing/kprobe_events && echo 1 >$tracing/events/others/event/enable
		;;
	*) insmod /bin/others.ko kind="$1" ;;
	esac
}
off() {
	case $1 in
	fentry | fexit | fmod_ret)
		kill -TERM $bpf && wait $bpf
		hits=$(sed -n 's/^hits //p' attached)
		;;
	function | function_graph)
		hits=$(grep -c "$name" $tracing/trace)
		echo nop >$tracing/current_tracer
		echo >$tracing/set_ftrace_filter
		;;
	event)
		hits=$(grep -c 'event: (' $tracing/trace)
		echo 0 >$tracing/events/others/event/enable
		echo >$tracing/kprobe_events
		echo >$tracing/trace
		;;
	*)
		hits=$(cat /sys/module/others/parameters/hits)
		rmmod others
		;;
	esac
}

# What "both" is: its kind, exit status of loading, answer, whether it sees calls, what is said.
said() {
	grep -qE "$name \(vmlinux\) is held by" "$1" && echo held && return
	grep -q 'may be bypassed by' "$1" && echo bypass && return
	echo nothing
}
sees() { [ "${hits:-0}" -gt 0 ] && echo sees || echo blind; }
compare() {
	echo "$1: $2"
	[ "$2" = "$3" ] || { echo "FAILED: $1: wanted: $3"; cat out said; failures=$((failures + 1)); }
}

take_out() {
	local file=${patch##*/}
	kpatch unload "${file%.ko}" >out 2>&1 || { cat out; exit 1; }
}

# story KIND: WHAT-LOADING-SAYS-WITH-THE-OTHER-FIRST / WHAT-HAPPENS-TO-THE-OTHER-SECOND
story() {
	on "$1" >out 2>&1 || { echo "$1 cannot be had here: $(tail -n 1 out)"; [ "$4" = absent ] || failures=$((failures + 1)); return; }
	kpatch load $patch >out 2>&1 </dev/null
	status=$?
	kpatch status >said 2>&1
	answer=$(soak_tracer ask)
	off "$1"
	before="load $status, $(said out), $answer, $(sees), status says $(said said)"
	compare "$1 first" "$before" "$2"
	[ "$status" -eq 0 ] || kpatch load $patch >out 2>&1 || { cat out; exit 1; }

	if on "$1" >out 2>&1; then
		answer=$(soak_tracer ask)
		kpatch status >said 2>&1
		off "$1"
		after="lets in, $answer, $(sees), status says $(said said)"
	else
		after="refused, $(soak_tracer ask)"
	fi
	compare "$1 second" "$after" "$3"
	take_out
}

beside='load 0, nothing, patched, sees, status says nothing'
beside_second='lets in, patched, sees, status says nothing'
held='load 10, held, original, sees, status says nothing'
case $(uname -r) in
6.1.*) fprobe=absent ;; # CONFIG_FPROBE is off there
*) fprobe=there ;;
esac
take_out
story kprobe "$beside" "$beside_second"
story kprobe-post "$held" 'refused, patched'
story kretprobe "$beside" "$beside_second"
story ftrace "$beside" "$beside_second"
story ftrace-redirecting "$held" 'refused, patched'
story fprobe "$beside" "$beside_second" $fprobe
story fprobe-exit "$beside" "$beside_second" $fprobe
story event "$beside" 'refused, patched'
story function "$beside" "$beside_second"
story function_graph "$beside" "$beside_second"
bypass='load 0, bypass, patched, sees, status says bypass'
story fentry "$bypass" 'lets in, patched, sees, status says bypass'
story fexit "$bypass" 'lets in, patched, sees, status says bypass'
story fmod_ret 'load 0, bypass, bypassed, sees, status says bypass' 'lets in, bypassed, sees, status says bypass'

# A patch whose code has names of its own: the name of the function remains that of one.
patch=/bin/e2e-unique.ko
story event "$beside" "$beside_second"
story kretprobe "$beside" "$beside_second"
kpatch load $patch >out 2>&1 || { cat out; exit 1; }
compare 'names of the function' "$(sed -nE "s/^[0-9a-f]+ . ($name[^ 	]*).*/\\1/p" /proc/kallsyms | sort | tr '\n' ' ')" "$name $name.kpatch "
take_out
patch=/rehearsal/patches/e2e_others.ko

. /rehearsal/settings
dmesg -c | sed -n "/$MARK/,\$p" >log
grep -E 'WARNING:|BUG:|Oops|Call Trace' log | sort | uniq -c
echo "$MARK" >/dev/kmsg
kpatch load $patch >out 2>&1 || { cat out; exit 1; }
[ "$failures" -eq 0 ]
