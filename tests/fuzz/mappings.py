"""Mappings in YAML: each is read and works on rows, or every problem of it is told with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

import yaml

from nytta import Mendable
from nytta.ingest.files.errors import MappingError
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.files.read import read
from nytta.registry import declarations
from tests.fuzz import mutate
from tests.fuzz.files import LINES, LIST, MAPPINGS, OBJECT, OCEL, TABLE, XES, XML, chunks
from tests.fuzz.run import DefectError

_FOLDER = declarations.schemas() / "mappings"
_TEXTS: Final = (*MAPPINGS.values(), *(path.read_text("utf-8") for path in sorted(_FOLDER.glob("*.yaml"))))
_LOGS: Final = {
    "xes": XES,
    "table": TABLE,
    "ocel": mutate.written(OCEL),
    "json": mutate.written(LIST),
    "object": mutate.written(OBJECT),
    "lines": LINES,
    "xml": XML,
}

WRONG: Final[tuple[Any, ...]] = (
    *mutate.WRONG,
    *("a{99999999999}", "(" * 500, "[a-", "(?P<n>x)(?P<n>y)", "\\", "(?i", "(?<=a*)b", "%Y%Y", "%", "%Q", "%Y-%m-%d%"),
    *(
        "utf-7",
        "hex",
        "undefined",
        "idna",
        "utf-16",
        "rot13",
        "cp037",
        "Europe",
        "../UTC",
        "Etc/GMT+99",
        "\n",
        '"',
        "nan",
        "inf",
    ),
    *(
        {"field": "Case", "values": {"A-1": "x"}},
        {"constant": "x"},
        {"file": "(.)", "template": "{0}"},
        {"sum": ["Amount"]},
    ),
    *({"join": ["Case", "Step"]}, {"field": "Amount", "at_least": "nan"}, {"field": "When", "add_days": 999999999999}),
    *({"field": "When", "formats": ["%Y%Y"]}, {"field": "Case", "is": []}, {"field": "When", "order": "epoch-ms"}),
    *("9" * 5000, -(10**30), "true", "case.opened", "change.pulse", "organisation", "0", "*"),
)

BOMBS: Final = (
    "a: &a [x]\nb: [*a, *a]\n",
    "a: &a {b: *a}\n",
    "&a [*a]",
    "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9) if n else 'ha'}]\n" for n in range(9)),
    "!!python/object/apply:os.system ['true']",
    "a: !!binary |\n  R0lGODlhDAAMAIQAAP\n",
    "a: !!timestamp 0000-00-00\n",
    "<<: {a: b}\n",
    "%YAML " + "9" * 5000 + ".1\n--- a\n",
    "%TAG ! tag:x,2000:\n--- !a b\n",
    'a: "\\ud800"\n',
    'a: "\\U00110000"\n',
    "[" * 100_000,
    "{a: " * 3000,
    "- " * 3000 + "a",
    "? " * 3000,
    "a: |9\n x\n",
    "a: 'b\n",
    "---\na: b\n---\nc: d\n",
    "",
    "\x00",
    "\ufeffa: b",
    "{" + ", ".join(f"f{n}: v" for n in range(300)) + "}",
)
"""YAML that is small and means much, or what no file should say."""


class Mappings:
    """The loader of mappings, and a row or two read with what it lets through."""

    name = "mappings"
    together = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self, chance: Random, number: int) -> str | bytes:
        """A mapping as text, or as the bytes of a file."""
        return yaml_of(chance, chance.choice(_TEXTS), WRONG)

    def attempt(self, inputs: Sequence[str | bytes]) -> Iterator[str]:
        """Load each; what is a mapping reads a log of its format."""
        return map(self._tried, inputs)

    def _tried(self, given: str | bytes) -> str:
        text = given if isinstance(given, str) else given.decode("utf-8", "replace")
        try:
            mapping = parse(text, "mapping.yaml")
        except MappingError as error:
            str(error).encode()
            if any(not 1 <= problem.line <= last_line(text) for problem in error.problems):
                raise DefectError(f"a problem stands on a line that is not there: {error}") from error
            return "refused"
        path = self._folder / "log"
        path.write_bytes(_LOGS[mapping.format])
        repr(mapping).encode()
        try:
            list(read(path, mapping))
            chunks(path, mapping)
        except Mendable as error:
            str(error).encode()
            return "loaded, file refused"
        return "loaded, file read"

    def finish(self) -> None:
        """Nothing is left to check."""

    def close(self) -> None:
        """Nothing is held."""


def last_line(text: str) -> int:
    """The number of the line after the last one, as YAML counts lines."""
    return len(re.findall("\r\n|[\r\n\x85\u2028\u2029]", text)) + 2


def yaml_of(chance: Random, text: str, wrong: Sequence[Any]) -> str | bytes:
    """YAML of which a person or a program made something else."""
    chosen = chance.random()
    if chosen < 0.1:
        bomb = chance.choice(BOMBS)
        return chance.choice([bomb, f"{text}\n{bomb}", text.replace("constant", bomb, 1)])
    if chosen < 0.5:
        return mutate.mangled(chance, text.encode(), 2)
    tree = mutate.changed(chance, yaml.load(text, Loader=yaml.CBaseLoader), wrong=wrong)
    return json.dumps(tree, ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, 1]))
