# SPDX-License-Identifier: GPL-2.0-or-later
# The function that runs every second must run patched exactly once since the patch came in: it
# does not ask for the next time, or asks for one that is far beyond this check. Once the patch is out
# nothing calls it at all.
# Started again, since another patch may have stopped it.
if [ "$KPATCH_PHASE" = before ]; then
	rmmod ip_vs && insmod "/rehearsal/modules/$(awk '$2 == "ip_vs" { print $1 }' /rehearsal/modules.order)"
fi
calls_since() { dmesg | awk -v mark="$1" 'index($0, mark) { n = 0 } /defense_work_handler: patched/ { n++ } END { print n + 0 }'; }
if [ "$KPATCH_PHASE" = patched ]; then
	mark="starting patching transition"
else
	mark="check $KPATCH_PHASE $$"
	echo "$mark" >/dev/kmsg
fi
sleep 5
calls=$(calls_since "$mark")
echo "it ran patched $calls time(s)"
[ "$calls" -eq 1 ]
