# SPDX-License-Identifier: GPL-2.0-or-later
# A small Debian with systemd on a disk, in $root, for tests that source this after common.sh: base_system, then what the test
# adds to $root, then life, make_disk and start.
# shellcheck shell=bash disable=SC2154 # common.sh sets $work, $cache and $release

root=$work/root
disk=$work/disk

# base_system NAME [PACKAGE,...]: without kpatch, kept under that name: making it takes longer than all the rest.
base_system() {
	local base=$cache/test-root/$1.tar
	if [ ! -e "$base" ]; then
		mkdir -p "$cache/test-root"
		mmdebstrap --quiet --variant=essential --include="systemd-sysv,kmod,libstdc++6,libelf1,libfmt9,libarchive13,libzydis4.0,xz-utils,zstd${2:+,$2}" \
			--aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/doc/*' \
			--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
			bookworm "$work/base.tar"
		mv "$work/base.tar" "$base.$$"
		mv "$base.$$" "$base"
	fi
	mkdir "$root"
	tar -xf "$base" -C "$root" --no-same-owner --exclude='./dev/*'
	# A machine without identity would enable all units at its first boot.
	echo 00000000000000000000000000000001 >"$root/etc/machine-id"
}

# life: the script on standard input runs when all is up, and says complete before it powers the machine off.
life() {
	local wants=$root/etc/systemd/system/multi-user.target.wants
	cat >"$root/life.sh"
	chmod +x "$root/life.sh"
	mkdir -p "$wants"
	cat >"$root/etc/systemd/system/life.service" <<-'END'
		[Unit]
		After=multi-user.target kpatch-confirm.service
		[Service]
		Type=oneshot
		ExecStart=/life.sh
	END
	ln -s ../life.service "$wants/life.service"
}

make_disk() {
	local command=(/sbin/mke2fs -q -t ext4 -d "$root" -E root_owner=0:0 "$disk" "${1:-600M}")
	[ "$(id -u)" -eq 0 ] || command=(unshare --map-root-user "${command[@]}")
	"${command[@]}"
}

# start NAME WORDS-FOR-THE-KERNEL: until it powers itself off. Without udev no terminal ever comes up, for which
# systemd would wait a minute and a half.
start() {
	local vmlinuz
	vmlinuz=$(cached image)/boot/vmlinuz-$release
	timeout "${seconds:-500}" qemu-system-x86_64 -nodefaults -no-user-config -display none -m 512 -smp 2 -accel tcg,thread=single \
		-drive "file=$disk,format=raw,if=none,id=disk,cache=unsafe" -device nvme,drive=disk,serial=1 \
		-kernel "$vmlinuz" -serial "file:$work/$1.console" -serial "file:$work/$1" \
		-append "console=ttyS0 loglevel=4 panic=-1 no_timer_check root=/dev/nvme0n1 rw systemd.getty_auto=no $2" || true
	sed -i 's/\r$//' "$work/$1" # a terminal's line ends
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
