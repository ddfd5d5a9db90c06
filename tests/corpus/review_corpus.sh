#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Puts a corpus of real changes before the safety review, which must warn of those that hazards.txt names
# and of no other.
# usage: review_corpus.sh BIN-DIRECTORY SET
set -euo pipefail
bin=$1 set=$2
if [ ! -e "$set/expected.json" ]; then
	echo "skipped: no corpus of object pairs at $set"
	exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xf "$set/pairs.tar.xz" -C "$work" --no-same-owner
"$bin/review_corpus" "$set" "$work" "$(dirname "$(readlink -f "$0")")/hazards.txt"
