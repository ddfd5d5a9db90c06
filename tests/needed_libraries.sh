#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Which shared libraries a program needs is what its package depends on. kpatch goes onto every machine with live patches, and
# into the guest of each rehearsal: it does without those that only building patches takes.
# usage: needed_libraries.sh KPATCH CREATE-DIFF-OBJECT
set -euo pipefail
status=0

# without PROGRAM LIBRARY...
without() {
	local needed library
	needed=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(lib[^.]*\)\.so.*/\1/p')
	[ -n "$needed" ] || { echo "${1##*/}: readelf shows no library that it needs"; status=1; }
	for library in "${@:2}"; do
		! grep -qxF "$library" <<<"$needed" || {
			echo "${1##*/} needs $library; keep what uses it in a file, or a folder of src/, that this program does not take"
			status=1
		}
	done
}

without "$1" libdw libbpf libcrypto
without "$2" libbpf libcrypto libarchive
exit $status
