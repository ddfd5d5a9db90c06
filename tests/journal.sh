#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What kpatch does is found in the journal by its fields: by a journald of its own, in a mount namespace, with a /run of its own.
# usage: journal.sh DIRECTORY-OF-PROGRAMS
set -euo pipefail
kpatch=$(realpath "$1/kpatch")
journald=/lib/systemd/systemd-journald
if [ ! -x "$journald" ] || ! command -v journalctl >/dev/null; then
	echo "skipped: journald is missing"
	exit 77
fi
if [ "${2:-}" != inside ]; then
	[ "$(id -u)" -eq 0 ] || { echo "skipped: it takes root to start a journald of its own"; exit 77; }
	exec unshare --mount --propagation private "$0" "$1" inside
fi
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal /run/machine/{sys/kernel/livepatch,proc}
"$journald" >/run/said 2>&1 &
daemon=$!
trap 'kill "$daemon" 2>/dev/null || :' EXIT
tries=0
until [ -S /run/systemd/journal/socket ]; do
	tries=$((tries + 1))
	[ "$tries" -lt 300 ] && kill -0 "$daemon" || { cat /run/said; exit 1; }
	sleep 0.1
done
export KPATCH_SYSFS_ROOT=/run/machine/sys KPATCH_PROC_ROOT=/run/machine/proc KPATCH_INSTALL_DIR=/run/machine/lib \
	KPATCH_RUN_DIR=/run/machine/run KPATCH_SYSTEMCTL=true
unset KPATCH_JOURNAL_SOCKET
"$kpatch" unload --all
! "$kpatch" load no-such-patch 2>/dev/null || exit 1
kill "$daemon"
wait "$daemon" || :

# entry FIELD=VALUE...: the one with these, as JSON
entry() {
	journalctl -D /run/log/journal -o json --no-pager -q "$@"
}
# has ENTRY NAME VALUE
has() {
	grep -qF "\"$2\":\"$3\"" <<<"$1" || { echo "no $2 with the value $3 in: $1"; exit 1; }
}
all=$(entry MESSAGE_ID=1aea4361dc3b499395898efcb20628f2)
[ "$(grep -c . <<<"$all")" -eq 2 ] || { echo "two entries were expected: $all"; exit 1; }
went=$(entry KPATCH_ACTION=unload)
has "$went" KPATCH_RESULT "done"
has "$went" PRIORITY 5
has "$went" SYSLOG_IDENTIFIER kpatch
failed=$(entry KPATCH_MODULE=no_such_patch)
has "$failed" KPATCH_RESULT failed
has "$failed" KPATCH_STATUS 1
has "$failed" KPATCH_ERROR "can't find no-such-patch"
has "$failed" KPATCH_KERNEL "$(uname -r)"
has "$failed" PRIORITY 4
