# SPDX-License-Identifier: GPL-2.0-or-later
# s_show of mm/vmalloc.c and of kernel/kallsyms.c, and not the one of the tracer.
grep -ci vmalloc /proc/vmallocinfo
grep ' nf_conntrack_in[[:blank:]]' /proc/kallsyms
grep -q ' VMALLOC' /proc/vmallocinfo && ! grep -q ' vmalloc' /proc/vmallocinfo &&
	grep -q '{nf_conntrack}$' /proc/kallsyms && ! grep -q '\[nf_conntrack\]$' /proc/kallsyms
