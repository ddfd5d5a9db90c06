# SPDX-License-Identifier: GPL-2.0-or-later
ls -d /sys/kernel/livepatch/e2e_short_labels/dm_mod/dm_io_acct,*
