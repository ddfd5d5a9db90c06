#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Of a change that cannot be patched live as a whole the module is that of the rest, byte for byte: of two files, and of a
# series in which one patch needs another.
# usage: leave_out.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
build() { # NAME ARGUMENT...
	"${kpatch_build[@]}" -a "$release" -n e2e-rest -o "$work/$1" --json "$work/$1/json" "${@:2}"
}
left_out() { # JSON: the part of the report
	sed -n '/^  "needs_reboot": /,/^  \]/p' "$1"
}
mkdir "$work/rest" "$work/files" "$work/series" "$work/quilt"
good=$(file patches meminfo-string.patch)
refused=$(file patches constant-table.patch) # data that the running kernel uses
build rest "$good"

build files --leave-out-refused "$good" "$refused" | tee "$work/said"
cmp "$work/rest/e2e-rest.ko" "$work/files/e2e-rest.ko"
grep '^NOTICE: fs/proc/kmsg.c: needs a reboot' "$work/said"
left_out "$work/files/json" | grep '"code": "KP2002"'
[ "$(left_out "$work/files/json" | grep -c '"change": ')" -eq 1 ]

cp "$good" "$work/quilt/good.patch"
{ printf 'Subject: [PATCH] proc: do not poll\n\nCVE-2026-0001\n---\n'; sed 1,2d "$refused"; } >"$work/quilt/refused.patch"
cat >"$work/quilt/needs-it.patch" <<'EOF'
--- a/fs/proc/kmsg.c
+++ b/fs/proc/kmsg.c
@@ -49,5 +49,5 @@
 static const struct proc_ops kmsg_proc_ops = {
 	.proc_flags	= PROC_ENTRY_PERMANENT,
 	.proc_read	= kmsg_read,
-	.proc_open	= kmsg_open,
+	.proc_open	= NULL,
 	.proc_release	= kmsg_release,
EOF
printf 'refused.patch\nneeds-it.patch\ngood.patch\n' >"$work/quilt/series"
build series --leave-out-refused --series "$work/quilt/series"
cmp "$work/rest/e2e-rest.ko" "$work/series/e2e-rest.ko"
left_out "$work/series/json" | sed -n 's/^ *"change": //p' | sort | diff - <(printf '"%s",\n' needs-it.patch refused.patch)
left_out "$work/series/json" | grep '"subject": "proc: do not poll"'
left_out "$work/series/json" | grep '"CVE-2026-0001"'

# changes JSON: what is left out, with the code of the reason and a "+" where another part is the cause.
changes() {
	jq -r '.needs_reboot[] | "\(.change) \(.code // "-")\(if .is_consequence then "+" else "" end)"' "$1" | sort
}
mkdir "$work/alone" "$work/unprovided" "$work/layout"
good=$(file patches rest-good.patch)
build alone "$good"

# What is left out would have had a function that another unit calls. The rest was compiled and compared in the first round.
build unprovided --leave-out-refused -d "$good" "$(file patches rest-unprovided.patch)" >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }
cmp "$work/alone/e2e-rest.ko" "$work/unprovided/e2e-rest.ko"
changes "$work/unprovided/json" | diff - <(printf '%s\n' 'fs/proc/kmsg.c KP2002' 'fs/proc/uptime.c KP3004+')
[ "$(grep -c -- '-o [^ ]*/with-debug-info/patched/fs/proc/task_mmu\.o' "$work/said")" -eq 1 ]

# A type of which there are objects keeps its layout, which is found out before its users are compiled.
build layout --leave-out-refused "$good" "$(file patches rest-layout.patch)" | tee "$work/said"
cmp "$work/alone/e2e-rest.ko" "$work/layout/e2e-rest.ko"
changes "$work/layout/json" | diff - <(printf '%s\n' 'fs/proc/uptime.c -+' 'include/linux/proc_fs.h KP4002')
[ "$(sed -n 's/ units\? to compile$//p' "$work/said" | sort -n | tail -n 1)" -le 3 ]

# What stands beside it in the header is in; what would take a member for another one is out.
mkdir "$work/neighbour"
build neighbour --leave-out-refused "$(file patches rest-neighbour.patch)" | tee "$work/said"
grep '^NOTICE: include/linux/proc_fs.h: struct proc_ops: needs a reboot, left out: field ' "$work/said"
changes "$work/neighbour/json" | diff - <(printf '%s\n' 'fs/proc/generic.c KP4002+' 'fs/proc/uptime.c -+' 'include/linux/proc_fs.h: struct proc_ops KP4002')
jq -r '.units[] | select(.result == "changed") | .unit' "$work/neighbour/json" | diff - <(echo fs/proc/version.c)

# The same of a type that an export of the kernel is made of.
mkdir "$work/export"
build export --leave-out-refused "$(file patches rest-export.patch)" | tee "$work/said"
grep '^NOTICE: include/linux/time.h: struct tm: needs a reboot, left out: time64_to_tm: the module uses this export' "$work/said"
changes "$work/export/json" | diff - <(printf '%s\n' 'include/linux/time.h: struct tm KP1030' 'net/netfilter/nft_meta.c KP1030+')
jq -r '.units[] | select(.result == "changed") | .unit' "$work/export/json" | diff - <(echo fs/fat/misc.c)

# A unit that is patched through callers waits for what becomes of these.
mkdir "$work/callers"
build callers --leave-out-refused "$(file patches rest-callers.patch)" | tee "$work/said"
changes "$work/callers/json" | diff - <(echo 'drivers/base/bus.c -')
grep '^lib/klist.o: NOTICE: KP2022: klist_del has no ftrace entry' "$work/said"

# One whose objects are variables of functions does not keep it, though a header defines it.
mkdir "$work/stacks"
build stacks --leave-out-refused "$(file patches rest-stacks.patch)"
changes "$work/stacks/json" | diff - /dev/null
jq -r '.units[] | select(.result == "changed") | .unit' "$work/stacks/json" | diff - <(echo net/ipv6/addrconf.c)

# A function that is named stays as it is, and nothing else; then its patch fixes nothing.
mkdir "$work/named"
{ printf 'CVE-2026-0002\n---\n'; cat "$good"; } >"$work/named.patch"
build named --leave-out fs/proc/task_mmu.c:show_map_vma "$(file patches meminfo-string.patch)" "$work/named.patch" | tee "$work/said"
[ "$(jq -r '.series[1] | "\(.cves[0]) \(.state)"' "$work/named/json")" = "CVE-2026-0002 needs-reboot" ]
cmp "$work/rest/e2e-rest.ko" "$work/named/e2e-rest.ko"
[ "$(jq -r '.needs_reboot[] | "\(.change) in \(.unit)"' "$work/named/json")" = "show_map_vma in fs/proc/task_mmu.c" ]

# A makefile is left out as the source files are, and what it would have added with it.
mkdir "$work/makefile"
cat >"$work/makefile.patch" <<'EOF'
--- a/fs/proc/Makefile
+++ b/fs/proc/Makefile
@@ -3,5 +3,6 @@
 # Makefile for the Linux proc filesystem routines.
 #
 
+EXTRA = e2e_extra.o
 obj-y   += proc.o
 
--- /dev/null
+++ b/fs/proc/e2e_extra.c
@@ -0,0 +1 @@
+int e2e_extra;
EOF
build makefile --leave-out-refused "$(file patches meminfo-string.patch)" "$work/makefile.patch" | tee "$work/said"
cmp "$work/rest/e2e-rest.ko" "$work/makefile/e2e-rest.ko"
changes "$work/makefile/json" | diff - <(echo 'fs/proc/Makefile KP1003')
