#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every test that the documentation names exists, and each promise of docs/security.md names one.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")"
docs=../docs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# As ctest prints them: Suite.Name of the unit tests, what CMake adds by name, and e2e.NAME.
{
	cat ./*/*_test.cpp | tr '\n' ' ' | grep -oE '\bTEST(_F|_P)?\( *[A-Za-z0-9]+, *[A-Za-z0-9]+\)' |
		sed -E 's/.*\( *([A-Za-z0-9]+), *([A-Za-z0-9]+)\)/\1.\2/'
	cat CMakeLists.txt ./*/CMakeLists.txt | sed -nE 's/.*add_test\(NAME ([^ )]+).*/\1/p'
	sed -nE 's/^ *e2e_(test|refusal|rehearsal)\(([^ )]+).*/e2e.\2/p' e2e/CMakeLists.txt
} | sort -u >"$work/tests"

# Names in `code`: Suite.Name, Suite.*, program.Name, e2e.name.
grep -noE '`([A-Z][A-Za-z0-9]+\.([A-Z][A-Za-z0-9]+|\*)|create-[a-z-]+\.[A-Z][A-Za-z0-9]+|e2e\.[a-z0-9-]+)`' "$docs"/*.md |
	tr -d '`' >"$work/named"
while IFS=: read -r page line name; do
	case $name in
	*'.*') grep -qF -- "${name%'*'}" "$work/tests" ;;
	*) grep -qxF -- "$name" "$work/tests" ;;
	esac || {
		echo "${page#../}:$line: there is no test $name"
		status=1
	}
done <"$work/named"

awk -v page="${docs#../}/security.md" '
	/^\| promised \|/ { inside = 1; getline; next }
	!/^\|/ { inside = 0 }
	inside { promises++; if ($0 !~ /\| `[^|]*`[^|]*\|$/) { print page ":" NR ": a promise without a test"; bad = 1 } }
	END { if (promises < 20) { print page ": only " promises + 0 " promises found"; bad = 1 }; exit bad }' "$docs/security.md" || status=1

[ "$(wc -l <"$work/named")" -gt 150 ] || { echo "docs: only $(wc -l <"$work/named") names of tests found"; status=1; }
exit $status
