#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A small kernel of one's own, in the forms in which kpatch-build may be given it: a finished O= build, a plain
# source with configuration and vmlinux, and a source RPM; with "all" also a build in the source, packages that
# dnf fetches, and a full build; with "clang" made by LLVM's programs. It is built once per cache from the source
# of the Debian kernel, cut down. The trees must stay as they are.
# usage: own_kernel.sh BIN-DIRECTORY [all|clang]
. "$(dirname "$(readlink -f "$0")")/common.sh"
. "$here/small_kernel.sh"
forms=${2:-}
compiler=CC=gcc-12
[ "$forms" != clang ] || compiler=LLVM=1
patch=$here/patches/own-kernel.patch

own_kernel "$compiler"

snapshot() {
	find "$source" "$objects" -not -type d -printf '%p %s %T@\n' | LC_ALL=C sort | sha256sum
}

# build NAME OPTION...
build() {
	local name=$1
	shift
	echo "== $name: $*"
	CACHEDIR=$work/cache "${kpatch_build[@]}" -n "$name" -o "$work" "$@" "$patch"
}

# A build in the source, as far as it matters: the objects of the patch and what they need.
in_source() {
	cp -a --reflink=auto "$source" "$work/in-source"
	cp "$objects/.config" "$work/in-source"
	make -s -C "$work/in-source" "$compiler" -j"$(nproc)" modules_prepare
	make -s -C "$work/in-source" "$compiler" fs/proc/version.o fs/binfmt_misc.o
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

# The binary packages that such a kernel would come in, split as those of RHEL are.
binary_rpms() {
	local version=${release%%-*} top=$work/rpm files=$work/binary
	local modules=lib/modules/$release debug=usr/lib/debug/lib/modules/$release devel=usr/src/kernels/$release
	mkdir -p "$files/lib/modules" "$files/$debug" "$files/$devel"
	cp -r "$kept/installed/$modules" "$files/$modules"
	rm -f "$files/$modules"/{build,source}
	cp "$objects/.config" "$files/$modules/config"
	cp "$objects/vmlinux" "$files/$debug"
	cp "$objects/Module.symvers" "$files/$devel"
	cat >"$top/SPECS/binary.spec" <<-END
		Name: kernel
		Version: $version
		Release: 1.test
		Summary: test
		License: GPLv2
		AutoReqProv: no
		%description
		test
		$(for part in core modules devel debuginfo; do printf '%%package %s\nSummary: test\nAutoReqProv: no\n%%description %s\ntest\n' $part $part; done)
		%install
		cp -r $files/. %{buildroot}
		%files core
		/$modules/config
		%files modules
		/$modules/kernel
		/$modules/modules.*
		%files devel
		/usr/src/kernels
		%files debuginfo
		/usr/lib/debug
	END
	rpmbuild --quiet --define "_topdir $top" --define 'debug_package %{nil}' --define '__os_install_post %{nil}' \
		--define '_build_id_links none' --define '_binary_payload w1.gzdio' -bb "$top/SPECS/binary.spec"
}

# The package manager of such a distribution has these packages and no others; those with debug information only
# if their repositories are asked for.
pretend_dnf() {
	mkdir "$work/programs"
	cat >"$work/programs/dnf" <<-END
		#!/bin/bash
		echo "\$*" >>"$work/calls"
		[ "\$1" = download ] || exit 1
		kind= debug=
		while shift && [ \$# -gt 1 ]; do
			case \$1 in
			--source) kind=.src ;;
			--destdir) place=\$2; shift ;;
			--enablerepo=\*debug\*) debug=yes ;;
			*) exit 1 ;;
			esac
		done
		[[ \$1 != *debuginfo* || \$debug ]] || exit 1
		file=\$(find "$work/rpm/RPMS" "$work/rpm/SRPMS" -name "\$1\$kind.rpm")
		[ "\$file" ] && cp "\$file" "\$place"
	END
	chmod +x "$work/programs/dnf"
}

with_dnf() {
	binary_rpms
	pretend_dnf
	local PATH=$work/programs:$PATH
	build own-dnf -a "$release"
	cp "$work/calls" "$work/calls.before"
	build own-offline -a "$release" --offline
	cmp "$work/calls" "$work/calls.before"
	! build other -a 9.9.9-1.test.x86_64 2>"$work/log"
	grep -q 'kernel-9.9.9-1.test.src.rpm: the repositories do not serve this version' "$work/log"
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
