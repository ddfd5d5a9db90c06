# SPDX-License-Identifier: GPL-2.0-or-later
head -n 2 /proc/filesystems
grep -qx patched /proc/filesystems && grep -q 'proc$' /proc/filesystems
