#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The module must be the same, byte for byte, for another user with another cache, home, time zone, language,
# working directory, number of jobs, launcher and with variables that kbuild reads.
# usage: same_bytes.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
chmod 755 "$work"
mkdir -p "$work/one" "$work/a much longer name"
patch=$(file patches vmlinux-and-module.patch)

(cd "$work/one" && "${kpatch_build[@]}" -a "$release" -n e2e-same -j 1 --launcher none "$patch")

# How modules are linked is known by now, so that no make is run; the other one below has to ask kbuild.
(cd "$work/one" && "${kpatch_build[@]}" -a "$release" -n e2e-again --debug "$patch") 2>&1 | tee "$work/again"
if grep 'run: make' "$work/again"; then exit 1; fi

# The other one shares nothing but what was unpacked. Root's cache may lie where no other user may go, so it
# is mounted where the other user's is, seen by that user's build only.
shared=()
share() {
	mkdir -p "$2"
	shared+=("$(readlink -f "$1")" "$2")
}
other=$work/other/home/.kpatch
mkdir -p "$other/kernels"
cp -r "$bin" "$work/bin"
cp -r "$here/../../kmod" "$work/kmod"
cp "$patch" "$work/x.patch"
share "$cache/sources" "$other/sources"
kernel=$(cached kernel)
theirs=$other/kernels/${kernel##*/}
mkdir "$theirs"
for part in image debug; do
	[ ! -e "$kernel/$part" ] || share "$kernel/$part" "$theirs/$part"
done
# Compiler tests of other builds come and go in there.
objects=$(cached objects)
(cd "$kernel" && find "${objects##*/}" -name '.tmp_*' -prune -o -print0 | cpio --quiet -0pdm "$theirs")
if [ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null; then
	chown -R 65534:65534 "$work/other" "$work/a much longer name"
	# shellcheck disable=SC2016 # for the other shell
	run=(unshare --mount bash -c 'set -e; while [ "$1" != -- ]; do mount --bind "$1" "$2"; shift 2; done; shift; exec "$@"' bash
		"${shared[@]}" -- setpriv --reuid 65534 --regid 65534 --clear-groups)
else
	echo "as the same user: only root can be another one"
	run=()
	for ((i = 0; i < ${#shared[@]}; i += 2)); do
		rmdir "${shared[i + 1]}"
		ln -s "${shared[i]}" "${shared[i + 1]}"
	done
fi
(cd "$work/a much longer name" && "${run[@]}" env -u CACHEDIR HOME="$work/other/home" TZ=Asia/Tokyo LANG=C.UTF-8 KPATCH_KMOD="$work/kmod" \
	LLVM=1 KBUILD_EXTRA_SYMBOLS=/nonexistent KBUILD_MODPOST_WARN=1 CONFIG_DEBUG_INFO_BTF=n \
	"$work/bin/kpatch-build" --no-isolate -a "$release" -n e2e-same -j 7 --launcher ccache --offline "$work/x.patch")
ls -ln "$work/one/e2e-same.ko" "$work/a much longer name/e2e-same.ko"
cmp "$work/one/e2e-same.ko" "$work/a much longer name/e2e-same.ko"
size=$(stat -c %s "$work/one/e2e-same.ko")
echo "$size bytes"
[ "$size" -lt 60000 ]
if readelf -SW "$work/one/e2e-same.ko" | grep -q '\.debug_'; then exit 1; fi
