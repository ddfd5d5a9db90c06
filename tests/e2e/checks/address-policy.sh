# SPDX-License-Identifier: GPL-2.0-or-later
# The patch changes a constant: labels of addresses may have four characters.
ip link set lo up
ip address del 10.9.9.9/32 dev lo 2>/dev/null
! ip address add 10.9.9.9/32 dev lo label lo:long
