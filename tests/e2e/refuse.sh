#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A patch that cannot become a module: the message must say why, the status must be right, and
# nothing may be left behind, least of all in the pristine source.
# usage: refuse.sh BIN-DIRECTORY STATUS MESSAGE-REGEX PATCH [OPTION...]
. "$(dirname "$(readlink -f "$0")")/common.sh"
status=$2 message=$3 patch=$(file patches "$4.patch")
shift 4
mkdir "$work/out" "$work/tmp"

source=$(cached source)

# Names, sizes and times of the source, and what else the cache holds besides the log and the directories of other
# builds that are under way, which are locked.
snapshot() {
	find "$source" -printf '%P %s %T@\n' | LC_ALL=C sort
	find "$cache" -maxdepth 2 -not -name build.log -not -path "$cache/tmp/run.*" -not -path "$cache/test-*" -printf '%P\n' | LC_ALL=C sort
	exec 9>"$cache/tmp/.lock"
	flock 9
	for run in "$cache"/tmp/run.*; do
		[ ! -e "$run" ] || ! flock -n "$run/lock" true || echo "$run"
	done
	exec 9>&-
}
snapshot >"$work/before"
TMPDIR=$work/tmp "${kpatch_build[@]}" -a "$release" -o "$work/out" "$@" "$patch" >"$work/log" 2>&1 && got=0 || got=$?
snapshot >"$work/after"

cat "$work/log"
[ "$got" -eq "$status" ] || { echo "exit status $got instead of $status"; exit 1; }
grep -Eq -- "$message" "$work/log" || { echo "nothing printed matches: $message"; exit 1; }
[ -z "$(find "$work/out" "$work/tmp" -mindepth 1 -print -quit)" ] || { echo "left behind:"; find "$work/out" "$work/tmp"; exit 1; }
diff "$work/before" "$work/after" || { echo "the cache is not as it was"; exit 1; }
