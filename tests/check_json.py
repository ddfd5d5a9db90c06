#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds JSON files against docs/schemas, the schema that each names, and finds members that the schema lacks.

usage: check_json.py FILE...
"""
import json
import pathlib
import sys

import jsonschema

SCHEMAS = pathlib.Path(__file__).resolve().parent.parent / "docs" / "schemas"


def closed(schema):
    """The schema, with members that it does not list forbidden everywhere: readers must expect them, we must not."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if "properties" in schema and isinstance(schema.get("type"), str):
        result["additionalProperties"] = False
    return result


def faults(path):
    document = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    name = document.get("schema")
    file = SCHEMAS / f"{name}.schema.json"
    if not file.exists():
        return [f"its schema {name!r} is not in docs/schemas"]
    schema = json.loads(file.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(closed(schema))
    return [f"{name}: {'/'.join(map(str, fault.absolute_path)) or '.'}: {fault.message}" for fault in validator.iter_errors(document)]


def main():
    status = 0
    for path in sys.argv[1:]:
        for fault in faults(path):
            print(f"{path}: {fault}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
