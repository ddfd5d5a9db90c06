# SPDX-License-Identifier: GPL-2.0-or-later
# m_show of fs/namespace.c and s_show of kernel/kallsyms.c, and none of the others.
grep ' nf_conntrack_in[[:blank:]]' /proc/kallsyms
grep -q '^patched tmpfs ' /proc/mounts && grep -q '{nf_conntrack}$' /proc/kallsyms && ! grep -q '\[nf_conntrack\]$' /proc/kallsyms
