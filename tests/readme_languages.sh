#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Chinese README shows the same commands, programs and pages as the English one.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."

# What is the same in both languages: code blocks without remarks, and the files that links lead to.
shown_by() {
	awk '/^```/ { inside = !inside } inside' "$1" | sed -E 's/^(\.\/run [^#]*[^# ]) +#.*/\1/'
	grep -oE '\]\((docs/|[A-Z]+\.)[^)]*\)' "$1" | sed 's/\.zh-CN\.md/.md/' | sort -u
}

diff <(shown_by README.md) <(shown_by README.zh-CN.md) || {
	echo "README.zh-CN.md does not show what README.md shows: bring it in line"
	exit 1
}
