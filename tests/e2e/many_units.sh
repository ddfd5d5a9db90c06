#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One patch of many units, as a stable update is: the kernel's own and those of modules. It builds, every unit is in the
# module, which loads and unloads. A change is an instruction more where a function returns an error, so that the kernel
# works as before.
# usage: many_units.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
least=60

source=$(kernel_source)

# with_change FILE: prints it with an instruction before the first "return -EINVAL;" of a function that stays after boot
# and that a tracer may redirect.
with_change() {
	awk '/^[a-z_].*\(/ { outside = /__init|__exit|noinstr|notrace|__always_inline|inline|__cpuidle|__kprobes/ }
		!done && !outside && /^\t+return -EINVAL;$/ { sub(/return -EINVAL;/, "{ asm volatile(\"nop\"); return -EINVAL; }"); done = 1 }
		{ print } END { exit !done }' "$1"
}

units=(block/{bio,blk-settings} crypto/{ahash,api,algapi,shash} fs/{aio,attr,buffer,char_dev,eventfd}
	fs/{eventpoll,exec,fcntl,fhandle,file,fs_context,fsopen,inode,ioctl,libfs,locks,namei,namespace,open,pipe,posix_acl}
	fs/{read_write,readdir,select,seq_file,signalfd,splice,stat,statfs,super,sync,timerfd,utimes,xattr} fs/proc/{base,fd}
	ipc/{mqueue,sem,shm} kernel/{acct,capability,exit,fork,groups,nsproxy,params,pid,ptrace,reboot,resource,signal,sys}
	mm/{fadvise,mincore,mlock,mprotect,mremap,msync,oom_kill,util}
	net/netfilter/{nf_conntrack_core,nf_conntrack_netlink,nf_log,x_tables} fs/ext4/{acl,ialloc,ioctl})
for unit in "${units[@]}"; do
	file=$unit.c
	[ -e "$source/$file" ] && with_change "$source/$file" >"$work/changed.c" || continue
	echo "$unit" >>"$work/units"
	diff -u --label "a/$file" --label "b/$file" "$source/$file" "$work/changed.c" >>"$work/many.patch" || true
done
sort -o "$work/units" "$work/units"
count=$(wc -l <"$work/units")
echo "$count units"
[ "$count" -ge "$least" ]

"${kpatch_build[@]}" -a "$release" -n e2e-many -o "$work" "$work/many.patch" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
sed -n 's/^\([a-z].*\)\.o: changed function: .*/\1/p' "$work/log" | sort -u >"$work/changed"
if ! diff "$work/units" "$work/changed"; then
	echo "the module lacks the change of these units" >&2
	exit 1
fi
"$bin/kpatch" rehearse --kernel "$release" "$work/e2e-many.ko"
