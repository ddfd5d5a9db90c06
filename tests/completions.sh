#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bash, and fish and zsh where they are, complete every option that --help shows, and what it may be given.
# usage: completions.sh DIRECTORY-OF-PROGRAMS DIRECTORY-OF-COMPLETIONS
set -euo pipefail
programs=$(realpath "$1")
made=$(realpath "$2")
status=0

options_of() {
	"$@" --help | sed -nE 's/^ +(-., )?(--[a-z].*)/\2/p' | sed 's/  .*//' | grep -oE -- '--[a-z][a-z-]*' | sort -u
}

# What bash offers once the words are typed, the last of them in part: a line for each.
offered() {
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); function=_${1//-/_}; "$function" 2>/dev/null || true
		printf "%s\n" "${COMPREPLY[@]}"' bash "$made/$1.bash" "$@"
}

# expect WHAT EXPECTED GOT
expect() {
	[ "$2" = "$3" ] || { printf '%s: expected\n%s\nbut got\n%s\n' "$1" "$2" "$3"; status=1; }
}

# check_all EXPECTED WORD...: all shells offer just these options after the words.
check_all() {
	local expected=$1 program=$2
	shift
	expect "bash: $*" "$expected" "$(offered "$@" -- | sort -u)"
	if command -v fish >/dev/null; then
		expect "fish: $*" "$expected" "$(fish --no-config -c "source $made/$program.fish; complete -C '$* --'" |
			cut -f 1 | sed 's/=$//' | sort -u)"
	fi
}

check_all "$(options_of "$programs/kpatch-build")" kpatch-build
commands=$("$programs/kpatch" --help | sed -nE 's/^  ([a-z-]+)( .*|$)/\1/p')
expect "bash: kpatch" "$(sort <<<"$commands")" "$(offered kpatch '' | sort)"
for command in $commands; do
	if "$programs/kpatch" "$command" --help 2>/dev/null | grep -q "^usage: kpatch $command "; then
		check_all "$(options_of "$programs/kpatch" "$command")" kpatch "$command"
	else
		# "--all, ...  (load, unload)": the commands stand behind the option.
		check_all "$("$programs/kpatch" --help | sed '1,/^Options/d' | awk -v "command=$command" '
			match($0, /--[a-z-]+/) && $1 ~ /^-/ { option = substr($0, RSTART, RLENGTH); text = "" }
			{ text = text " " $0 }
			/\)$/ { sub(/.*\(/, "", text); sub(/\)$/, "", text); gsub(/[ ,]+/, " ", text)
				if (index(" " text " ", " " command " ")) print option }' | sort -u)" kpatch "$command"
	fi
done

expect "a choice" $'revert\nkeep\nforce' "$(offered kpatch load --on-stall '')"
expect "a choice behind =" revert "$(offered kpatch load --on-stall = r)"
expect "a verb" gc "$(offered kpatch-build cache g)"
cd "$made"
expect "a file" kpatch.bash "$(offered kpatch load --check kpatch.b)"

for program in kpatch kpatch-build; do
	! command -v zsh >/dev/null || zsh -n "$made/$program.zsh" || status=1
	for option in $(options_of "$programs/$program"); do
		grep -qE -- "'\*$option(=|\[)" "$made/$program.zsh" || { echo "zsh: $program lacks $option"; status=1; }
	done
done
exit $status
