#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The story of docs/tutorial-ipvs.md on the stock kernel, from report to roll-back: measures the
# timer, then takes each version of the patch through load and unload in a virtual machine.
# usage: tell.sh BIN-DIRECTORY RELEASE [SERVICES [PICTURE.svg]]
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bin=$1 release=$2 services=${3:-30000} picture=${4:-estimation_timer.svg}
PATH=$PATH:/usr/sbin # ipvsadm is there
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{ echo "services=$services" && cat "$here/measure.sh"; } >"$work/check"

heading() { printf '\n== %s\n' "$1"; }

# build VERSION
build() {
	"$bin/kpatch-build" -a "$release" -o "$work" -n "ipvs-$1" "$here/$1.patch"
}

# rehearse VERSION VERDICT: what the machine said goes to the points of the picture and the table.
rehearse() {
	local version=$1 verdict=$2 got
	"$bin/kpatch" rehearse --kernel "$release" --check "$work/check" --program "$(command -v ipvsadm)" \
		--with ip_vs_rr --timeout 600 --json "$work/$version.json" "$work/ipvs-$version.ko" |
		tee "$work/$version.report" | grep -v ' point ' || true
	got=$(sed -n 's/^ *"verdict": "\(.*\)",\{0,1\}$/\1/p' "$work/$version.json")
	[ "$got" = "$verdict" ] || { echo "$version: the rehearsal came to '$got', not to '$verdict'" >&2; exit 1; }
	sed -n "s/^ *\(point\|event\|until\) /$version \1 /p" "$work/$version.report" >>"$work/points"
	sed -n "s/^ *measured /$version /p" "$work/$version.report" >>"$work/table"
}

# row TITLE VERSION PHASE
row() {
	awk -v title="$1" -v version="$2" -v phase="$3" '$1 == version && $2 == phase {
		printf "%-22s %14s %12s   %s\n", title, $4, $5, ($7 > 0 ? "move" : "stand still") }' "$work/table"
}

heading "Version 1: an empty body"
build v1
echo "(Not loaded: like version 2 it would never arm the timer again.)"

heading "Version 2: the walk remains, the timer is not armed again"
build v2
heading "Version 2 on $release with $services services: loading stops the timer, unloading does not start it"
rehearse v2 check-after
echo "As the review says: the check still succeeds after unloading, since the timer never came back."

heading "Version 3: every 300 seconds"
build v3
heading "Version 3 on $release: after unloading the timer is back within five minutes, not within this check"
rehearse v3 check-after

heading "Version 4: callbacks stop the timer of every network namespace and start it again"
build v4
heading "Version 4 on $release: both ways"
rehearse v4 passed

heading "estimation_timer with $services services"
printf '%-22s %14s %12s   %s\n' "" "calls in 10 s" "µs a call" "statistics"
row "before" v2 before
row "v2 loaded" v2 patched
row "v2 unloaded" v2 after
row "v3 loaded" v3 patched
row "v3 unloaded" v3 after
row "v4 loaded" v4 patched
row "v4 unloaded" v4 after
awk -f "$here/picture.awk" "$work/points" >"$picture"
echo
echo "Every call over time: $picture"
