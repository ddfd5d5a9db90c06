# SPDX-License-Identifier: GPL-2.0-or-later
grep -i -e vmallocused -e vmallocchunk /proc/meminfo
cat /proc/version
grep -q VMALLOCUSED: /proc/meminfo && grep -q VMALLOCCHUNK: /proc/meminfo &&
	grep -q '^live patched$' /proc/version
