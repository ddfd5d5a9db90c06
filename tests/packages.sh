#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the Debian packages of this project and an RPM, shows what lintian and rpmlint object to, and runs the programs
# where the packages put them, each package with nothing but what it depends on.
# usage: packages.sh SOURCE-DIRECTORY RESULT-DIRECTORY
set -euo pipefail
source=$(realpath "$1")
mkdir -p "$2"
result=$(realpath "$2")
version=$(sed -nE '1s/.*\((.*)\).*/\1/p' "$source/debian/changelog")
tree=kpatch-ng-$version
fail() {
	echo "packages: $*" >&2
	exit 1
}
grep -q "^project(kpatch-ng VERSION $version " "$source/CMakeLists.txt" || fail "debian/changelog has another version than CMakeLists.txt"
grep -q "^Version: *$version\$" "$source/contrib/kpatch-ng.spec" || fail "kpatch-ng.spec has another version than CMakeLists.txt"

for tool in dpkg-buildpackage lintian; do
	command -v "$tool" >/dev/null || { echo "skipped: $tool is missing" >&2; exit 77; }
done

# What git has, and what is being changed: a checkout may be full of other things.
rm -rf "${result:?}/$tree" "$result"/*.{deb,rpm,dsc,changes,buildinfo} "$result"/*.tar.*
mkdir "$result/$tree"
(cd "$source" && git ls-files -z --cached --others --exclude-standard | tar -c --null --files-from=- --ignore-failed-read) |
	tar -x -C "$result/$tree"
tar -czf "$result/$tree.tar.gz" -C "$result" "$tree"

echo "== packages for Debian"
(cd "$result/$tree" && dpkg-buildpackage -us -uc) >"$result/deb.log" 2>&1 || { tail -n 40 "$result/deb.log" >&2; fail "see $result/deb.log"; }
lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$result"/*.changes
[ "$(find "$result" -maxdepth 1 -name '*.deb' ! -name '*dbgsym*' | wc -l)" -eq 3 ] || fail "there should be three packages"

# In a system of their own: kpatch with nothing but what it needs, then kpatch-build; removed they leave nothing.
deb() {
	echo "$result/$1_${version}"_*.deb
}
mmdebstrap --quiet --variant=apt --include="$(deb kpatch)" --hook-dir=/usr/share/mmdebstrap/hooks/file-mirror-automount \
	--dpkgopt='path-exclude=/usr/share/doc/*' --customize-hook="chroot \"\$1\" kpatch version" \
	--customize-hook="cp '$(deb kpatch-build)' \"\$1/tmp/new.deb\"" \
	--customize-hook="chroot \"\$1\" apt-get -qq -y --no-install-recommends install /tmp/new.deb >/dev/null" \
	--customize-hook="chroot \"\$1\" kpatch-build --version" \
	--customize-hook="chroot \"\$1\" apt-get -qq -y purge kpatch kpatch-build >/dev/null" \
	--customize-hook="! find \"\$1/usr\" \"\$1/etc\" \"\$1/var/lib\" -name '*kpatch*' | grep ." \
	"$(. /etc/os-release && echo "$VERSION_CODENAME")" /dev/null >"$result/tried.log" 2>&1 ||
	{ tail -n 40 "$result/tried.log" >&2; fail "the packages do not install, run and leave: see $result/tried.log"; }
for said in "$version" "Version : $version"; do
	grep -qxF "$said" "$result/tried.log" || fail "a program does not say its version, see $result/tried.log"
done
echo "installed, run and removed: kpatch, kpatch-build"

if command -v rpmbuild >/dev/null; then
	echo "== packages for the RPM family"
	# Debian's rpmbuild knows nothing of what is installed here; how fast these programs are does not matter.
	rpmbuild --nodeps -tb --define 'optflags -O0' --define "_topdir $result/rpmbuild" --define "_rpmdir $result" --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
		"$result/$tree.tar.gz" >"$result/rpm.log" 2>&1 || { tail -n 40 "$result/rpm.log" >&2; fail "see $result/rpm.log"; }
	for package in kpatch kpatch-build kpatch-ng-doc; do
		file=$(echo "$result/$package-$version"-*.rpm)
		rpm -qp --qf '%{NAME} %{VERSION} %{LICENSE}\n' "$file"
		mkdir -p "$result/rpmroot/$package"
		(cd "$result/rpmroot/$package" && rpm2cpio "$file" | cpio --quiet -idu)
	done
	rpm -qp --filetriggers "$result/kpatch-$version"-*.rpm | grep -A1 '^transfiletriggerpostun .* /lib/modules' | grep -q 'kpatch prune' ||
		fail "kpatch of the RPM does not look after kernels that are removed"
	[ "$("$result/rpmroot/kpatch/usr/bin/kpatch" version)" = "$version" ] || fail "kpatch of the RPM does not run"
	"$result/rpmroot/kpatch-build/usr/bin/kpatch-build" --version >/dev/null || fail "kpatch-build of the RPM does not run"
	if command -v rpmlint >/dev/null; then
		rpmlint --rpmlintrc "$source/contrib/kpatch-ng.rpmlintrc" "$result"/*.rpm
	fi
fi
