#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A folder of src/ may be compiled as one file. What two of its files call by one name is then one set of overloads, and a
# call could reach the function of another file without a word from the compiler. So what several files define by one name is
# declared in as many headers.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../src"
status=0

# functions FILE...: lines "NAME FILE" of what is defined or declared at the start of a line.
functions() {
	awk '/^(namespace|using|return|template|class|struct|enum|case)/ { next }
		match($0, /^[A-Za-z][A-Za-z0-9_:<>&*, ]*[ &*][A-Za-z0-9_]+\(/) {
			name = substr($0, 1, RLENGTH - 1)
			sub(/.*[ &*]/, "", name)
			print name, FILENAME
		}' "$@" | sort -u
}

for folder in */; do
	! grep -q "kpatch_layer(${folder%/} APART " CMakeLists.txt && [ "$folder" != main/ ] || continue # compiled file by file
	for name in $(functions "$folder"*.cpp | cut -d ' ' -f 1 | uniq -d); do
		mapfile -t files < <(functions "$folder"*.cpp | sed -n "s/^$name //p")
		[ ${#files[@]} -gt "$(functions "$folder"*.h | grep -c "^$name ")" ] || continue
		echo "${files[*]/#/src/}: each defines $name(); rename one, or put it into a header if it is the same"
		status=1
	done
done
exit $status
