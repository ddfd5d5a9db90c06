#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A kernel of one's own, in all forms in which kpatch-build may be given it: a finished O= build, a build in
# the source, a plain source with configuration and vmlinux, and a source RPM. It is built once per cache
# from the pristine source of the Debian kernel. The trees must stay as they are.
# usage: own_kernel.sh BIN-DIRECTORY
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bin=$1
cache=${CACHEDIR:-$HOME/.kpatch}
debian=$("$here/release.sh")
source=$(readlink -f "$cache/sources/$(cat "$cache"/kernels/"${debian}"_*/image/source-version)")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
patch=$here/patches/own-kernel.patch

# What is built is kept under a name made of all that goes into it.
kept=$cache/test-kernels/$(cat "$here/own-kernel.config" "$0" "$source/Makefile" | sha256sum | cut -c1-16)
if [ ! -e "$kept" ]; then
	fresh=$kept.new-$$
	mkdir -p "$fresh/objects"
	make -s -C "$source" O="$fresh/objects" CC=gcc-12 KCONFIG_ALLCONFIG="$here/own-kernel.config" allnoconfig
	make -s -C "$fresh/objects" CC=gcc-12 -j"$(nproc)"
	make -s -C "$fresh/objects" INSTALL_MOD_PATH="$fresh/installed" modules_install
	mv "$fresh" "$kept"
fi
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
	"$bin/kpatch-build" -n "$name" -o "$work" "$@" "$patch"
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

# The source RPM that such a kernel would come from, less what this configuration does not compile.
source_rpm() {
	local version=${release%%-*} top=$work/rpm
	mkdir -p "$top/SOURCES" "$top/SPECS"
	(cd "$source" && find . \( -path ./tools/testing -o -path ./tools/perf \) -prune -o \
		-type f \( -not -path './Documentation/*' -a -not -path './samples/*' -a -not -path './drivers/*' -a -not -path './sound/*' -a -not -path './net/*' -a -not -path './arch/*' \
		-o -path './arch/x86/*' -o -name 'Kconfig*' -o -name Makefile -o -name Kbuild \) -print) >"$work/files"
	tar -C "$source" -czf "$top/SOURCES/linux.tar.gz" --transform "s,^\.,linux-$version," -T "$work/files"
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
	rpmbuild --define "_topdir $top" -bs "$top/SPECS/kernel.spec"
	rpm=$top/SRPMS/kernel-$version-1.test.src.rpm
}

snapshot >"$work/before"
build own-objects -s "$objects"
cp "$objects/vmlinux" "$objects/.config" "$work"
build own-plain -s "$source" -c "$work/.config" -v "$work/vmlinux"
in_source
build own-in-source -s "$work/in-source"
source_rpm
build own-rpm -r "$rpm" -v "$work/vmlinux"
# The package manager of such a distribution has it too.
mkdir "$work/programs"
printf '#!/bin/sh\n[ "$1 $2 $3" = "download --source --destdir" ] && [ "$5" = "%s" ] && cp "%s" "$4"\n' \
	"$(basename "$rpm" .src.rpm)" "$rpm" >"$work/programs/dnf"
chmod +x "$work/programs/dnf"
PATH=$work/programs:$PATH build own-dnf -a "$release" -v "$work/vmlinux"
! PATH=$work/programs:$PATH build other -a 9.9.9-1.test.x86_64 -v "$work/vmlinux" 2>"$work/log"
grep -q 'kernel-9.9.9-1.test: the repositories do not serve this version' "$work/log"
! build other -r "$rpm" 2>"$work/log"
grep -q "kernel-debuginfo-$release not installed" "$work/log"
snapshot >"$work/after"
diff "$work/before" "$work/after"

"$bin/kpatch" rehearse --kernel "$release" --vmlinuz "$objects/arch/x86/boot/bzImage" --modules "$kept/installed" \
	--check "$here/checks/own-kernel.sh" "$work/own-objects.ko"
"$bin/kpatch" rehearse --kernel "$release" --vmlinuz "$objects/arch/x86/boot/bzImage" --modules "$kept/installed" \
	--each --cpus 1 "$work"/own-{plain,in-source,rpm,dnf}.ko
