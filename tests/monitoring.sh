#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Grafana board and the alert rules use metrics that `kpatch metrics` prints and no others, the board all of them, and
# docs/kpatch.md describes just these.
# usage: monitoring.sh DIRECTORY-OF-PROGRAMS
set -euo pipefail
top=$(dirname "$(dirname "$(realpath "$0")")")
status=0
printed=$("$1/kpatch" metrics | sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' | sort)
[ "$(wc -l <<<"$printed")" -ge 9 ] || { echo "kpatch metrics prints only: $printed"; status=1; }

# compare WHAT NAMES: they are among those printed
compare() {
	local more
	more=$(comm -23 <(echo "$2") <(echo "$printed"))
	[ -z "$more" ] || { echo "$1 has metrics that kpatch metrics does not print: $more"; status=1; }
}
names() {
	grep -ohE '\bkpatch_[a-z_]+' | sort -u
}
python3 -m json.tool "$top/contrib/monitoring/board.json" >/dev/null || status=1
board=$(grep -E '"(expr|query)":' "$top/contrib/monitoring/board.json" | names)
compare board.json "$board"
compare alerts.yml "$(names <"$top/contrib/monitoring/alerts.yml")"
[ "$board" = "$printed" ] || { echo "board.json lacks: $(comm -13 <(echo "$board") <(echo "$printed"))"; status=1; }
described=$(grep -oE '^\| `kpatch_[a-z_]+`' "$top/docs/kpatch.md" | names)
[ "$described" = "$printed" ] || { echo "docs/kpatch.md describes: $described"; status=1; }
exit $status
