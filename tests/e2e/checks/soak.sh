# SPDX-License-Identifier: GPL-2.0-or-later
# Does at random what operators do, for $SOAK_SECONDS and with the numbers that follow from $SOAK_SEED, while the
# machine is busy and others use the patched functions; now and then kpatch is killed, or the system fails it.
# After each step the machine must be in a defined state: each patch whole or not at all, and the log clean.
# The rehearsal has loaded version 1 and must find it loaded at the end.
where=/sys/kernel/livepatch
tracing=/sys/kernel/tracing
addresses='meminfo_proc_show version_proc_show'

say() { echo "$*"; echo "$*" >/dev/console; }
fail() { say "FAILED in step $step ($what): $*"; cat /tmp/out 2>/dev/null; dmesg | tail -n 30; exit 1; }
# pick WORD...: one of them, left in $picked.
pick() {
	shift $((RANDOM % $#))
	picked=$1
}
is_enabled() { [ "$(cat "$where/$1/enabled" 2>/dev/null)" = 1 ]; }
in_transition() { grep -qs 1 $where/*/transition; }

# What is seen in /proc and sysfs, and what should be: version, stacked, version in the module.
seen() {
	chunk=$(sed -n 's/^VmallocChunk: *\([0-9]*\).*/\1/p' /proc/meminfo)
	grep -q '^live patched' /proc/version && stacked=1 || stacked=0
	echo "$chunk $stacked $(cat /sys/block/zram0/initstate)"
}
wanted() {
	local version=0 stacked=0
	! is_enabled soak_v1 || version=1
	! is_enabled soak_v2 || version=2
	! is_enabled soak_top || stacked=1
	echo "$version $stacked $version"
}

# A kill leaves a transition to the kernel, which ends it by itself.
settle() {
	local tries=0
	while in_transition; do
		[ $((tries += 1)) -le 120 ] || fail "a transition that does not end: $(kpatch status 2>&1)"
		sleep 1
	done
}
complaints() { dmesg | grep -E 'WARNING:|BUG:|Oops|Call Trace|general protection|rcu: .*detected .*stall|blocked for more' | grep -v 'rehearsal'; }
check_machine() {
	settle
	local have want
	have=$(seen) want=$(wanted)
	[ "$have" = "$want" ] || fail "seen: $have, wanted: $want, enabled: $(ls $where)"
	! complaints || fail "the kernel complains"
	[ -z "$1" ] || [ "$have" = "$1" ] || fail "seen: $have, expected: $1"
}

# A BPF program on its way to or from a function makes the kernel refuse the patch with EAGAIN (-11), and say so; kpatch
# tries again. The log ends clean if that is all it holds.
forget_tries() {
	. /rehearsal/settings
	dmesg | sed -n "/$MARK/,\$p" | grep 'livepatch: failed' >/tmp/refusals
	grep -q 'ftrace handler for function .*(-11)' /tmp/refusals || return
	! grep -vE "failed to (patch object|enable patch) |ftrace handler for function .*\(-11\)" /tmp/refusals || fail "refused"
	! complaints || fail "the kernel complains"
	say "$(grep -c '(-11)' /tmp/refusals) times tried again beside a BPF program"
	dmesg -c >/tmp/log
	echo "$MARK" >/dev/kmsg
}

# Others. Each ends by itself after some seconds.
address_of() { sed -n "s/^\([0-9a-f]*\) t $1\$/\1/p" /proc/kallsyms; }
churn() {
	for i in 1 2 3; do
		rmmod zram && insmod /rehearsal/modules/zram.ko && cat /sys/block/zram0/initstate || return 1
	done
}
trace() {
	echo "$addresses initstate_show" | tr ' ' '\n' >$tracing/set_ftrace_filter
	for tracer in "$1" nop "$1" nop; do
		echo $tracer >$tracing/current_tracer
		cat /proc/meminfo /proc/version
	done
	echo >$tracing/set_ftrace_filter
}
# probe p|r NAME: the original function, by its address: a name would mean the replacement too.
probe() {
	echo "$1:soak/$2 0x$original_meminfo" >>$tracing/kprobe_events || return 1
	echo 1 >"$tracing/events/soak/$2/enable" || return 1
	cat /proc/meminfo
	sleep 2
	echo 0 >"$tracing/events/soak/$2/enable"
	echo "-:soak/$2" >>$tracing/kprobe_events
}
perf() { soak_tracer perf "$original_version" 3; }
fentry() { soak_tracer fentry version_proc_show 3; }
disturb() {
	case $1 in
	churn) churn ;;
	function | function_graph) trace "$1" ;;
	kprobe) probe p kprobe ;;
	kretprobe) probe r kretprobe ;;
	perf | fentry) "$1" ;;
	esac >/tmp/disturbance 2>&1 || touch /tmp/refused
}

# One step: the command that $action names, as it is, killed, or with a system that fails it.
command_of() {
	case $1 in
	load-v1) echo "load /rehearsal/patches/soak_v1.ko" ;;
	load-v2) echo "load /bin/soak-v2.ko" ;;
	load-top) echo "load /bin/soak-top.ko" ;;
	upgrade-v1) echo "upgrade /rehearsal/patches/soak_v1.ko" ;;
	upgrade-v2) echo "upgrade /bin/soak-v2.ko" ;;
	unload-all) echo "unload --all" ;;
	unload-*) echo "unload soak_${1#unload-}" ;;
	*) echo "$1" ;;
	esac
}
# The state that a command leads to if nothing keeps it from that: nothing for those that may be refused.
expected_of() {
	local before
	before=$(wanted)
	case $1 in
	unload-top) echo "${before% ? ?} 0 ${before% ? ?}" ;;
	unload-all) echo "0 0 0" ;;
	unload-*) echo "0${before#?}" | sed 's/.$/0/' ;;
	*load-v1 | upgrade-v1) is_enabled soak_v1 || echo "1 0 1" ;;
	*load-v2 | upgrade-v2) is_enabled soak_v2 || echo "2 0 2" ;;
	load-top) echo "${before% ? ?} 1 ${before% ? ?}" ;;
	esac
}
run_kpatch() {
	local started
	case $manner in
	killed)
		# shellcheck disable=SC2046 # words
		kpatch $(command_of "$action") >/tmp/out 2>&1 &
		started=$!
		usleep $((RANDOM * 60))
		kill -KILL $started 2>/dev/null
		wait $started
		;;
	no-memory) SOAK_NO_MEMORY=2 LD_PRELOAD=/bin/soak_faults.so kpatch $(command_of "$action") >/tmp/out 2>&1 ;;
	no-read) SOAK_NO_READ=20 LD_PRELOAD=/bin/soak_faults.so kpatch $(command_of "$action") >/tmp/out 2>&1 ;;
	*) kpatch $(command_of "$action") >/tmp/out 2>&1 ;;
	esac
}
choose() {
	# shellcheck disable=SC2046,SC2086 # words
	pick load-v1 load-v2 load-top rollback $upgrades $(ls $where | sed 's/soak_/unload-/') unload-all
	action=$picked
	pick plain plain plain killed no-memory no-read
	manner=$picked
	pick none none churn function function_graph kprobe kretprobe perf fentry
	other=$picked
	what="$action, $manner, beside it $other"
}
take_step() {
	choose
	expected=
	[ "$manner" != plain ] || expected=$(expected_of "$action")
	other_status=
	rm -f /tmp/refused
	disturb "$other" &
	disturbance=$!
	run_kpatch
	status=$?
	wait $disturbance
	# Held back by others: they end, and then it must go.
	if [ -n "$expected" ] && [ "$status" -ne 0 ]; then
		settle
		say "step $step: $what: status $status: $(tail -n 1 /tmp/out)"
		run_kpatch
		status=$?
		[ "$status" -eq 0 ] || fail "status $status"
	fi
	check_machine "$expected"
	[ ! -e /tmp/refused ] || other_status=" (refused: $(tail -n 1 /tmp/disturbance))"
	say "step $step, $(cut -d ' ' -f 1 /proc/uptime) s: $what$other_status: status $status; $(wanted)"
}

busy_with() { nice -n 10 sh -c "while [ ! -e /tmp/enough ]; do $1; done" >/dev/null 2>&1 & }
make_busy() {
	busy_with :
	busy_with 'true | true'
	busy_with 'dd if=/dev/zero of=/tmp/file bs=64k count=64 conv=fsync; dd if=/tmp/file bs=64k'
	busy_with 'cat /proc/version /proc/meminfo'
	busy_with 'busy; sleep 1'
}
soak() {
	local end=$(($(cut -d . -f 1 /proc/uptime) + SOAK_SECONDS))
	RANDOM=$SOAK_SEED
	step=0 what=start upgrades=
	! kpatch help 2>&1 | grep -q '^ *upgrade' || upgrades='upgrade-v1 upgrade-v2'
	kpatch install /rehearsal/patches/soak_v1.ko && kpatch install /bin/soak-v2.ko || fail "they cannot be installed"
	original_meminfo=$(address_of meminfo_proc_show | head -n 1)
	original_version=$(address_of version_proc_show | head -n 1)
	make_busy
	check_machine "1 0 1"
	while [ "$(cut -d . -f 1 /proc/uptime)" -lt "$end" ]; do
		step=$((step + 1))
		take_step
	done
	touch /tmp/enough
	what=end
	kpatch unload soak_top >/dev/null 2>&1
	is_enabled soak_v1 || kpatch load /rehearsal/patches/soak_v1.ko || fail "version 1 cannot be loaded"
	kpatch unload soak_v2 >/dev/null 2>&1
	check_machine "1 0 1"
	forget_tries
	say "$step steps"
}
case $KPATCH_PHASE in
patched) soak ;;
*) [ "$(seen)" != "0 0 0" ] ;;
esac
