#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots a small Debian with systemd, in which one good patch is installed, one that the kernel
# refuses and one for another release; and once more with kpatch.disable.
# usage: boot.sh BIN-DIRECTORY
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bin=$1
cache=${CACHEDIR:-$HOME/.kpatch}
release=$("$here/release.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The system without kpatch, kept: making it takes longer than all the rest.
base=$cache/test-root/bookworm.tar
if [ ! -e "$base" ]; then
	mkdir -p "$cache/test-root"
	mmdebstrap --quiet --variant=essential --include=systemd-sysv,kmod,libstdc++6,libelf1,libfmt9,xz-utils,zstd \
		--aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		bookworm "$work/base.tar"
	mv "$work/base.tar" "$base.$$"
	mv "$base.$$" "$base"
fi

# What is added to it: this project as it is installed, which builds the patches itself.
root=$work/root
mkdir -p "$root/etc/systemd/system/multi-user.target.wants" "$work/modules"
DESTDIR=$root cmake --install "$bin/.." --prefix /usr >"$work/install.log"
for name in boot-good boot-bad boot-other; do
	"$root/usr/bin/kpatch-build" -a "$release" -n "$name" -o "$work/modules" "$here/patches/meminfo-string.patch"
done
sed -i 's/meminfo_proc_show/meminfo_proc_shoo/g' "$work/modules/boot-bad.ko"
sed -i "s/vermagic=$release/vermagic=${release/6.1/6.2}/" "$work/modules/boot-other.ko"
xz --check=crc32 "$work/modules/boot-good.ko"

cat >"$work/systemctl" <<END
#!/bin/sh
exec systemctl --root="$root" "\$@"
END
chmod +x "$work/systemctl"
for file in boot-good.ko.xz boot-bad.ko; do
	KPATCH_INSTALL_DIR=$root/var/lib/kpatch KPATCH_SYSTEMCTL=$work/systemctl KPATCH_KERNEL_RELEASE=$release \
		"$root/usr/sbin/kpatch" install "$work/modules/$file"
done
cp "$work/modules/boot-other.ko" "$root/var/lib/kpatch/$release/"

# When all is up, it tells how things are and ends.
cat >"$root/report.sh" <<'END'
#!/bin/sh
exec >/dev/ttyS1 2>&1
grep -i vmallocchunk /proc/meminfo
kpatch list
echo "service: $(systemctl show -P ActiveState kpatch.service)"
echo "condition: $(systemctl show -P ConditionResult kpatch.service)"
before=$(systemctl show -P InactiveEnterTimestampMonotonic kpatch.service)
network=$(systemctl show -P ActiveEnterTimestampMonotonic network-pre.target)
echo "before the network: $([ "$before" -lt "$network" ] && echo yes || echo no, "$before" "$network")"
head /var/lib/kpatch/.boot/*/*
journalctl -b -u kpatch.service -o cat
echo complete
END
chmod +x "$root/report.sh"
cat >"$root/etc/systemd/system/report.service" <<'END'
[Unit]
After=multi-user.target kpatch-confirm.service
[Service]
Type=oneshot
ExecStart=/report.sh
ExecStopPost=/bin/systemctl poweroff --force --force
END
ln -s ../report.service "$root/etc/systemd/system/multi-user.target.wants/report.service"
bsdtar --format=newc --uid 0 --gid 0 -cf "$work/initrd" "@$base" -C "$root" .

# boot NAME WORDS-FOR-THE-KERNEL
boot() {
	timeout 300 qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -m 1536 -smp 2 -accel tcg \
		-kernel "$vmlinuz" -initrd "$work/initrd" -serial "file:$work/$1.console" -serial "file:$work/$1" \
		-append "console=ttyS0 loglevel=4 panic=-1 no_timer_check rdinit=/sbin/init $2" || true
	cat "$work/$1"
	grep -q '^complete' "$work/$1" || { tail -n 40 "$work/$1.console"; exit 1; }
}
expect() {
	grep -Eq -- "$2" "$work/$1" || { echo "$1: expected: $2"; exit 1; }
}
vmlinuz=$(echo "$cache/kernels/${release}"_*/image/boot/vmlinuz-"$release")

boot patched quiet
expect patched '^VMALLOCCHUNK'
expect patched '^boot_good \[enabled\]'
expect patched '^service: failed'
expect patched '^before the network: yes'
expect patched 'failed to load module .*boot-bad.ko'
expect patched '^failed 1'
for wrong in '^boot_other \[' 'boot-other' 'loaded 1' 'begun 1'; do
	! grep -q "$wrong" "$work/patched" || { echo "patched: not expected: $wrong"; exit 1; }
done

boot disabled kpatch.disable
expect disabled '^VmallocChunk'
expect disabled '^condition: no'
expect disabled '^service: inactive'
