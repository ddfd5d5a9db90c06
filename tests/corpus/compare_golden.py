#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what create-diff-object makes of recorded pairs with recorded outputs of the classic
tool: sections, symbols, relocations and livepatch records. Exit status 77 without the recordings.
usage: compare_golden.py CREATE-DIFF-OBJECT UNIT-DIRECTORY
"""
import collections
import itertools
import json
import lzma
import os
import pathlib
import struct
import subprocess
import sys
import tarfile
import tempfile

# Pairs whose outputs differ on purpose, and in what; docs/differences.md tells why.
EXPECTED_DIFFERENCES = {
    # A record for audit_log_start.part.0; the code of alternatives is cut up by its users; the
    # address of auditd_conn_free is loaded from the table of addresses.
    "s390x/gcc-static-local-var-5": {"sections", ".rela.altinstructions", "livepatch relocations"},
    # The code of alternatives is cut up by its users.
    "s390x/gcc-static-local-var-4": {"sections", ".rela.altinstructions"},
    "s390x/special-static": {"sections", ".rela.altinstructions"},
    "x86_64/jump-label-issue-946": {"sections", ".rela.altinstructions"},
    "x86_64/convert-global-local": {"sections", ".rela.altinstructions"},
    "x86_64/altinstr_aux": {"sections", ".rela.altinstructions", ".rela.altinstr_replacement",
                            ".rela.altinstr_aux", ".rela.text.dummy_function",
                            "livepatch relocations"},
}

# Here the classic tool takes the whole table of addresses along, with all that it names.
SLOTS_OF_WHOLE_UNITS = {"ppc64le"}

BINDINGS = ("LOCAL", "GLOBAL", "WEAK")
TYPES = ("NOTYPE", "OBJECT", "FUNC", "SECTION", "FILE")
SHT_SYMTAB, SHT_RELA, SHT_NOBITS = 2, 4, 8
WRITTEN_ANEW = {".symtab", ".strtab", ".shstrtab"}


class Output:
    """An output object in the words of the recordings."""

    def __init__(self, path):
        self.bytes = pathlib.Path(path).read_bytes()
        self.order = "<" if self.bytes[5] == 1 else ">"
        table, = self.unpack("Q", 40)
        count, names = self.unpack("HH", 60)
        self.headers = [self.unpack("IIQQQQIIQQ", table + 64 * i) for i in range(count)]
        self.names = [self.string(names, header[0]) for header in self.headers]
        self.symbols = self.read_symbols()
        self.relocations = self.read_relocations()
        self.data = {
            name: self.bytes[header[4]:header[4] + header[5]]
            for name, header in zip(self.names, self.headers) if header[1] != SHT_NOBITS
        }

    def unpack(self, layout, offset, data=None):
        return struct.unpack_from(self.order + layout, data or self.bytes, offset)

    def string(self, section, offset):
        start = self.headers[section][4] + offset
        return self.bytes[start:self.bytes.index(0, start)].decode()

    def entries(self, kind):
        for index, header in enumerate(self.headers):
            if header[1] == kind:
                for offset in range(header[4], header[4] + header[5], 24):
                    yield header, offset

    def sections(self):
        return {(name, h[1], h[2], h[5], h[8], h[9])
                for name, h in list(zip(self.names, self.headers))[1:]
                if name not in WRITTEN_ANEW}

    def read_symbols(self):
        symbols = []
        for header, offset in self.entries(SHT_SYMTAB):
            name, info, _, index, value, size = self.unpack("IBBHQQ", offset)
            home = {0: "UND", 0xfff1: "ABS"}.get(index) or self.names[index]
            kind = TYPES[info & 15]
            text = home if kind == "SECTION" else self.string(header[6], name)
            symbols.append((text, BINDINGS[info >> 4], kind, home, value, size))
        return symbols

    def read_relocations(self):
        relocations = {}
        for header, offset in self.entries(SHT_RELA):
            place, info, addend = self.unpack("QQq", offset)
            relocations.setdefault(self.names[header[7]], []).append(
                (place, info & 0xffffffff, self.symbols[info >> 32][0], addend))
        return relocations

    def livepatch_relocations(self):
        pointers = {
            name: {place: (kind, target, addend)
                   for place, kind, target, addend in self.relocations.get(name, [])}
            for name in (".kpatch.relocations", ".kpatch.symbols")
        }
        text = lambda offset: self.data[".kpatch.strings"][offset:].split(b"\0", 1)[0].decode()
        records, symbols = self.data[".kpatch.relocations"], self.data[".kpatch.symbols"]
        for at in range(0, len(records), 40):
            at_record = pointers[".kpatch.relocations"]
            at_symbol = pointers[".kpatch.symbols"]
            kind, external, addend = self.unpack("IIq", at + 8, records)
            symbol = at_record[at + 32][2]
            source, position, binding, symbol_type = self.unpack("QQBB", symbol, symbols)
            yield (at_record[at][1], at_record[at][2], kind, addend, external,
                   text(at_record[at + 24][2]), text(at_symbol[symbol + 24][2]),
                   text(at_symbol[symbol + 32][2]), position, BINDINGS[binding],
                   TYPES[symbol_type], source)


def is_alike(recorded, made, less):
    recorded, made = collections.Counter(recorded), collections.Counter(made)
    return made <= recorded if less else made == recorded


def differing_parts(recorded, output, less):
    """With `less` there may be less than was recorded, except in code."""
    fields = ("name", "type", "flags", "size", "align", "entsize")
    chosen = [f != "size" or not less for f in fields]
    sections = {tuple(s[f] for f in itertools.compress(fields, chosen)) for s in recorded["sections"]
                if s["name"] not in WRITTEN_ANEW}
    if not is_alike(sections, {tuple(itertools.compress(s, chosen)) for s in output.sections()}, less):
        yield "sections"
    fields = ("name", "bind", "type", "section", "value", "size")
    if not is_alike((tuple(s[f] for f in fields) for s in recorded["symbols"]), output.symbols, less):
        yield "symbols"
    fields = ("section", "offset", "type", "addend", "external", "objname", "sym", "sym_objname",
              "sympos", "bind", "symtype", "src")
    if not is_alike((tuple(r[f] for f in fields) for r in recorded["klp_relocations"]),
                    output.livepatch_relocations(), less):
        yield "livepatch relocations"
    fields = ("offset", "type", "sym", "addend")
    for table, entries in recorded["relas"].items():
        if not is_alike((tuple(r[f] for f in fields) for r in entries),
                        output.relocations.get(table.removeprefix(".rela"), []),
                        less and not table.startswith(".rela.text")):
            yield table


def compare(tool, work, name, case, recorded):
    arch, pair = name.split("/")
    place = work / arch
    made = work / "output.o"
    run = subprocess.run(
        [tool, place / case["orig_file"], place / case["patched_file"], "vmlinux",
         place / f"{pair}.symtab", "/dev/null", "test", made],
        env=dict(os.environ, **case["env"]), capture_output=True, text=True)
    if run.returncode:
        return {f"exit status {run.returncode}: {run.stderr[-200:]}"}
    return set(differing_parts(recorded, Output(made), arch in SLOTS_OF_WHOLE_UNITS))


def main(tool, directory):
    directory = pathlib.Path(directory)
    if not (directory / "golden.json.xz").exists():
        print(f"skipped: no recorded outputs at {directory}")
        return 77
    cases = {f"{c['arch']}/{c['name']}": c
             for c in json.loads((directory / "expected.json").read_text())}
    recorded = json.load(lzma.open(directory / "golden.json.xz"))
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        for archive in directory.glob("*.tar.xz"):
            tarfile.open(archive).extractall(work)
        for name in recorded:
            found = compare(tool, pathlib.Path(work), name, cases[name], recorded[name])
            if found != EXPECTED_DIFFERENCES.get(name, set()):
                failed += 1
                print(f"{name}: differs in {', '.join(sorted(found)) or 'nothing, but should'}")
    print(f"{len(recorded)} outputs, {failed} not as expected")
    return 1 if failed else 0


sys.exit(main(*sys.argv[1:]))
