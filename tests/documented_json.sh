#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# docs/json.md and docs/kpatch.md describe each member that a schema has, docs/json.md names each schema, and each schema that the
# programs write is there.
# usage: documented_json.sh
set -euo pipefail
top=$(dirname "$(dirname "$(realpath "$0")")")
status=0
for file in "$top"/docs/schemas/*.schema.json; do
	name=${file##*/}
	name=${name%.schema.json}
	grep -qF "\`$name\`" "$top/docs/json.md" || { echo "docs/json.md does not name $name"; status=1; }
	for member in $(python3 -c 'import json, sys
def members(schema):
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values(): yield from members(part)
    elif isinstance(schema, list):
        for part in schema: yield from members(part)
print(*sorted(set(members(json.load(open(sys.argv[1]))))))' "$file"); do
		grep -qF "\`$member\`" "$top/docs/json.md" || { echo "docs/json.md does not describe $member of $name"; status=1; }
	done
done
for name in $(grep -rhoE '(json_head\(|kSchema = )"kpatch-[a-z-]+"' "$top/src/report" | grep -oE 'kpatch-[a-z-]+'); do
	[ -e "$top/docs/schemas/$name.schema.json" ] || { echo "docs/schemas lacks $name"; status=1; }
done
exit $status
