#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What systemd-analyze says of the exposure of each systemd service, as it is installed, is below 5.
# usage: units.sh BUILD-DIRECTORY
set -euo pipefail
command -v systemd-analyze >/dev/null || { echo "skipped: systemd-analyze is missing"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
DESTDIR=$work cmake --install "$1" --prefix /usr >"$work/log"
status=0 units=0
while IFS= read -r unit; do
	units=$((units + 1))
	# In tenths, of which the highest that is allowed is given.
	if ! systemd-analyze security --offline=yes --no-pager --threshold=49 "$unit" >"$work/said" 2>&1; then
		echo "${unit##*/}: is exposed to 5 or more, mostly by:"
		grep '^✗' "$work/said" || cat "$work/said"
		status=1
	fi
	tail -n 1 "$work/said"
done < <(find "$work" -name '*.service')
[ "$units" -ge 3 ] || { echo "only $units services found: are they installed?"; status=1; }
exit $status
