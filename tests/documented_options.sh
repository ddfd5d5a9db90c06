#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every option that --help shows has its entry in the pages of the program, and the manual has no option that the
# program lacks.
# usage: documented_options.sh DIRECTORY-OF-PROGRAMS
set -euo pipefail

programs=$(realpath "$1")
docs=$(dirname "$(realpath "$0")")/../docs
status=0

options_of() {
	# What every program has needs no words.
	"$@" --help | sed -nE 's/^ +(-., |-. [A-Z]+, )?(--[a-z].*)/\2/p' | sed 's/  .*//' | grep -oE -- '--[a-z][a-z-]*' | sort -u |
		grep -vxE -- '--(help|usage|version)'
}

manual() {
	sed 's/\\-/-/g; s/\\f[A-Z]//g' "$docs/man/$1.1"
}

# check "COMMAND..." PAGE...: the pages have all options of the command.
check() {
	local option page
	for option in $(options_of $1); do
		for page in "${@:2}"; do
			grep -qE -- "$option([^a-z-]|\$)" <(case $page in *.md) cat "$docs/$page" ;; *) manual "$page" ;; esac) || {
				echo "docs: $page does not describe the option $option of ${1##*/}"
				status=1
			}
		done
	done
}

# known PAGE COMMAND...: the commands together have all options that the manual page lists as its own.
known() {
	local page=$1 option all
	all=$(for command in "${@:2}"; do options_of $command; done)
	for option in $(manual "$page" | grep -E -A1 '^\.TP' | grep -oE -- '--[a-z][a-z-]*' | sort -u); do
		grep -qxF -- "$option" <<<"$all"$'\n--skip-gcc-check\n--help\n--version' || {
			echo "docs: $page(1) describes the option $option, which the program does not have"
			status=1
		}
	done
}

# narrow COMMAND...: its help is no wider than a terminal.
narrow() {
	"$@" --help | awk -v command="${*##*/}" 'length > 80 { print command " --help is wider than 80 columns: " $0; bad = 1 } END { exit bad }' ||
		status=1
}

check "$programs/kpatch-build" kpatch-build.md kpatch-build
check "$programs/kpatch" kpatch.md kpatch
narrow "$programs/kpatch-build"
narrow "$programs/kpatch"
# Commands of kpatch that have options of their own, and the page that describes those.
declare -A page_of=([sign]=signing.md)
own=()
for command in $("$programs/kpatch" --help | sed -nE 's/^  ([a-z-]+)( .*|$)/\1/p'); do
	"$programs/kpatch" "$command" --help 2>/dev/null | grep -q "^usage: kpatch $command " || continue
	check "$programs/kpatch $command" "${page_of[$command]:-kpatch.md}" kpatch
	own+=("$programs/kpatch $command")
	narrow "$programs/kpatch" "$command"
done
[ ${#own[@]} -gt 0 ] || {
	echo "docs: kpatch has no command with options of its own any more"
	status=1
}
check "$programs/create-diff-object" create-diff-object
check "$programs/create-klp-module" create-klp-module
known kpatch-build "$programs/kpatch-build"
known kpatch "$programs/kpatch" "${own[@]}"
known create-diff-object "$programs/create-diff-object"
known create-klp-module "$programs/create-klp-module"
exit $status
