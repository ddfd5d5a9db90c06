# SPDX-License-Identifier: GPL-2.0-or-later
# Tells the patch as meminfo-string.sh does; before the first load it sets the machine to work:
# computing, forking, writing and reading files, and calling the patched function.
if [ ! -e /tmp/busy ]; then
	touch /tmp/busy
	(
		exec >/dev/null 2>&1
		while :; do :; done &
		while :; do true | true; done &
		while :; do dd if=/dev/zero of=/tmp/file bs=64k count=64; sync; cat /tmp/file; done &
		while :; do cat /proc/meminfo; done &
	)
fi
grep VMALLOCCHUNK /proc/meminfo
