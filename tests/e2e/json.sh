#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the programs write for other programs, of builds that go well and of others, on this machine and on one with a patch loaded,
# is as docs/schemas say.
# usage: json.sh BIN-DIRECTORY
. "$(dirname "$(readlink -f "$0")")/common.sh"
python=/usr/bin/python3 # where Debian's python3-jsonschema is found
"$python" -c 'import jsonschema' 2>/dev/null || { echo "skipped: python3-jsonschema is missing"; exit 77; }
made=$work/json
mkdir "$made"
build=("${kpatch_build[@]}" -o "$work")

"${build[@]}" -a "$release" --explain --cve CVE-2026-1111 --patch-version 1 --json "$made/built" --provenance "$made/provenance" \
	"$here/patches/meminfo-string.patch"
! "${build[@]}" -a "$release" --json "$made/unchanged" "$here/patches/comment-only.patch" 2>/dev/null || exit 1
! "${build[@]}" -a "$release" --json "$made/refused" --max-callers 0 "$here/patches/library.patch" 2>/dev/null || exit 1
"${build[@]}" -a "$release" --cve CVE-2026-1111 --json - "$here/patches/meminfo-string.patch" >"$made/to-output"
"${build[@]}" -a "$release" -a 9.9.9-1-cloud-amd64 --offline --json "$made/several" "$here/patches/meminfo-string.patch" 2>/dev/null || true

module=$work/livepatch-meminfo-string.ko
"$bin/kpatch" info --json "$module" >"$made/info"
"$bin/kpatch" verify --json "$module" >"$made/verify"
"$bin/kpatch" diff --json "$module" "$module" >"$made/diff"
for command in list status "fixes CVE-2026-1111"; do
	# shellcheck disable=SC2086 # they are words
	"$bin/kpatch" $command --json >"$made/here-${command%% *}" || true
done
"$bin/kpatch" load --json "$work/none.ko" >"$made/failed-load" 2>/dev/null || true

# On the machine with the patch the check prints the same. A newer kernel is installed there, which has the fix by its changelog.
cat >"$work/check.sh" <<'END'
mkdir -p /lib/modules/9.9.9/kernel /usr/share/doc/linux-image-9.9.9
echo '  * proc: say it in capitals (CVE-2026-1111)' >/usr/share/doc/linux-image-9.9.9/changelog
for command in list status "fixes CVE-2026-1111" "load --json /none.ko"; do
	kpatch $command --json 2>/dev/null | sed "s/^/@${command%% *}@/"
done
grep VMALLOCCHUNK /proc/meminfo
END
"$bin/kpatch" rehearse --check "$work/check.sh" --json "$made/rehearsal" "$module"
"$python" - "$made" <<'END'
import collections, json, pathlib, sys
made = pathlib.Path(sys.argv[1])
texts = collections.defaultdict(list)
for step in json.loads((made / "rehearsal").read_text())["steps"]:
    for line in step["said"] if step["action"] == "check-patched" else []:
        if line.startswith("@"):
            _, command, text = line.split("@", 2)
            texts[command].append(text)
assert set(texts) == {"list", "status", "fixes", "load"}, texts.keys()
for command, lines in texts.items():
    (made / ("patched-" + command)).write_text("\n".join(lines))
END
grep -q '"state": "enabled"' "$made/patched-status"
grep -q '"kernel": "9.9.9"' "$made/patched-status" && grep -q '"obsolete": true' "$made/patched-status" ||
	{ echo "the patch is not said to be obsolete after a reboot"; exit 1; }
"$python" "$here/../check_json.py" "$made"/*
[ "$(cat "$made"/* | grep -c '^  "schema": ')" -ge 16 ] || { echo "some JSON has no schema"; exit 1; }
# A member that no schema has is found, and one of another kind.
sed 's/"release"/"releases"/' "$made/here-list" >"$work/wrong"
! "$python" "$here/../check_json.py" "$work/wrong" || { echo "a wrong member is not found"; exit 1; }
