#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A small kernel of one's own, in the forms in which kpatch-build may be given it: a finished O= build, a plain
# source with configuration and vmlinux, and a source RPM; with "all" also a build in the source, an RPM that
# dnf fetches, and a full build. It is built once per cache from the source of the Debian kernel, cut down. The
# trees must stay as they are.
# usage: own_kernel.sh BIN-DIRECTORY [all]
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bin=$1 forms=${2:-}
cache=${CACHEDIR:-$HOME/.kpatch}
debian=$("$here/release.sh")
whole=$(readlink -f "$cache/sources/$(cat "$cache"/kernels/"${debian}"_*/image/source-version)")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
patch=$here/patches/own-kernel.patch

# cut_down FROM TO: what the small configuration compiles, and all that kbuild reads on the way.
cut_down() {
	mkdir -p "$2"
	(cd "$1" && find . -maxdepth 1 -type f -print &&
		find arch/x86 arch/Kconfig certs crypto fs include init io_uring ipc kernel lib mm scripts security usr virt \
			drivers/base drivers/char drivers/clocksource drivers/rtc drivers/tty tools/Makefile tools/arch/x86 tools/build tools/include tools/lib tools/objtool \
			tools/scripts -type f -print &&
		find arch block Documentation drivers net rust samples sound -type f \( -name 'Kconfig*' -o -name 'Makefile*' -o -name 'Kbuild*' \) -print) |
		LC_ALL=C sort -u >"$work/files"
	tar -C "$1" -cf - -T "$work/files" | tar -C "$2" -xf -
}

# What is built is kept under a name made of all that goes into it.
kept=$cache/test-kernels/$(cat "$here/own-kernel.config" "$here/own_kernel.sh" "$whole/Makefile" | sha256sum | cut -c1-16)
if [ ! -e "$kept" ]; then
	mkdir -p "$cache/test-kernels"
	exec 9>"$kept.lock"
	flock 9
fi
if [ ! -e "$kept" ]; then
	fresh=$cache/test-kernels/new
	rm -rf "$fresh"
	mkdir -p "$fresh"
	cut_down "$whole" "$kept.source"
	make -s -C "$kept.source" O="$fresh/objects" CC=gcc-12 KCONFIG_ALLCONFIG="$here/own-kernel.config" allnoconfig
	make -s -C "$fresh/objects" CC=gcc-12 -j"$(nproc)"
	make -s -C "$fresh/objects" INSTALL_MOD_PATH="$fresh/installed" modules_install
	mv "$fresh" "$kept"
fi
source=$(readlink -f "$kept.source")
objects=$kept/objects
release=$(cat "$objects/include/config/kernel.release")

snapshot() {
	find "$source" "$objects" -not -type d -printf '%p %s %T@\n' | LC_ALL=C sort | sha256sum
}

# build NAME OPTION...
build() {
	local name=$1
	shift
	echo "== $name: $*"
	CACHEDIR=$work/cache "$bin/kpatch-build" -n "$name" -o "$work" "$@" "$patch"
}

# A build in the source, as far as it matters: the objects of the patch and what they need.
in_source() {
	cp -a --reflink=auto "$source" "$work/in-source"
	cp "$objects/.config" "$work/in-source"
	make -s -C "$work/in-source" CC=gcc-12 -j"$(nproc)" modules_prepare
	make -s -C "$work/in-source" CC=gcc-12 fs/proc/version.o fs/binfmt_misc.o
	cp "$objects"/{vmlinux,Module.symvers,modules.order} "$work/in-source"
	mkdir -p "$work/in-source/fs/configfs"
	cp "$objects/fs/binfmt_misc.ko" "$work/in-source/fs"
	cp "$objects/fs/configfs/configfs.ko" "$work/in-source/fs/configfs"
}

# The source RPM that such a kernel would come from.
source_rpm() {
	local version=${release%%-*} top=$work/rpm
	mkdir -p "$top/SOURCES" "$top/SPECS"
	tar -C "$source" -I 'gzip -1' -cf "$top/SOURCES/linux.tar.gz" --transform "s,^\.,linux-$version," .
	cp "$objects/.config" "$top/SOURCES/kernel-$version-x86_64.config"
	cat >"$top/SPECS/kernel.spec" <<-END
		Name: kernel
		Version: $version
		Release: 1.test
		Summary: test
		License: GPLv2
		Source0: linux.tar.gz
		Source1: kernel-$version-x86_64.config
		%description
		test
		%prep
		%setup -q -c -n kernel-%{version}
		cd linux-%{version}
		mkdir -p configs
		cp %{SOURCE1} configs/
		cp %{SOURCE1} .config
	END
	rpmbuild --quiet --define "_topdir $top" -bs "$top/SPECS/kernel.spec"
	rpm=$top/SRPMS/kernel-$version-1.test.src.rpm
}

# The package manager of such a distribution has the source RPM, too, but no other.
with_dnf() {
	mkdir "$work/programs"
	printf '#!/bin/sh\n[ "$1 $2 $3" = "download --source --destdir" ] && [ "$5" = "%s" ] && cp "%s" "$4"\n' \
		"$(basename "$rpm" .src.rpm)" "$rpm" >"$work/programs/dnf"
	chmod +x "$work/programs/dnf"
	PATH=$work/programs:$PATH build own-dnf -a "$release" -v "$vmlinux"
	! PATH=$work/programs:$PATH build other -a 9.9.9-1.test.x86_64 -v "$vmlinux" 2>"$work/log"
	grep -q 'kernel-9.9.9-1.test: the repositories do not serve this version' "$work/log"
}

# What the packages of such a kernel would install: debug information, and modules.
cp "$objects/.config" "$work"
vmlinux=$work/root/usr/lib/debug/lib/modules/$release/vmlinux
mkdir -p "${vmlinux%/*}" "$work/root/lib/modules"
cp "$objects/vmlinux" "$vmlinux"

snapshot >"$work/before"
build own-objects -s "$objects"
! build other -s "$source" -c "$work/.config" -v "$vmlinux" 2>"$work/log"
grep -q "binfmt_misc: this module is not in lib/modules/$release" "$work/log"
cp -r "$kept/installed/lib/modules/$release" "$work/root/lib/modules"
build own-plain -s "$source" -c "$work/.config" -v "$vmlinux"
source_rpm
build own-rpm -r "$rpm" -v "$vmlinux"
! build other -r "$rpm" 2>"$work/log"
grep -q "kernel-debuginfo-$release not installed" "$work/log"
grep -q "dnf debuginfo-install kernel-$release" "$work/log"
if [ "$forms" = all ]; then
	in_source
	build own-in-source -s "$work/in-source"
	with_dnf
	build own-full -s "$source" -c "$work/.config" -v "$vmlinux" --full-build
fi
snapshot >"$work/after"
diff "$work/before" "$work/after"

"$bin/kpatch" rehearse --kernel "$release" --vmlinuz "$objects/arch/x86/boot/bzImage" --modules "$kept/installed" \
	--each --check "$here/checks/own-kernel.sh" "$work"/own-*.ko
