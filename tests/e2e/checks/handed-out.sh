# SPDX-License-Identifier: GPL-2.0-or-later
# A file that was opened under the patch is read when the patch is gone.
rm -f /tmp/patch-is-gone
case $KPATCH_PHASE in
before) grep -q '^patched ' /proc/self/comm ;;
patched)
	rm -f /tmp/opened /tmp/read
	(
		exec 4</proc/1/comm
		touch /tmp/opened
		until [ -e /tmp/patch-is-gone ]; do sleep 0.1; done
		cat <&4 >/tmp/reading
		mv /tmp/reading /tmp/read
	) </dev/null >/dev/null 2>&1 &
	until [ -e /tmp/opened ]; do sleep 0.1; done
	cat /proc/self/comm
	grep -q '^patched ' /proc/self/comm
	;;
# This phase must fail, so what is right here is a failure.
after)
	touch /tmp/patch-is-gone
	until [ -e /tmp/read ]; do sleep 0.1; done
	cat /tmp/read
	[ "$(cat /tmp/read)" != init ] || grep -q '^patched ' /proc/self/comm
	;;
esac
