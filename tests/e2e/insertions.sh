#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Statements of many kinds in functions that nobody chose: what is refused is refused for want of a place to patch, every
# other file is in the module with few functions more than the one that changed (those that it is inlined into), and the
# module loads and unloads. $KPATCH_TEST_SEED chooses others.
# usage: insertions.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
most=8 # functions of a file

units=(kernel/{fork,exit,signal,sys,kthread,workqueue}.c kernel/{cgroup/cgroup,bpf/syscall,time/hrtimer,futex/pi}.c
	mm/{mmap,memory,slub,vmscan,shmem,filemap}.c fs/{namei,namespace,inode,super,exec,eventpoll,dcache}.c
	net/core/{skbuff,sock,rtnetlink,dev}.c net/ipv4/{tcp,tcp_input,udp,route}.c net/unix/af_unix.c block/bio.c
	fs/{ext4/inode,btrfs/inode,fuse/file}.c net/netfilter/{nf_conntrack_core,nf_tables_api}.c net/bridge/br_input.c)
seed=${KPATCH_TEST_SEED:-1}
"$here/insertions.py" "$seed" "$(kernel_source)" "${units[@]}" >"$work/insertions.patch" 2>"$work/chosen"
cat "$work/chosen"
"${kpatch_build[@]}" -a "$release" -n e2e-insertions -o "$work" --leave-out-refused --review warn --json "$work/json" \
	"$work/insertions.patch" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
jq -r '.needs_reboot[] | "left out: \(.change): \(.code)"' "$work/json"
jq -e 'all(.needs_reboot[]; .code == "KP2001" or .code == "KP2011")' "$work/json"
jq -r '.units[] | select(.functions | length > 0) | "\(.unit) \(.functions | length)"' "$work/json" | tee "$work/in"
awk -v most="$most" '$2 > most { print $1 ": " $2 " functions"; bad = 1 } END { exit bad }' "$work/in"
[ $((10 * $(wc -l <"$work/in"))) -ge $((9 * $(wc -l <"$work/chosen"))) ]
"$bin/kpatch" rehearse "$work/e2e-insertions.ko"
