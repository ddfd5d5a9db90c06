# SPDX-License-Identifier: GPL-2.0-or-later
# Check script of a rehearsal, run in the machine before, while and after the patch is loaded: is
# the timer quiet, and do the statistics stand still? A line "services=N" goes before it.
#
# The function-graph tracer runs from beginning to end, so that its clock, which is the kernel
# log's too, tells when each call was.
tracing=/sys/kernel/tracing
window=10

# One real server each; the first service is one that can be reached.
set_up() {
	awk -v n="$services" 'BEGIN { for (i = 1; i <= n; i++) {
		s = "10." int(i / 65536) "." int(i / 256) % 256 "." i % 256 ":80"
		print "-A -t " s " -s rr"
		print "-a -t " s " -r 127.0.0.1:80 -m" } }' | ipvsadm -R
	ip address add 10.0.0.1/32 dev lo
	httpd -p 127.0.0.1:80 -h /tmp
	for file in set_ftrace_filter set_graph_function; do echo estimation_timer >$tracing/$file; done
	echo function_graph >$tracing/current_tracer
	echo funcgraph-abstime >$tracing/trace_options
	echo "$(ipvsadm -Ln | grep -c '^TCP') services are set up"
}

now() { read -r seconds rest </proc/uptime; echo "$seconds"; }
connections() { echo $((0x$(awk 'NR == 3 { print $1 }' /proc/net/ip_vs_stats))); }

# Calls as "seconds microseconds", later than a time and not yet told.
calls_after() {
	awk -v after="$1" '/estimation_timer/ { for (i = 2; i < NF; i++)
		if ($i == "us" && $1 > after) print $1, $(i - 1) }' $tracing/trace
}

if [ "$KPATCH_PHASE" = before ]; then
	set_up
	now >/tmp/told
fi
dmesg | sed -n 's/^\[ *\([0-9.]*\)\].* \(un\)*patching complete$/event \1 \2loaded/p' | tail -n 1

sleep 3 # what was armed before has run
connected=$(connections)
for i in 1 2 3 4 5; do echo | nc -w 2 10.0.0.1 80 >/dev/null 2>&1 & done
begun=$(now)
sleep "$window"
ended=$(now)

# Those of this phase: what came before was told by the one before it.
calls_after "$(cat /tmp/told)" >/tmp/calls
sed 's/^/point /' /tmp/calls
echo "$ended" >/tmp/told
echo "until $ended"
calls=$(awk -v from="$begun" '$1 > from { n++; sum += $2 }
	END { print n + 0, n ? int(sum / n) : "-" }' /tmp/calls)
counted=$(($(connections) - connected))
echo "measured $KPATCH_PHASE calls $calls connections $counted"
[ "${calls%% *}" -eq 0 ] && [ "$counted" -eq 0 ]
