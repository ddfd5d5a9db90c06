# SPDX-License-Identifier: GPL-2.0-or-later
grep -i vmallocchunk /proc/meminfo
grep -q VMALLOCCHUNK: /proc/meminfo
