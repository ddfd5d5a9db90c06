#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Stalls, replacement, roll-back and inspection on the stock kernel, in one boot.
# usage: operations.sh BIN-DIRECTORY
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bin=$1
release=$("$here/release.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for name in v1 v2 sleep; do
	option=()
	[ "$name" != sleep ] || option=(-R)
	"$bin/kpatch-build" -a "$release" "${option[@]}" -n "operations-$name" -o "$work" \
		"$here/patches/operations-$name.patch"
done
"$bin/kpatch" rehearse --kernel "$release" --check "$here/checks/operations.sh" \
	--program "$work/operations-v2.ko" --program "$work/operations-sleep.ko" "$work/operations-v1.ko"
