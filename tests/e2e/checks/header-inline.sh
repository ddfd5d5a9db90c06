# SPDX-License-Identifier: GPL-2.0-or-later
# An inline function of a header, seen through two of the files that use it: the counts of timer
# interrupts, of the first processor and of all together.
grep TIMER: /proc/softirqs
grep ^softirq /proc/stat
awk '$1 == "TIMER:" { exit !($2 >= 1000000) }' /proc/softirqs &&
	awk '$1 == "softirq" { exit !($3 >= 1000000) }' /proc/stat
