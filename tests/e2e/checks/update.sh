# SPDX-License-Identifier: GPL-2.0-or-later
# Succeeds while a live patch is in force, after $UPDATE_SECONDS of processes, files and a network under it. An update has
# no behaviour of its own that could be looked for: that it is in force and does no harm is what there is to see.
enabled() { grep -qs 1 /sys/kernel/livepatch/*/enabled; }
enabled || exit 1
[ "$KPATCH_PHASE" = patched ] || exit 0

ip link set lo up
ip address add 127.0.0.1/8 dev lo 2>/dev/null
mkdir -p /tmp/served
head -c 300000 /dev/urandom >/tmp/served/file
httpd -p 127.0.0.1:8080 -h /tmp/served

end=$(($(date +%s) + UPDATE_SECONDS))
processes() {
	while [ "$(date +%s)" -lt $end ]; do
		for i in 1 2 3 4 5 6 7 8; do (:) & done
		wait
	done
}
files() {
	local n=0
	while [ "$(date +%s)" -lt $end ]; do
		n=$((n + 1))
		mkdir -p /tmp/tree/$((n % 7)) && cp /tmp/served/file /tmp/tree/$((n % 7))/$((n % 50)) || return 1
		cat /proc/meminfo /proc/self/maps /proc/net/tcp >/dev/null || return 1
		[ $((n % 40)) -ne 0 ] || { rm -rf /tmp/tree; sync; }
	done
}
network() {
	while [ "$(date +%s)" -lt $end ]; do
		wget -q -O /tmp/fetched http://127.0.0.1:8080/file && cmp /tmp/fetched /tmp/served/file || return 1
		ping -c 1 -W 5 127.0.0.1 >/dev/null || return 1
	done
}
processes & workers=$!
files & workers="$workers $!"
network & workers="$workers $!"
status=0
for worker in $workers; do
	wait "$worker" || status=1
done
killall httpd
enabled || status=1
exit $status
