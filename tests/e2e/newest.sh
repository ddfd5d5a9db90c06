#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the newest kernel that is served under a name with a "*" in it, such as 7.3.*+deb13-cloud-amd64, of whatever release
# of Debian: the message for a kernel that there is not names the nearest that there are. Ends with that message if it names
# none: with 77 where the archives have none or cannot be reached, else with 1. An answer holds for ten hours, since asking takes half a minute.
# usage: newest.sh BIN-DIRECTORY PATTERN
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bin=$1 pattern=$2
answer=$("$bin/kpatch-build" cache path)/test-newest-${pattern/\*/-}
if [ -n "$(find "$answer" -mmin -600 2>/dev/null)" ]; then
	cat "$answer"
	exit
fi
asked=${pattern/\*/9999}
message=$("$bin/kpatch-build" --no-isolate -a "$asked" "$here/patches/several-3.patch" 2>&1) || true
release=$(grep -oE '[0-9]+\.[0-9]+\.[0-9][^ ,;:]*[^ ,;:.]' <<<"$message" |
	grep -xE "$(sed 's/[.+]/\\&/g; s/\*/[0-9]+/' <<<"$pattern")" | grep -vxF "$asked" | sort -uV | tail -n 1) || true
if [ -z "$release" ]; then
	echo "$message" >&2
	[[ $message != *'apt knows no such package'* ]] || exit 77
	exit 1
fi
mkdir -p "${answer%/*}"
echo "$release" >"$answer.$$"
mv "$answer.$$" "$answer"
echo "$release"
