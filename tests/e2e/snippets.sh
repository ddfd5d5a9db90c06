#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs snippets of README and docs as they stand there, in one folder and in the order of the pages: those that build, rehearse, sign
# and compare. The test's kernel takes the place of the one that a page names, or of the running one. What a page does to a machine that
# has the patch is done in the virtual machine of a rehearsal. The last lines say which commands were not run: they need other machines,
# other kernels' packages, or hours. tests/snippets.py looks at those without running them.
# usage: snippets.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
top=$(realpath "$here/../..")
"$top/tests/snippets.py" list README.md docs/{kpatch-build,kpatch,operations,signing}.md >"$work/commands"
place=$work/place
mkdir -p "$place" "$work/path"
cp "$here/patches/meminfo-string.patch" "$place"
cp "$here/patches/meminfo-string.patch" "$place/fix.patch"

# kpatch-build for the test's kernel.
cat >"$work/path/kpatch-build" <<END
#!/bin/bash
case " \$* " in *" -a "*) kernel=() ;; *) kernel=(-a $release) ;; esac
exec $(realpath "${kpatch_build[0]}") ${kpatch_build[*]:1} "\${kernel[@]}" "\$@"
END
chmod +x "$work/path/kpatch-build"
ln -s "$(realpath "$bin")/kpatch" "$work/path/kpatch"

# for_here: of what is read, with the test's kernel and a folder that goes at the end.
for_here() {
	sed -E "s/6\.1\.0-[0-9]+-cloud-amd64/$release/g; s|-o /tmp\b|-o $work/again|g"
}

# command_of PAGE START: the first command of the page that starts so, made for here.
command_of() {
	local found
	found=$(sed -n "s|^$1:[0-9]*\t||p" "$work/commands" | awk -v start="$2" 'index($0, start) == 1 { print; exit }')
	[ -n "$found" ] || { echo "$1 has no command $2 any more" >&2; return 1; }
	echo "$found" >>"$work/done"
	for_here <<<"$found"
}

# snippet PAGE START: runs it; what it says to standard output is kept in $work/said.
snippet() {
	local line
	line=$(command_of "$1" "$2") || exit 1
	echo "== $1: $line"
	(cd "$place" && PATH=$work/path:$PATH bash -c "$line") >"$work/said" 2>"$work/errors" || { cat "$work/said" "$work/errors"; exit 1; }
}

# shown PAGE START: what the page shows behind the command, up to the next one.
shown() {
	awk -v start="\$ $2" '/^(```|\$ )/ { inside = 0 } inside { print } index($0, start) == 1 { inside = 1 }' "$top/$1" | sed '${/^$/d}'
}

# README.md: the patch and the check are those that it shows, and so is what the programs say.
shown README.md 'cat meminfo-string.patch' | diff - <(sed -n '/^---/,$p' "$place/meminfo-string.patch")
shown README.md 'cat check.sh' >"$place/check.sh"
grep -q VMALLOC "$place/check.sh"
snippet README.md 'kpatch-build -a 6.1.0'
# How the kernel got into the cache is not shown.
build_of() {
	sed -n '/^Testing patch/,$p' "$work/said"
}
shown README.md 'kpatch-build -a 6.1.0' | diff - <(build_of)
without_seconds() {
	for_here | sed -E 's/ +[0-9.]+ s\b/ N s/g'
}
snippet README.md 'kpatch rehearse --check'
diff <(shown README.md 'kpatch rehearse --check' | without_seconds) <(without_seconds <"$work/said")

# In the machine, where the module is in another folder and loaded when the check comes.
module=/rehearsal/patches/livepatch_meminfo_string.ko
{
	echo "[ \"\$KPATCH_PHASE\" = patched ] && kpatch unload livepatch_meminfo_string || exit 1"
	for start in 'kpatch load' 'kpatch list' 'kpatch unload'; do
		command_of README.md "$start" | sed "s| livepatch-[a-z-]*\.ko\$| $module|; s/\$/ || exit 1/"
	done
	echo "kpatch load $module || exit 1"
	command_of docs/kpatch.md 'grep -q VMALLOCCHUNK'
} >"$work/guest.sh"
"$bin/kpatch" rehearse --check "$work/guest.sh" "$place/livepatch-meminfo-string.ko" >"$work/said" || { cat "$work/said"; exit 1; }
grep -q 'livepatch_meminfo_string \[enabled\]' "$work/said"

page=docs/kpatch-build.md
snippet $page 'kpatch-build --cve'
snippet $page 'kpatch-build --provenance'
mkdir "$work/again"
snippet $page 'kpatch-build --reproduce'
grep -q '^REPRODUCED' "$work/said"
snippet $page 'kpatch-build -a 6.1.0-57-cloud-amd64 --package deb'
[ -e "$place/kpatch-patch-${release}_1.0_amd64.deb" ]
mkdir -p "$place/debian/patches"
cp "$place/fix.patch" "$place/debian/patches"
echo fix.patch >"$place/debian/patches/series"
snippet $page 'kpatch-build --series'

cp "$place/livepatch-fix.ko" "$place/livepatch-fix-1.ko"
cp "$place/livepatch-fix.ko" "$place/livepatch-fix-2.ko"
snippet docs/kpatch.md 'kpatch verify'
snippet docs/kpatch.md 'kpatch diff'
snippet docs/kpatch.md 'kpatch rehearse --check'

page=docs/operations.md
snippet $page 'kpatch-build -a 6.1.0-57-cloud-amd64 --package deb'
sed -n '/^    Testing patch/,/^    Package: /{s/^    //p;/^Package: /q}' "$top/$page" | sed 's|/root/||' | for_here | diff - <(build_of | sed "s|$place/||")
snippet $page 'kpatch rehearse --check'

page=docs/signing.md
for start in 'openssl req' 'kpatch-build --sign-key' 'kpatch sign' 'openssl x509' 'kpatch verify --cert'; do
	snippet $page "$start"
done

echo "== $(sort -u "$work/done" | wc -l) commands were run; of the same pages these were not:"
cut -f 2 "$work/commands" | grep -vxFf "$work/done" || true
