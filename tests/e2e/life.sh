#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds that are interrupted, killed, run out of disk or meet on one cache: nothing may be left behind, the
# pristine source must stay as it is, and the next build must make the same module as ever.
# A cache that a program of another version has made is used as far as it can be, or refused.
# usage: life.sh BIN-DIRECTORY [KILLS]
. "$(dirname "$(readlink -f "$0")")/common.sh"
kills=${2:-3}
end() {
	umount "$work/small" 2>/dev/null || true
	rm -rf "$work"
}
trap end EXIT
patch=$(file patches vmlinux-and-module.patch)
other=$(file patches new-symbols.patch)

# build CACHE NAME PATCH: in a process group of its own, output in $work/NAME.log.
build() {
	mkdir -p "$work/$2"
	CACHEDIR=$1 exec env --default-signal=INT setsid "${kpatch_build[@]}" -a "$release" --offline -n "$2" -o "$work/$2" "$3" >"$work/$2.log" 2>&1
}
# is_tidy CACHE: no private directory, no half-made file.
is_tidy() {
	local left
	left=$(find "$1/tmp" -mindepth 1 -not -name .lock)
	[ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

# is_sound CACHE: the pristine source is as it was, and so is every object that was kept.
is_sound() {
	CACHEDIR=$1 "$bin/kpatch-build" cache verify >/dev/null
}

own_cache "$work/cache"
is_sound "$cache"
(build "$work/cache" life "$patch")
mv "$work/life/life.ko" "$work/good.ko"

# agrees CACHE: the next build succeeds and its module is the good one.
agrees() {
	(build "$1" life "$patch") || { cat "$work/life.log"; return 1; }
	cmp "$work/good.ko" "$work/life/life.ko"
	is_tidy "$1"
}

echo "== interrupted"
(build "$work/cache" interrupted "$other") &
pid=$!
until grep -q 'Building original' "$work/interrupted.log" 2>/dev/null; do kill -0 $pid; done
kill -INT $pid
wait $pid && got=0 || got=$?
[ "$got" -eq 130 ] || { echo "exit status $got"; cat "$work/interrupted.log"; exit 1; }
is_tidy "$work/cache"
agrees "$work/cache"

echo "== killed $kills times"
own_cache "$work/killed"
# forget KIND: every other build has no object of an earlier run.
forget() {
	[ "$1" -eq 0 ] || rm -rf "$work"/killed/originals "$work"/killed/kernels/*/{commands,compilers,hooks}
}
took=()
for kind in 0 1; do
	(build "$work/killed" killed "$other") # for the first kind to have what it needs
	forget "$kind"
	start=$EPOCHREALTIME
	(build "$work/killed" killed "$other")
	took+=("$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')")
done
killed=0
for tries in $(seq $((3 * kills))); do
	kind=$((tries % 2))
	forget "$kind"
	(build "$work/killed" killed "$other") &
	pid=$!
	sleep "$(awk -v most="${took[kind]}" -v seed="$RANDOM" 'BEGIN { srand(seed); print rand() * most }')"
	kill -KILL $pid 2>/dev/null || true
	wait $pid 2>/dev/null && got=0 || got=$?
	[ "$got" -eq 137 ] || continue # it was done before
	killed=$((killed + 1))
	[ "$kills" -gt 20 ] && [ $((killed % 10)) -ne 0 ] || agrees "$work/killed"
	[ "$kills" -le 20 ] || is_sound "$work/killed"
	[ "$killed" -lt "$kills" ] || break
done
[ "$killed" -eq "$kills" ] || { echo "only $killed builds were killed"; exit 1; }
agrees "$work/killed"
is_sound "$work/killed"

echo "== at once"
own_cache "$work/met"
(build "$work/met" one "$patch") &
one=$!
(build "$work/met" two "$patch") &
two=$!
(build "$work/met" three "$other") &
wait $one
wait $two
wait $!
is_tidy "$work/met"
agrees "$work/met"

echo "== of an earlier version"
own_cache "$work/other"
kernel=$(echo "$work"/other/kernels/*)
for record in units modules struct-sizes includes; do
	for file in "$kernel/$record"{,-shipped,.1}; do
		rm -f "$file"
		echo "fs/other.c" >"$file" # as formats without a heading began
	done
done
mkdir -p "$kernel"/{objects,originals}
agrees "$work/other"

echo "== of a later version"
echo 999 >"$work/other/format"
! (build "$work/other" later "$patch") || { echo "it works in a cache that it does not know"; exit 1; }
grep -q 'later version' "$work/later.log"

echo "== no space"
if [ "$(id -u)" -eq 0 ] && mkdir "$work/small" && mount -t tmpfs -o size=300k none "$work/small" 2>/dev/null; then
	own_cache "$work/small/cache"
	! (build "$work/small/cache" full "$patch") || { echo "it fits into 300k"; exit 1; }
	grep -i 'No space left' "$work/full.log" || { cat "$work/full.log"; exit 1; }
	grep 'free ' "$work/full.log"
	mount -o remount,size=200m "$work/small"
	agrees "$work/small/cache"
	is_sound "$cache"
else
	echo "skipped: no tmpfs can be mounted here"
fi
