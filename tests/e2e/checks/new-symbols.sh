# SPDX-License-Identifier: GPL-2.0-or-later
# The static counters must count from one read to the next.
cat /proc/loadavg
head -n 2 /proc/net/ip_vs_conn
reads() { sed -n 's/^reads \([0-9]*\), waiting [0-9]*, busy$/\1/p' /proc/loadavg; }
connections() { sed -n 's/^TCP connections: cached, read \([0-9]*\) times$/\1/p' /proc/net/ip_vs_conn; }
first=$(reads) second=$(reads)
[ "${second:-0}" -eq $((${first:-0} + 1)) ] || exit 1
first=$(connections) second=$(connections)
[ "${second:-0}" -eq $((${first:-0} + 1)) ]
