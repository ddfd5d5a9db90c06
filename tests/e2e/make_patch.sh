#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the patch that the edits (see edit.awk) are for this kernel's source.
# usage: make_patch.sh SOURCE EDITS
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
source=$1 edits=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# edit EDITS BASE OUT: those that it stands on go before it.
edit() {
	local below
	below=$(sed -n 's/^on //p' "$1")
	[ -z "$below" ] || edit "$(dirname "$1")/$below.edit" "$2" "$2"
	awk -v base="$2" -v source="$source" -v out="$3" -f "$here/edit.awk" "$1"
}

# before FILE: where it is as it was
before() {
	local directory
	for directory in "$work/base" "$source"; do
		[ ! -e "$directory/$1" ] || { echo "$directory/$1"; return; }
	done
	echo /dev/null
}

mkdir "$work/base" "$work/out"
edit "$edits" "$work/base" "$work/out"
sed -E '/^(on|file|new) /,$d' "$edits"
while read -r file; do
	old=$(before "$file")
	label=a/$file
	[ "$old" != /dev/null ] || label=/dev/null
	diff -u --label "$label" --label "b/$file" "$old" "$work/out/$file" || [ $? -eq 1 ]
done < <(cd "$work/out" && find . -type f -printf '%P\n' | LC_ALL=C sort)
