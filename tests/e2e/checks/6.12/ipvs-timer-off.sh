# SPDX-License-Identifier: GPL-2.0-or-later
# The periodic work must call the patched function exactly once since the patch came in, and never again.
# Once the patch is out nothing calls it at all: it did not re-arm the timer.
calls_since() { dmesg | awk -v mark="$1" 'index($0, mark) { n = 0 } /defense_work_handler: patched/ { n++ } END { print n + 0 }'; }
if [ "$KPATCH_PHASE" = patched ]; then
	mark="starting patching transition"
else
	mark="check $KPATCH_PHASE $$"
	echo "$mark" >/dev/kmsg
fi
sleep 5
calls=$(calls_since "$mark")
echo "defense_work_handler ran patched $calls time(s)"
[ "$calls" -eq 1 ]
