# SPDX-License-Identifier: GPL-2.0-or-later
cat /proc/version
reads() { sed -n 's/^reads \([0-9]*\), .*/\1/p' /proc/version; }
first=$(reads)
[ "$first" ] && [ "$(reads)" -eq $((first + 1)) ] && grep -qE '^reads [0-9]*[13579], odd$|^reads [0-9]*[02468], even$' /proc/version || exit 1
# Variables of their own kinds: 7000 and how often it was read.
counted() { awk '{ print $6 }' /proc/sys/fs/dentry-state; }
cat /proc/sys/fs/dentry-state
first=$(counted)
[ "$first" -gt 7000 ] && [ "$first" -lt 7100 ] && [ "$(counted)" -gt "$first" ]
