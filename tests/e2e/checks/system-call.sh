# SPDX-License-Identifier: GPL-2.0-or-later
# uname(2) itself, not what the kernel keeps: that stays as it is.
uname -s
[ "$(uname -s)" = Kinux ] && [ "$(cat /proc/sys/kernel/ostype)" = Linux ]
