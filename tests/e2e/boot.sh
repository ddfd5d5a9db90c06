#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A small Debian with systemd on a disk: three patches are installed on it, one good, one that the
# kernel refuses and one for another release. It is rebooted, gets a patch that takes the system down when it is loaded,
# comes up without that the third time, and is started again with kpatch.disable.
# usage: boot.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"

# The system without kpatch, kept: making it takes longer than all the rest.
base=$cache/test-root/bookworm-2.tar
if [ ! -e "$base" ]; then
	mkdir -p "$cache/test-root"
	mmdebstrap --quiet --variant=essential --include=systemd-sysv,kmod,libstdc++6,libelf1,libfmt9,libarchive13,libzydis4.0,xz-utils,zstd \
		--aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		bookworm "$work/base.tar"
	mv "$work/base.tar" "$base.$$"
	mv "$base.$$" "$base"
fi

# What is added to it: this project as it is installed, which builds the patch itself.
root=$work/root
mkdir "$root"
tar -xf "$base" -C "$root" --no-same-owner --exclude='./dev/*'
DESTDIR=$root cmake --install "$bin/.." --prefix /usr >"$work/install.log"
good=$root/root/boot-good.ko
"$root/usr/bin/kpatch-build" -a "$release" -n boot-good -o "$root/root" "$here/patches/meminfo-string.patch"
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
cat >"$root/life.sh" <<'END'
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
chmod +x "$root/life.sh"
wants=$root/etc/systemd/system/multi-user.target.wants
mkdir -p "$wants"
cat >"$root/etc/systemd/system/life.service" <<'END'
[Unit]
After=multi-user.target kpatch-confirm.service
[Service]
Type=oneshot
ExecStart=/life.sh
END
ln -s ../life.service "$wants/life.service"
# A machine without identity would enable all units at its first boot.
echo 00000000000000000000000000000001 >"$root/etc/machine-id"
disk=$work/disk
make_disk=(/sbin/mke2fs -q -t ext4 -d "$root" -E root_owner=0:0 "$disk" 600M)
[ "$(id -u)" -eq 0 ] || make_disk=(unshare --map-root-user "${make_disk[@]}")
"${make_disk[@]}"

# start NAME WORDS-FOR-THE-KERNEL: until it powers itself off. Without udev no terminal ever comes up, for which
# systemd would wait a minute and a half.
start() {
	timeout 500 qemu-system-x86_64 -nodefaults -no-user-config -display none -m 512 -smp 2 -accel tcg,thread=single \
		-drive "file=$disk,format=raw,if=none,id=disk,cache=unsafe" -device nvme,drive=disk,serial=1 \
		-kernel "$vmlinuz" -serial "file:$work/$1.console" -serial "file:$work/$1" \
		-append "console=ttyS0 loglevel=4 panic=-1 no_timer_check root=/dev/nvme0n1 rw systemd.getty_auto=no $2" || true
	cat "$work/$1"
	grep -q '^complete' "$work/$1" || { tail -n 40 "$work/$1.console"; exit 1; }
}
# expect LIFE REGULAR-EXPRESSION, refuse LIFE REGULAR-EXPRESSION
expect() {
	grep -Eq -- "$2" "$work/$1" || { echo "$1: expected: $2"; exit 1; }
}
refuse() {
	! grep -Eq -- "$2" "$work/$1" || { echo "$1: not expected: $2"; exit 1; }
}
vmlinuz=$(cached image)/boot/vmlinuz-$release

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
