# SPDX-License-Identifier: GPL-2.0-or-later
cat /proc/version
reads() { sed -n 's/^reads \([0-9]*\), .*/\1/p' /proc/version; }
first=$(reads)
[ "$first" ] && [ "$(reads)" -eq $((first + 1)) ] && grep -qE '^reads [0-9]*[13579], odd$|^reads [0-9]*[02468], even$' /proc/version
