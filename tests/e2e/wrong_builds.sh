#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is compiled otherwise than the kernel that runs must be told from it, by name and with the likely cause:
# another compiler, other options, a source of another version. --force goes on, and says why it should not.
# usage: wrong_builds.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
source=$(readlink -f "$(cached source)")
right=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\([^ ]*\) .*"$/\1/p' "$(cached objects)/.config")
export CACHEDIR=$work/cache
own_cache "$CACHEDIR"

# compiler NAME COMMAND...: from now on it takes the place of the kernel's compiler.
compiler() {
	rm -rf "${work:?}/bin"
	mkdir "$work/bin"
	printf '#!/bin/bash\nexec %s\n' "$2" >"$work/bin/$right"
	chmod +x "$work/bin/$right"
	ln -s "$right" "$work/bin/gcc"
	PATH=$work/bin:$path
}

# refused PATCH MESSAGE OPTION...: no module must come of it.
refused() {
	local got=0 patch
	patch=$(file patches "$1.patch")
	shift
	"${kpatch_build[@]}" -a "$release" -n e2e-wrong -o "$work" "${@:2}" "$patch" >"$work/log" 2>&1 || got=$?
	cat "$work/log"
	[ "$got" -eq 1 ] || { echo "exit status $got"; exit 1; }
	grep -Eq -- "$1" "$work/log" || { echo "nothing printed matches: $1"; exit 1; }
}
different="the running kernel has different code for this function: at \+0x[0-9a-f]+ it has '.*', this source compiles to '.*'; likely cause"

echo "== other options"
path=$PATH
plain=$(command -v "$right")
compiler "$right" "$plain \"\${@/#-O2/-Os}\""
refused same-name "kernel/kallsyms.c: s_show: $different: compiler options or the configuration"

echo "== another compiler"
other=gcc-11
[ "$right" != $other ] || other=gcc-12
# It does not know all options that the kernel was built with.
compiler "$right" "$other \"\${@/#-ftrivial-auto-var-init=zero/-g0}\""
refused meminfo-string "compiler mismatch: the kernel was built with '$right .*: another version" --compiler installed
refused meminfo-string "fs/proc/meminfo.c: meminfo_proc_show: $different: the compiler: the kernel was built with '$right .*, this is '$other .*\[KP1020\]" --compiler installed --skip-compiler-check
PATH=$path

echo "== another version of the source"
mkdir "$work/source"
ln -s "$source"/* "$work/source"
for directory in fs kernel; do # of what is patched
	rm "$work/source/$directory"
	mkdir "$work/source/$directory"
	ln -s "$source/$directory"/* "$work/source/$directory"
done
# Patches are not applied to links.
cp --remove-destination "$source/fs/namespace.c" "$work/source/fs"
rm "$work/source/kernel/kallsyms.c"
sed '/^static int s_show/,/^}/s/!iter->name\[0\]/!iter->name[1]/' "$source/kernel/kallsyms.c" >"$work/source/kernel/kallsyms.c"
refused same-name "kernel/kallsyms.c: s_show: $different: the version of the source: .*, and the kernel was built from" -s "$work/source"

# forced PATCH MESSAGE OPTION...: a module comes of it, and why it should not is said.
forced() {
	"${kpatch_build[@]}" -a "$release" --force -n "e2e-$1" -o "$work" "${@:3}" "$(file patches "$1.patch")" 2>&1 | tee "$work/log"
	[ -e "$work/e2e-$1.ko" ]
	grep -Eq -- "$2" "$work/log" || { echo "nothing printed matches: $2"; exit 1; }
}

echo "== by force"
forced same-name "kernel/kallsyms.o: WARNING: KP1020: s_show: $different" -s "$work/source"
forced changed-export "WARNING: .*expectfn_find_by_name.*KP1030"
