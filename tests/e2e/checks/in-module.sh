# SPDX-License-Identifier: GPL-2.0-or-later
mkdir -p /tmp/misc
[ -e /tmp/misc/status ] || mount -t binfmt_misc none /tmp/misc || exit 1
echo 1 >/tmp/misc/status
cat /tmp/misc/status
grep -qx ENABLED /tmp/misc/status && dmesg | grep -q 'in-module: command 2'
