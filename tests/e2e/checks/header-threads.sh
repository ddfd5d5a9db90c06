# SPDX-License-Identifier: GPL-2.0-or-later
# An inline function of a header, seen through all three of the files that use it: the threads of this process in
# its status, in the links of their directory and in what the scheduler says of it.
grep Threads: /proc/self/status
stat -c 'links: %h' /proc/self/task
head -n 1 /proc/self/sched
grep -q '^Threads:[[:blank:]]1001$' /proc/self/status && [ "$(stat -c %h /proc/self/task)" -eq 1003 ] &&
	grep -q '#threads: 1001)$' /proc/self/sched
