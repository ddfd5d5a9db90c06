#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The packages that kpatch-build makes of a patch are installed, upgraded, downgraded and removed on a small Debian with systemd,
# by dpkg and, where this machine makes them, by rpm; those of another kernel are refused.
# usage: package.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
. "$here/disk.sh"
command -v rpmbuild >/dev/null || { echo "skipped: rpmbuild is missing"; exit 77; }
base_system bookworm-rpm-1 rpm
export SOURCE_DATE_EPOCH=1700000000
packages=$root/root

# kpatch itself is a package here, too, so that those of patches find what they depend on.
kpatch=$work/kpatch
DESTDIR=$kpatch cmake --install "$bin/.." --prefix /usr >"$work/install.log"
install -D -t "$kpatch/etc/kernel/postrm.d" "$here/../../contrib/kernel/zz-kpatch"
mkdir "$kpatch/DEBIAN"
printf '%s\n' 'Package: kpatch' 'Version: 0' 'Architecture: amd64' 'Maintainer: Test <test@test.example>' \
	'Description: as it is built' >"$kpatch/DEBIAN/control"
dpkg-deb --root-owner-group -Znone --build "$kpatch" "$packages/kpatch.deb" >/dev/null

# The second one says something else, and so takes the place of the first.
sed 's/VMALLOCCHUNK/VMALLOCPIECE/' "$here/patches/meminfo-string.patch" >"$work/second.patch"
build() {
	"${kpatch_build[@]}" -a "$release" --author 'Test <test@test.example>' --description 'Has a word in capitals' \
		--patch-version "$1" -o "$packages" "${@:2}"
}
for format in deb rpm; do
	build 1.0 --package "$format" --cve CVE-2026-1111 "$here/patches/meminfo-string.patch"
	build 2.0 --package "$format" --cve CVE-2026-1111 --cve CVE-2026-2222 "$work/second.patch"
done
name=kpatch-patch-$release
first=$packages/${name}_1.0_amd64.deb
cp "$first" "$work/first.deb"
build 1.0 --package deb --cve CVE-2026-1111 "$here/patches/meminfo-string.patch" >/dev/null
cmp "$first" "$work/first.deb" || { echo "the same call makes another package"; exit 1; }

# What they say about themselves, and what others say about them.
dpkg-deb --info "$packages/${name}_2.0_amd64.deb" | grep 'It fixes CVE-2026-1111, CVE-2026-2222'
# As a file: who stops reading at the first hit ends the writer with a signal.
dpkg-deb --fsys-tarfile "$first" | tar -xO "./usr/share/kpatch/patches/$release/livepatch-1-0.provenance.json" >"$work/provenance"
grep -q meminfo.c "$work/provenance"
rpm -qp --changelog "$packages/$name-2.0-1.x86_64.rpm" | grep CVE-2026-2222
if command -v lintian >/dev/null; then
	lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$packages/$name"_*.deb
fi
if command -v rpmlint >/dev/null; then
	rpmlint --rpmlintrc "$here/package.rpmlintrc" "$packages"/*.rpm
fi
dpkg-deb --control "$first" "$work/control"
if command -v shellcheck >/dev/null; then
	shellcheck -S warning -e SC1090,SC1091 "$work/control"/p*
fi

# One of another kernel.
other=${release/6.1./6.2.}
dpkg-deb --raw-extract "$first" "$work/other"
mv "$work/other/usr/lib/kpatch/"{"$release","$other"}
mv "$work/other/usr/share/kpatch/patches/"{"$release","$other"}
find "$work/other" -type f -exec sed -i "s/$release/$other/g" {} +
dpkg-deb --root-owner-group --build "$work/other" "$packages/other.deb" >/dev/null
rm "$packages"/*.ko

life <<'END'
#!/bin/sh
exec >/dev/ttyS1 2>&1
cd /root
name=kpatch-patch-$(uname -r)
# step WHAT COMMAND...
step() {
	echo "== $1"
	shift
	"$@"
	echo "exit $?"
	grep -i vmalloc[cp] /proc/meminfo
	ls /sys/kernel/livepatch
	find /var/lib/kpatch /usr/lib/kpatch -name '*.ko' | sort
}
step dependency dpkg -i kpatch.deb
step foreign dpkg -i other.deb
step install dpkg -i "$name"_1.0_*.deb
kpatch fixes CVE-2026-1111
step upgrade dpkg -i "$name"_2.0_*.deb
kpatch fixes CVE-2026-2222
step downgrade dpkg -i "$name"_1.0_*.deb
step again dpkg -i "$name"_1.0_*.deb
step purge dpkg --purge "$name"
sed -i s/KPATCH_ACTIVATE=yes/KPATCH_ACTIVATE=no/ /etc/default/kpatch || echo KPATCH_ACTIVATE=no >/etc/default/kpatch
step later dpkg -i "$name"_2.0_*.deb
step later-remove dpkg -r "$name"
rm /etc/default/kpatch
mkdir -p "/lib/modules/$(uname -r | sed 's/6\.1\./6.2./')/kernel"
step prepared dpkg -i other.deb
# The running kernel is there as where packages put it; without it kpatch prune takes it that kernels are kept elsewhere.
mkdir -p "/lib/modules/$(uname -r)/kernel"
# As the package of a kernel does when it goes: the modules first.
gone() {
	rmdir "$1/kernel"
	run-parts --report --exit-on-error --arg="${1##*/}" /etc/kernel/postrm.d
}
step kernel-stays run-parts --report --exit-on-error --arg="$(uname -r)" /etc/kernel/postrm.d
step kernel-goes gone "/lib/modules/$(uname -r | sed 's/6\.1\./6.2./')"
step prepared-remove dpkg -r "$(dpkg-deb -f other.deb Package)"
step rpm-install rpm -i --nodeps "$name"-1.0-1.*.rpm
step rpm-upgrade rpm -U --nodeps "$name"-2.0-1.*.rpm
step rpm-downgrade rpm -U --nodeps --oldpackage "$name"-1.0-1.*.rpm
step rpm-remove rpm -e "$name"
find /var/lib/kpatch -type f
echo complete
systemctl poweroff --force
END
make_disk 900M
seconds=900
start life quiet

csplit -s -z -f "$work/step" "$work/life" '/^== /' '{*}'
for part in "$work"/step*; do
	heading=$(sed -n '1s/^== //p' "$part")
	[ -z "$heading" ] || mv "$part" "$work/at-$heading"
done
expect at-dependency '^exit 0'
expect at-foreign "^exit 1"
expect at-foreign "the kernel $other is not installed here"
for step in install downgrade again rpm-install rpm-downgrade; do
	expect "at-$step" '^exit 0'
	expect "at-$step" '^VMALLOCCHUNK'
	expect "at-$step" '^livepatch_1_0$'
	refuse "at-$step" '^livepatch_2_0$'
	expect "at-$step" "^/var/lib/kpatch/$release/livepatch-1-0.ko"
	refuse "at-$step" "^/var/lib/kpatch/$release/livepatch-2-0.ko"
done
for step in upgrade rpm-upgrade; do
	expect "at-$step" '^exit 0'
	expect "at-$step" '^VMALLOCPIECE'
	expect "at-$step" '^livepatch_2_0$'
	refuse "at-$step" '^livepatch_1_0$'
	expect "at-$step" "^/var/lib/kpatch/$release/livepatch-2-0.ko"
	expect "at-$step" "^/var/lib/kpatch/.superseded/$release/livepatch-1-0.ko"
done
expect at-install 'CVE-2026-1111.* is fixed|fixed live'
expect at-kernel-stays "^/var/lib/kpatch/$other/livepatch-1-0.ko"
expect at-kernel-goes '^exit 0'
expect at-kernel-goes "uninstalling livepatch.1.0 .$other"
refuse at-kernel-goes '^/var/lib/kpatch/.*\.ko$'
for step in purge later-remove prepared-remove rpm-remove; do
	expect "at-$step" '^exit 0'
	expect "at-$step" '^VmallocChunk'
	refuse "at-$step" '\.ko$|^livepatch_'
done
expect at-later '^exit 0'
expect at-later 'takes effect at the next boot'
expect at-later '^VmallocChunk'
expect at-later "^/var/lib/kpatch/$release/livepatch-2-0.ko"
expect at-prepared '^exit 0'
expect at-prepared "takes effect when the kernel $other is started"
expect at-prepared "^/var/lib/kpatch/$other/livepatch-1-0.ko"
expect at-prepared '^VmallocChunk'
