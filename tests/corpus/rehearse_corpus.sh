#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a patch module of every object pair of a corpus, loads and unloads each in one virtual
# machine and shows what went wrong. Exit status 77 if there is no such corpus.
# usage: rehearse_corpus.sh BIN-DIRECTORY SET [SAMPLE]
# With KPATCH_CORPUS_KEEP=DIRECTORY the modules and reports stay there.
set -euo pipefail
bin=$1 set=$2 sample=${3:-0}

# What the pairs were compiled from; link_corpus makes sure.
release=${KPATCH_CORPUS_RELEASE:-6.1.0-54-cloud-amd64}

if [ ! -e "$set/expected.json" ]; then
	echo "skipped: no corpus of object pairs at $set"
	exit 77
fi
work=${KPATCH_CORPUS_KEEP:-}
if [ -z "$work" ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$work/unpacked" "$work/modules"
for archive in "$set"/*.tar.xz; do
	tar -xf "$archive" -C "$work/unpacked" --no-same-owner
done

failed=0
start=$SECONDS
"$bin/link_corpus" "$release" "$set" "$work/unpacked" "$work/modules" "$sample" || failed=1
echo "linking took $((SECONDS - start)) s"

modules=("$work"/modules/*.ko)
# A second processor would be emulated by turns and only wait for the first: with two, all
# modules of real-6.1 take four times as long.
"$bin/kpatch" rehearse --kernel "$release" --each --cpus 1 \
	--timeout $((120 + 30 * ${#modules[@]})) --json "$work/report.json" "${modules[@]}" \
	>"$work/report" || failed=1

# All that failed with the start of what it said, then the end with the verdict.
grep -A 3 -E ' (fails|did not end) ' "$work/report" || true
sed -n -E '/^  (kernel log: clean|the kernel complained:)$/,$p' "$work/report"
count() { grep -c -E "^    $1.* succeeds " "$work/report" || true; }
echo "${#modules[@]} modules: $(count 'load corpus') loaded, $(count 'unload corpus') unloaded;" \
	"$(count 'load module ') kernel modules for them loaded"
exit "$failed"
