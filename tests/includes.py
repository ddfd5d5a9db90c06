#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds source files that use what a precompiled header (cmake/precompiled.cmake) has, without an #include of it.

Such a file compiles in the usual builds alone. An #include counts in the file itself and in the project's headers that
it includes, however far away; what headers of the standard library include of each other does not count.
usage: tests/includes.py [DIRECTORY]
"""
import functools
import pathlib
import re
import sys

TOP = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)

# Header, what cannot be used without it, and other headers that have it as well.
USES = [
    ("algorithm", r"std::(ranges::)?(all_of|any_of|none_of|find|find_if|count|count_if|sort|stable_sort|copy|copy_if|move\(\w+\.begin"
                  r"|unique|max_element|min_element|equal_range|lower_bound|upper_bound|binary_search|includes|reverse|replace"
                  r"|min|max|clamp|transform|equal|mismatch|search|set_difference|set_intersection|is_sorted)\(", []),
    ("array", r"std::array\b", []),
    ("cstdint", r"std::u?int(8|16|32|64|ptr)_t\b", []),
    ("filesystem", r"std::filesystem\b", []),
    ("fmt/format.h", r"\bfmt::(format|format_to|print|runtime|memory_buffer)\b", ["fmt/ranges.h"]),
    ("fmt/ranges.h", r"\bfmt::join\b", ["fmt/format.h"]),
    ("functional", r"std::(function|ref|cref|bind|hash|invoke)\b", []),
    ("gmock/gmock.h", r"\b(EXPECT|ASSERT)_THAT\(", []),
    ("gtest/gtest.h", r"\bTEST(_F|_P)?\(", ["gmock/gmock.h"]),
    ("map", r"std::(multi)?map\b", []),
    ("memory", r"std::(unique_ptr|shared_ptr|weak_ptr|make_unique|make_shared|addressof)\b", []),
    ("nlohmann/json.hpp", r"\bnlohmann::", ["nlohmann/json_fwd.hpp"]),
    ("optional", r"std::(optional|nullopt)\b", []),
    ("set", r"std::(multi)?set\b", []),
    ("span", r"std::span\b", []),
    ("string", r"std::(string|to_string)\b", []),
    ("string_view", r"std::string_view\b", ["string"]),
    ("unordered_map", r"std::unordered_map\b", []),
    ("vector", r"std::vector\b", []),
]
# Where the lists of precompiled headers stand.
LISTS = ["cmake/precompiled.cmake", "CMakeLists.txt", "tests/CMakeLists.txt"]
PRECOMPILED = [line for file in LISTS
               for line in re.findall(r"everyday_headers\b[^)]*", (TOP / file).read_text())]
USES = [(header, re.compile(pattern), {header, *others}) for header, pattern, others in USES]
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)
COMMENTS = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)


def project_file(name, reader):
    for folder in (reader.parent, TOP / "src", TOP / "tests", TOP):
        if (folder / name).is_file():
            return (folder / name).resolve()
    return None


@functools.cache
def included(path):
    """The headers of others that a file has, and the project's headers that it includes itself."""
    others, own = set(), set()
    for quoted, angled in INCLUDE.findall(path.read_text()):
        file = project_file(quoted, path) if quoted else None
        if file:
            own.add(file)
        else:
            others.add(quoted or angled)
    return others, own


def all_included(path):
    found, seen, todo = set(), {path}, [path]
    while todo:
        others, own = included(todo.pop())
        found |= others
        todo += own - seen
        seen |= own
    return found


def main():
    unknown = set(re.findall(r"<([^>]+)>", " ".join(PRECOMPILED))) - {header for header, _, _ in USES}
    for header in sorted(unknown):
        print(f"tests/includes.py: say what of the precompiled <{header}> cannot be used without it", file=sys.stderr)
    wrong = len(unknown)
    for path in sorted(p for folder in ("src", "tests", "bench") for p in (TOP / folder).rglob("*") if p.suffix in (".cpp", ".h")):
        text = COMMENTS.sub(" ", re.sub(r"^\s*#\s*include.*$", "", path.read_text(), flags=re.M))
        headers = all_included(path)
        for header, pattern, enough in USES:
            use = pattern.search(text)
            if use and not headers & enough:
                wrong += 1
                print(f"{path.relative_to(TOP)}: uses {use.group(0)} without #include <{header}>", file=sys.stderr)
    return 1 if wrong else 0


sys.exit(main())
