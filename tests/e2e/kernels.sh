#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One row for each kernel of kernels.txt, or for each that is named: how much of its code compiles to what runs (over a hundred
# units), and how many patches of the list were built, loaded, seen at work and unloaded in one machine with it. All output is
# kept in build/kernels. Ends with 1 if a kernel fails.
# usage: kernels.sh BIN-DIRECTORY [RELEASE...]
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bin=$1
shift
units=${KPATCH_TEST_UNITS:-100}
logs=$here/../../build/kernels
mkdir -p "$logs"

# row_of RELEASE: its row in the table
row_of() {
	local pattern rest
	while read -r pattern rest; do
		# shellcheck disable=SC2053 # it is a pattern
		[[ $pattern == \#* || $1 != $pattern ]] || { echo "$rest"; return; }
	done <"$here/kernels.txt"
}

# list_without NAME,...: the list and the patches of functions all over the kernel
list_without() {
	{
		cat "$here/list.txt"
		printf '%s\n' header-inline same-name special-sections new-symbols outside-callers \
			core:many-functions,scheduler-tick,sealed-function,namespace,same-name,new-symbols,loop-module
	} | sed -E "s/,($(tr , '|' <<<"$1"))\>//g"
}

prove() {
	nice "$bin/proof" "$1" "$units" >"$logs/$1.proof" 2>&1 && proven=proven || proven='not proven'
	awk '/ functions compared$/ { functions = $4 } $1 == "different" { different = $2 } /references read back/ { wrong = $6 }
		/: not compiled:/ { failed++ } { last = $0 }
		END { if (functions == "") print last
			else printf "%d functions, %d different, %d wrong references%s\n", functions, different, wrong, failed ? ", " failed " units not compiled" : "" }' "$logs/$1.proof"
	[ "$proven" = proven ]
}

# rehearse RELEASE LEFT-OUT
rehearse() {
	local list status=0
	mapfile -t list < <(list_without "$2")
	KPATCH_TEST_RELEASE=$1 KPATCH_TEST_GO_ON=1 nice "$here/rehearse_each.sh" "$bin" "${list[@]}" -- --with nf_conntrack --with ip_vs \
		--program "$bin/system_calls" --program "$bin/bad_signal_stack" --program "$bin/busy" >"$logs/$1.rehearsal" 2>&1 || status=1
	printf '%d of %d patches worked, log %s\n' "$(grep -c '^    unload .* succeeds ' "$logs/$1.rehearsal")" "${#list[@]}" \
		"$(sed -n 's/^  kernel log: //p' "$logs/$1.rehearsal" | tail -n 1)"
	return $status
}

releases=("$@")
if [ $# -eq 0 ]; then
	while read -r pattern _; do
		[[ $pattern == \#* ]] || releases+=("$("$here/newest.sh" "$bin" "$pattern")") || echo "$pattern: no such kernel is served"
	done <"$here/kernels.txt"
fi
printf '%-32s %-7s %s\n' kernel compiler 'proof; rehearsal'
for release in "${releases[@]}"; do
	[ -n "$release" ] || continue
	read -r compiler left_out _ <<<"$(row_of "$release") "
	good=yes
	proof=$(prove "$release") || good=no
	rehearsal=$(rehearse "$release" "${left_out:--}") || good=no
	printf '%-32s %-7s %s; %s%s\n' "$release" "${compiler:-?}" "$proof" "$rehearsal" "$([ $good = yes ] || echo ': FAILED')"
done | tee "$logs/table"
! grep -q ': FAILED$' "$logs/table"
