# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced. cache_of_packages FROM TO: a cache at TO with nothing but packages that were downloaded.
cache_of_packages() {
	mkdir -p "$2/downloads"
	ln -s "$(readlink -f "$1/downloads")"/*.deb "$2/downloads"
}

# own_cache FROM RELEASE TO: a cache at TO that has the kernel, but nothing that builds have added.
own_cache() {
	local kernel part
	mkdir -p "$3/kernels"
	ln -s "$(readlink -f "$1/sources")" "$(readlink -f "$1/downloads")" "$3"
	for kernel in "$1"/kernels/"$2"_*; do
		mkdir "$3/kernels/${kernel##*/}"
		for part in "$kernel"/*; do
			case ${part##*/} in
			originals | commands | compilers | hooks) ;;
			*) ln -s "$(readlink -f "$part")" "$3/kernels/${kernel##*/}" ;;
			esac
		done
	done
}
