# SPDX-License-Identifier: GPL-2.0-or-later
# uname(2) itself, not what the kernel keeps: that stays as it is. The others know a number that
# they refuse in their own way.
uname -s
system_calls
calls=$?
[ "$(uname -s)" = Kinux ] && [ "$(cat /proc/sys/kernel/ostype)" = Linux ] && [ "$calls" -eq 0 ]
