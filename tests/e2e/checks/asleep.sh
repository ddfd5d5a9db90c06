# SPDX-License-Identifier: GPL-2.0-or-later
# For kpatch.ko: a task that sleeps in the patched function is in the way until it has gone, and is named.
case $KPATCH_PHASE in
before)
	rm -f /tmp/asleep
	mkfifo /tmp/asleep
	(exec 3<>/tmp/asleep && exec cat <&3) &
	sleeper=$!
	(
		for _ in 1 2 3 4 5 6; do
			cat /sys/kernel/kpatch/*/blockers
			sleep 1
		done >/tmp/blockers 2>/dev/null
		kill "$sleeper"
	) &
	sleep 1
	exit 1
	;;
patched)
	sort -u /tmp/blockers
	grep -q ' cat pipe_read$' /tmp/blockers
	;;
after) exit 1 ;;
esac
