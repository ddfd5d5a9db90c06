#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The limits of an isolated build, held by systemd and the kernel: the tests InScope of the unit tests, on a small
# Debian with systemd and bubblewrap.
# usage: scope.sh BIN-DIRECTORY PRODUCE-TESTS
tests=$2
. "$(dirname "$(readlink -f "$0")")/common.sh"
. "$here/disk.sh"
base_system bookworm-scope-1 bubblewrap
cp "$tests" "$root/produce_tests"
cp -r "$here/../../kmod" "$root/kmod"
mkdir "$root/needed"
ldd "$tests" | sed -n 's|.* => \(/[^ ]*\) .*|\1|p' | xargs -I{} cp -L {} "$root/needed/"

life <<'END'
#!/bin/sh
exec >/dev/ttyS1 2>&1
cd /root
KPATCH_KMOD=/kmod LD_LIBRARY_PATH=/needed /produce_tests --gtest_filter='InScope.*' && echo all right
echo complete
systemctl poweroff --force
END
make_disk 1200M
seconds=900
start life quiet
refuse life 'SKIPPED|FAILED'
expect life 'OK.*InScope.IsHeldToMemoryThatNoProcessHas'
expect life 'OK.*InScope.CannotStartMoreTasksThanItMayHave'
expect life '^all right'
