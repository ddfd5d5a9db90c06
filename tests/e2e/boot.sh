#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A small Debian with systemd on a disk: three patches are installed on it, one good, one that the
# kernel refuses and one for another release. It is rebooted, gets a patch that takes the system down when it is loaded,
# comes up without that the third time, and is started again with kpatch.disable.
# usage: boot.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"

. "$here/disk.sh"
base_system bookworm-2

# What is added to it: this project as it is installed, which builds the patch itself.
DESTDIR=$root cmake --install "$bin/.." --prefix /usr >"$work/install.log"
good=$root/root/boot-good.ko
"$root/usr/bin/kpatch-build" --no-isolate -a "$release" -n boot-good -o "$root/root" "$here/patches/meminfo-string.patch"
sed 's/boot_good/boot_evil/g; s/meminfo_proc_show/meminfo_proc_shoo/g' "$good" >"$root/root/boot-evil.ko"
sed "s/boot_good/boot_else/g; s/vermagic=$release/vermagic=${release/6.1/6.2}/" "$good" >"$root/root/boot-else.ko"
xz --check=crc32 "$good"
objects=$(cached objects)
source=$(cached source)
cp -r "$here/modules/crash" "$work/crash"
make -s --no-print-directory -C "$objects" -f "$source/Makefile" -o tools/objtool may-sync-config= need-compiler=1 \
	CONFIG_DEBUG_INFO_BTF= CONFIG_DEBUG_INFO_BTF_MODULES= M="$work/crash" modules
cp "$work/crash/boot-crash.ko" "$root/root"

# When all is up, it tells how things are. In its first life it installs the patches and reboots.
life <<'END'
#!/bin/sh
exec >/dev/ttyS1 2>&1
echo "== boot $(cat /proc/uptime)"
grep -i vmallocchunk /proc/meminfo
kpatch list
show() { systemctl show -P "$1" "$2"; }
echo "service: $(show ActiveState kpatch.service), $(show UnitFileState kpatch.service)"
echo "condition: $(show ConditionResult kpatch.service)"
before=$(show InactiveEnterTimestampMonotonic kpatch.service)
network=$(show ActiveEnterTimestampMonotonic network-pre.target)
echo "before the network: $([ "$before" -gt 0 ] && [ "$before" -lt "$network" ] && echo yes || echo no), $before $network us"
head /var/lib/kpatch/.boot/*/*
journalctl -b -u kpatch.service -o cat
if [ -e /root/boot-good.ko.xz ]; then
	kpatch install /root/boot-good.ko.xz && kpatch install --keep /root/boot-evil.ko &&
		mv /root/boot-else.ko "/var/lib/kpatch/$(uname -r)" && rm /root/boot-good.ko.xz || exit
	echo "installed $(cat /proc/uptime)"
	systemctl reboot
elif [ -e /root/boot-crash.ko ]; then
	kpatch install /root/boot-crash.ko && rm /root/boot-crash.ko && systemctl reboot
else
	echo complete
	systemctl poweroff --force
fi
END
make_disk

start twice quiet
csplit -s -f "$work/life" "$work/twice" '/^== boot/' '{*}'
expect life01 '^VmallocChunk'
expect life01 '^service: inactive, disabled'
expect life01 '^installed'
expect life02 '^VMALLOCCHUNK'
expect life02 '^boot_good \[enabled\]'
expect life02 '^service: failed, enabled'
expect life02 '^before the network: yes'
expect life02 'failed to load module .*boot-evil.ko'
expect life02 '^failed 1'
refuse life02 'boot.else \[|boot-else.ko|loaded 1|begun 1'

expect life03 '^VMALLOCCHUNK'
expect life03 '^boot_good \[enabled\]'
expect life03 '^died 2'
expect life03 'boot_crash is passed over: it was loaded when the system died at the last 2 boots'
[ "$(grep -c 'Kernel panic - not syncing: as it was asked to' "$work/twice.console")" -eq 2 ] ||
	{ echo "it should have died twice"; exit 1; }

start disabled kpatch.disable
expect disabled '^VmallocChunk'
expect disabled '^condition: no'
expect disabled '^service: inactive, enabled'
refuse disabled '\[enabled\]'
