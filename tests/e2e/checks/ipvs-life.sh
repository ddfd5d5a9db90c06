# SPDX-License-Identifier: GPL-2.0-or-later
# The rehearsal loads and unloads version 5; the others come and go in here. Before and after it
# this must fail, so there every single thing that is wrong makes it succeed.
tracing=/sys/kernel/tracing
# To the kernel's mind it is called when its original entry is reached, whoever answers.
calls_in() {
	echo >$tracing/trace
	sleep "$1"
	grep -c 'estimation_timer <-' $tracing/trace
}
# expect COUNT-TEST SECONDS WHAT: "-ge 1" calls in that time
expect() {
	calls=$(calls_in "$2")
	echo "$3: $calls call(s) in $2 s"
	[ "$calls" $1 ]
}
install_patch() { kpatch load "/bin/$1.ko" >/tmp/out 2>&1 || { cat /tmp/out; return 1; }; }
remove_patch() { kpatch unload "$1" >/tmp/out 2>&1 || { cat /tmp/out; return 1; }; }

before() {
	echo estimation_timer >$tracing/set_ftrace_filter && echo function >$tracing/current_tracer &&
		expect "-ge 1" 3 "original" &&
		install_patch ipvs-v4 && expect "-eq 0" 5 "version 4 loaded" &&
		remove_patch ipvs-v4 && expect "-ge 1" 3 "version 4 unloaded" &&
		install_patch ipvs-v4 || return 1
	if insmod /bin/ipvs-v3.ko 2>/dev/null; then
		echo "the kernel takes a patch that leaves the timer dead"
		return 1
	fi
	# Taken out of the log, where it would count as a complaint.
	dmesg -c | grep 'ipvs_v3.* is not compatible with the already installed livepatches'
}
patched() { expect "-ge 1" 10 "version 5 in place of version 4"; }
after() {
	expect "-ge 1" 5 "version 5 unloaded" &&
		install_patch ipvs-v2 && sleep 3 && expect "-eq 0" 3 "version 2 loaded" &&
		remove_patch ipvs-v2 && expect "-eq 0" 5 "version 2 unloaded" &&
		install_patch ipvs-v4 && remove_patch ipvs-v4 && expect "-ge 1" 3 "after version 4"
}
case $KPATCH_PHASE in
patched) patched ;;
*) ! "$KPATCH_PHASE" ;;
esac
