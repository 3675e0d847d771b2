"""Files of every format, read with a mapping as an import reads them: each ends in rows and rejects, or in a sentence.

One in three is previewed and has a mapping drafted for it, one in a hundred is imported into the store as well.
"""

from __future__ import annotations

import bz2
import gzip
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from nytta import Mendable
from nytta.ingest.events import Reason, Reject, decode
from nytta.ingest.events.pseudonyms import Pseudonymiser
from nytta.ingest.files.cloudevents import read_cloudevents
from nytta.ingest.files.explain import explain
from nytta.ingest.files.mapping import Mapping
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.files.mapping_text import draft
from nytta.ingest.files.read import Chunk, read
from nytta.ingest.intake import Intake
from tests.fuzz import mutate
from tests.fuzz.bodies import EVENTS, NOW
from tests.fuzz.run import DefectError

KEY: Final = Pseudonymiser("fuzz", bytes(32))
_LOOKED_AT, _IMPORTED = 3, 100
_NAMES: Final = {
    "xes": "l.xes",
    "ocel": "l.jsonocel",
    "json": "l.json",
    "object": "o.json",
    "lines": "l.ndjson",
    "xml": "l.xml",
    "table": "l.csv",
    "cloudevents": "e.ndjson",
}

_HEAD = "organisation: {id: works}\ntimezone: Europe/Stockholm\nsystem: {constant: s}\n"
MAPPINGS: Final = {
    "xes": "id: x\nformat: xes\nunit: {field: org, missing: none}\ncase: case:concept:name\ntime: time:timestamp\n"
    + _HEAD
    + "events:\n  - {type: case.step, activity: concept:name, actor: org:resource, mode: {constant: digital}}\n",
    "ocel": "id: o\nformat: ocel\nunit: {constant: u}\ncase: object:order\ntime: ocel:time\n"
    + _HEAD
    + "events:\n  - {type: case.step, activity: ocel:type, team: object:order/state}\n",
    "json": "id: j\nformat: json\nrecords: a/rows\nunit: {field: unit/name, missing: none}\ntime: at\n"
    + _HEAD
    + "events:\n  - {type: case.opened, case: nr, channel: {field: by, values: {w: web}, otherwise: other}}\n"
    + "  - {also: closed, type: case.closed, case: nr, time: done}\n",
    "object": "id: b\nformat: object\nrecords: a/row\nunit: {field: unit/name, missing: none}\ntime: at\n"
    + _HEAD
    + "events:\n  - {type: case.opened, case: nr, channel: {field: by, values: {w: web}, otherwise: other}}\n",
    "lines": "id: l\nformat: lines\nunit: {field: unit/name, missing: none}\ntime: at\n"
    + _HEAD
    + "events:\n  - {type: case.opened, case: nr, channel: {field: by, values: {w: web}, otherwise: other}}\n",
    "xml": "id: m\nformat: xml\nrecords: rows/row\nunit: {field: unit/name, missing: none}\ntime: at\n"
    + _HEAD
    + 'events:\n  - {type: case.opened, case: "@nr", channel: {field: by, values: {w: web}, otherwise: other}}\n',
    "table": "id: t\nformat: table\nunit: Unit\ntime: When\nnulls: ['-']\nidentity: [Case, When]\nsource: t\n"
    + _HEAD
    + "dates: {order: day-first}\ntable: {decimal: ','}\n"
    + "events:\n  - {type: case.step, case: Case, activity: Step, actor: Who,"
    + " channel: {field: By, patterns: {'^w': web}, otherwise: other}, intended: {field: Amount, at_least: 1.5}}\n",
}

XES: Final = b"""<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xmlns="http://www.xes-standard.org/"><extension name="Time" prefix="time" uri="http://x"/>
<global scope="event"><string key="concept:name" value="?"/></global><string key="meta" value="m"/>
<trace><string key="concept:name" value="A-1"/><date key="start" value="2024-03-04T10:00:00+01:00"/>
<event><string key="concept:name" value="In"/><date key="time:timestamp" value="2024-03-04T10:00:00Z"/>
<string key="org:resource" value="ada"/><string key="org" value="north"/><int key="n" value="3"/></event>
<event><string key="concept:name" value="&#214;ppna &amp; l&#xe4;s"/>
<date key="time:timestamp" value="2024-03-05T10:00:00.5Z"/>
<list key="l"><values><string key="i" value="1"/></values></list></event></trace>
<trace><event><boolean key="b" value="true"/></event></trace></log>
"""
OCEL: Final[dict[str, Any]] = {
    "objectTypes": [{"name": "order", "attributes": [{"name": "state", "type": "string"}]}],
    "eventTypes": [],
    "events": [
        {
            "id": "e1",
            "type": "ship",
            "time": "2026-02-01T12:00:00+01:00",
            "attributes": [{"name": "weight", "value": 2.5}],
            "relationships": [{"objectId": "o1", "qualifier": "of"}, {"objectId": "gone", "qualifier": "?"}],
        },
        {"id": "e2", "type": "pack", "time": "2026-02-01T10:00:00Z"},
    ],
    "objects": [
        {
            "id": "o1",
            "type": "order",
            "attributes": [{"name": "state", "time": "2026-01-01T00:00:00Z", "value": "new"}],
        },
        {"id": "p1", "type": "person"},
    ],
}
LIST: Final[dict[str, Any]] = {
    "a": {
        "rows": [
            {"nr": "1", "at": "2024-03-04T10:00:00Z", "done": None, "by": "w", "unit": {"name": "north"}},
            {
                "nr": 2,
                "at": "2024-03-04 10:00",
                "done": "2024-03-05T10:00:00Z",
                "by": ["w", "x"],
                "more": [{"z": True}],
            },
        ]
    }
}
OBJECT: Final[dict[str, Any]] = {"a": {"row": LIST["a"]["rows"][0]}}
LINES: Final = b"\n".join(mutate.written(row).replace(b"\n", b" ") for row in LIST["a"]["rows"])
XML: Final = b"""<?xml version="1.0" encoding="UTF-8"?>
<rows xmlns:x="http://x"><row nr="1"><at>2024-03-04T10:00:00Z</at><unit><name>north</name></unit><by>w</by></row>
<row nr="2"><at> 2024-03-04 10:00 </at><by>w</by><by>x</by><x:more z="&lt;"><![CDATA[<at>]]></x:more></row><row/></rows>
"""
TABLE: Final = (
    'Case;When;Unit;Step;Who;By;Amount\nA-1;04.03.2024 10:00;north;"In; ""now""";ada;web;1,5\n'
    'A-1;31.03.2024 02:30;north;"Out\nside";-;w;1.000,25\nB-2;05/03/2024 10:00:00,5;söder;In;bo;;x\n'
).encode()


@dataclass(frozen=True, slots=True)
class File:
    """A file by its name and bytes, and the format of the mapping with which it is read."""

    name: str
    body: bytes
    format: str
    looked_at: bool
    imported: bool


class Files:
    """Everything that reads a file: an import, its preview, a draft of a mapping."""

    name = "files"
    together = 1

    def __init__(self, intake: Intake, folder: Path) -> None:
        self._intake = intake
        self._folder = folder
        self._mappings = {name: parse(text, f"{name}.yaml") for name, text in MAPPINGS.items()}

    def make(self, chance: Random, number: int) -> File:
        """A file of one of the formats."""
        form = chance.choice([*_NAMES, "table"])
        body = self._made(chance, form)
        if chance.random() < 0.7:
            body = mutate.mangled(chance, body)
        name = _NAMES[form]
        if chance.random() < 0.1:
            name, body = _packed(chance, name, body)
        read_as = form if chance.random() < 0.95 else chance.choice([*MAPPINGS, "cloudevents"])
        return File(name, body, read_as, number % _LOOKED_AT == 0, number % _IMPORTED == 0)

    def _made(self, chance: Random, form: str) -> bytes:
        match form:
            case "xes":
                return chance.choice(_XES)
            case "ocel" | "json" | "object":
                value = {"ocel": OCEL, "json": LIST, "object": OBJECT}[form]
                return mutate.written(mutate.changed(chance, value) if chance.random() < 0.8 else value)
            case "lines":
                return LINES
            case "xml":
                return XML
            case "table":
                return TABLE if chance.random() < 0.8 else chance.choice(_TABLES)
            case _:
                events = [mutate.changed(chance, chance.choice(EVENTS)) for _ in range(chance.randint(0, 4))]
                lines = [mutate.written(event).replace(b"\n", b" ") for event in [EVENTS[0], *events]]
                return b"\n".join(lines)

    def attempt(self, inputs: Sequence[File]) -> Iterator[str]:
        """Read each in all the ways there are."""
        return (self._read(given) for given in inputs)

    def _read(self, given: File) -> str:
        path = self._folder / given.name
        path.write_bytes(given.body)
        mapping = self._mappings.get(given.format)
        if given.looked_at:
            _refused(lambda: draft(path, given.name, "works", "UTC").encode())
            if mapping:
                _refused(lambda: str(explain(path, mapping)).encode())
        told = _refused(lambda: chunks(path, mapping))
        if given.imported:
            again = _refused(lambda: self._intake.import_file(path, mapping, NOW))
            if told and not again:
                raise DefectError(f"refused by reading alone: {told}")
        return f"{given.format} refused" if told else f"{given.format} read"

    def finish(self) -> None:
        """Nothing is left to check."""

    def close(self) -> None:
        """Nothing is held."""


def chunks(path: Path, mapping: Mapping | None) -> None:
    """Read and decode a whole file; DefectError where an event of it made something fail."""
    rejects: list[Reject] = []
    pieces: Iterator[Chunk] = read(path, mapping) if mapping else read_cloudevents(path)
    for chunk in pieces:
        rejects += [*chunk.rejects, *decode(chunk.ndjson, received_at=NOW, pseudonymise=KEY).rejects]
    for reject in rejects:
        f"{reject.detail} {reject.position} {reject.source}".encode()
        if reject.reason is Reason.FAULT:
            raise DefectError(f"a fault: {reject.detail}")


def _refused(work: Callable[[], object]) -> str:
    """The sentence with which a file is refused; "" where it is not. Anything else that is raised is a defect."""
    try:
        work()
    except Mendable as error:
        str(error).encode()
        return str(error) or "nothing"
    return ""


def _packed(chance: Random, name: str, body: bytes) -> tuple[str, bytes]:
    """The file as gzip, bzip2 or zip, whole or damaged."""
    packed = gzip.compress(body, 1)
    match chance.randrange(6):
        case 0:
            return f"{name}.gz", mutate.mangled(chance, packed)
        case 1:
            return f"{name}.gz", packed[: chance.randint(0, len(packed))]
        case 2:
            return f"{name}.gz", packed + chance.choice([packed, b"\0" * 64, b"garbage"])
        case 3:
            return f"{name}.bz2", bz2.compress(body)
        case 4:
            place = io.BytesIO()
            with zipfile.ZipFile(place, "w") as archive:
                archive.writestr(name, body)
            return f"{name}.zip", place.getvalue()[: chance.choice([None, -10, 30])]
        case _:
            return f"{name}.gz", packed


_LAUGHS = b"<!DOCTYPE log [" + b"".join(
    b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"ha") for n in range(12)
)
_XES: Final = (
    *(XES, XES, XES, XES, XES, XES, XES, XES),
    _LAUGHS + b"]><log><trace><event><string key='a' value='&l11;'/></event></trace></log>",
    b'<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + XES.replace(b"A-1", b"&x;"),
    b"<log><trace>" + b"<event/>" * 3000 + b"</trace></log>",
    b"<log><trace>" + b"".join(b'<string key="a%d" value="x"/>' % n for n in range(3000)) + b"<event/></trace></log>",
    b"<log>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</log>",
    XES.replace(b"UTF-8", b"ISO-8859-1"),
    XES.replace(b"UTF-8", b"utf-16"),
    XES.replace(b"UTF-8", b"hex"),
    XES.decode().encode("utf-16"),
)
_TABLES: Final = (
    b"",
    b"\n\n\n",
    b"sep=;\n" + TABLE,
    b'sep="\n' + TABLE,
    b"a" + b",a" * 20_000,
    b",".join(b"c%d" % n for n in range(5_000)) + b"\n" + b"," * 4_999,
    TABLE.decode().encode("utf-16"),
    TABLE.decode().encode("cp1252"),
    TABLE.replace(b"\n", b"\r"),
    TABLE + b'"' + b"x" * 200_000,
    b"Case;When;Unit;Step;Who;By;Amount\n" + b'"' * 999,
)
