#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The compilers of both sides run on two machines, which are two distcc daemons on the loopback here. Both
# must have worked, and the module must be the same as without them.
# usage: distcc.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
chmod 755 "$work"
mkdir -m 777 "$work/daemon"
daemons=()
end() {
	kill "${daemons[@]}" 2>/dev/null || true
	rm -rf "$work"
}
trap end EXIT

# It gives up root by itself, if it has it.
user=(--user "$(id -un)")
[ "$(id -u)" -ne 0 ] || user=()

# daemon N: on a port that is free.
daemon() {
	local port
	for _ in 1 2 3 4 5 6 7 8; do
		port=$((10000 + RANDOM % 20000))
		TMPDIR=/tmp distccd --daemon --no-detach "${user[@]}" --listen 127.0.0.1 --port "$port" --allow 127.0.0.1 \
			--enable-tcp-insecure --jobs 2 --log-file "$work/daemon/$1.log" --log-level info --pid-file "$work/daemon/$1.pid" &
		daemons+=($!)
		for _ in $(seq 50); do
			(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && { hosts+=" 127.0.0.1:$port/1"; return; }
			kill -0 $! 2>/dev/null || break
			sleep 0.1
		done
	done
	echo "no distcc daemon could be started"
	exit 1
}
hosts=
daemon 1
daemon 2

patches=("$(file patches vmlinux-and-module.patch)")

# A cache of our own that has the kernel, but no object of it: those of the unpatched side are to be
# compiled as well.
own_cache "$work/cache"

mkdir "$work/alone" "$work/shared" "$work/distcc"
"${kpatch_build[@]}" -a "$release" -n e2e-distcc --launcher none -o "$work/alone" "${patches[@]}"
CACHEDIR=$work/cache DISTCC_HOSTS="$hosts" DISTCC_FALLBACK=0 DISTCC_DIR=$work/distcc \
	"${kpatch_build[@]}" -a "$release" -n e2e-distcc -o "$work/shared" "${patches[@]}"
for number in 1 2; do
	compiled=$(grep -c ' COMPILE_OK ' "$work/daemon/$number.log" || true)
	echo "daemon $number compiled $compiled objects"
	[ "$compiled" -gt 0 ] || { cat "$work/daemon/$number.log"; exit 1; }
done
cmp "$work/alone/e2e-distcc.ko" "$work/shared/e2e-distcc.ko"
