# SPDX-License-Identifier: GPL-2.0-or-later
# Small kernels of one's own, built once per cache from a source that is cut down. Sourced after common.sh.
# shellcheck shell=bash disable=SC2034,SC2154 # what common.sh sets, and what the readers of this use

# cut_down FROM TO ARCH DRIVER...: what a small configuration compiles, and all that kbuild reads on the way.
cut_down() {
	local from=$1 to=$2 arch=$3
	shift 3
	mkdir -p "$to"
	(cd "$from" && find . -maxdepth 1 -type f -print &&
		find "arch/$arch" arch/x86/entry/syscalls arch/Kconfig certs crypto fs include init io_uring ipc kernel lib mm scripts security usr virt \
			"${@/#/drivers/}" tools/Makefile "tools/arch/$arch" tools/build tools/include tools/lib tools/objtool \
			tools/scripts ! -type d -print &&
		find arch block Documentation drivers net rust samples sound ! -type d \( -name 'Kconfig*' -o -name 'Makefile*' -o -name 'Kbuild*' \) -print) |
		LC_ALL=C sort -u >"$work/files"
	tar -C "$from" -cf - -T "$work/files" | tar -C "$to" -xf -
}

# own_kernel MAKE-VARIABLE [OPTION...]: that of own-kernel.config, and these options. Its key is in $objects/certs.
own_kernel() {
	cat "$here/own-kernel.config" >"$work/own-kernel.config"
	[ $# -eq 1 ] || printf '%s\n' "${@:2}" >>"$work/own-kernel.config"
	small_kernel "$(readlink -f "$(kernel_source)")" "$work/own-kernel.config" x86 'base char clocksource pci rtc tty' "$1"
}

# small_kernel SOURCE CONFIGURATION ARCH DRIVERS MAKE-VARIABLE...: builds it unless it is there. Sets $kept, and what it has: $source,
# $objects, $release; its modules are in $kept/installed. The trees must stay as they are.
small_kernel() {
	local whole=$1 configuration=$2 arch=$3 drivers=$4 jobs=${KPATCH_TEST_JOBS:-$(nproc)}
	shift 4
	# What is built is kept under a name made of all that goes into it.
	kept=$cache/test-kernels/$({ declare -f cut_down; printf '%s\n' "$arch" "$drivers" "$@"; cat "$configuration" "$whole/Makefile"; } | sha256sum | cut -c1-16)
	if [ ! -e "$kept" ]; then
		mkdir -p "$cache/test-kernels"
		exec 9>"$kept.lock"
		flock 9
	fi
	if [ ! -e "$kept" ]; then
		rm -rf "$kept.new"
		mkdir -p "$kept.new"
		# shellcheck disable=SC2086 # these are words
		cut_down "$whole" "$kept.source" "$arch" $drivers
		make -s -C "$kept.source" O="$kept.new/objects" "$@" KCONFIG_ALLCONFIG="$configuration" allnoconfig
		make -s -C "$kept.new/objects" "$@" -j"$jobs"
		make -s -C "$kept.new/objects" "$@" INSTALL_MOD_PATH="$kept.new/installed" modules_install
		mv "$kept.new" "$kept"
	fi
	source=$(readlink -f "$kept.source")
	objects=$kept/objects
	release=$(cat "$objects/include/config/kernel.release")
}
