#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every relative link in what is installed as documentation leads to something that is installed.
# usage: installed_links.sh BUILD-DIRECTORY
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
DESTDIR=$work cmake --install "$1" --prefix /usr >"$work/log"
status=0 links=0
while IFS= read -r page; do
	while IFS= read -r link; do
		links=$((links + 1))
		if [ ! -e "$(dirname "$page")/${link%%#*}" ]; then
			echo "${page#"$work"}: leads to $link, which is not installed"
			status=1
		fi
	done < <(grep -oE '\]\([^)]+\)' "$page" | sed -E 's/^\]\(//; s/\)$//' | grep -vE '^(https?:|mailto:|#)')
done < <(find "$work/usr/share/doc" -name '*.md')
[ "$links" -gt 50 ] || { echo "only $links links found: are the pages installed?"; status=1; }
exit $status
