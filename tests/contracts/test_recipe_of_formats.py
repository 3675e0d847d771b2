"""CONTRIBUTING's recipe for a file format, in a copy of the package: a reader, its name, its line, a mapping."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import PATIENCE, ROOT

pytestmark = pytest.mark.slow

READER = '''
"""Lines of `name=value` pairs between bars, as some log files have them."""

from __future__ import annotations

from collections.abc import Iterator

from nytta.ingest.files.encodings import in_utf8
from nytta.ingest.files.files import Stream
from nytta.ingest.files.rows import Broken, Row

_PIECE = 1 << 20


class PairsReader:
    """A row a line; a line with anything but pairs is broken."""

    form = "lines of name=value"

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def position(self, number: int) -> str:
        """Lines are counted."""
        return f"line {number}"

    def __iter__(self) -> Iterator[Row | Broken]:
        """The rows."""
        begun = b""
        for piece in in_utf8(self._stream, self._stream.read(_PIECE)):
            *lines, begun = (begun + piece).split(b"\\n")
            yield from map(self._row, lines)
        if begun:
            yield self._row(begun)

    def _row(self, line: bytes) -> Row | Broken:
        pairs = [pair.partition("=") for pair in line.decode("utf-8", "replace").split("|")]
        if not all(equals for _, equals, _ in pairs):
            return Broken("the line is no list of name=value", line)
        return {name: value for name, _, value in pairs}
'''
LINES = {
    "mapping.py": ('"object", "xml"]\n', '"object", "xml", "pairs"]\n'),
    "read.py": (
        '        case "xes":\n',
        '        case "pairs":\n            return PairsReader(stream)\n        case "xes":\n',
    ),
}
"""What stands in a file, and what the recipe makes of it."""
MAPPING = """
id: gate
title: Cases of an old gateway
format: pairs
organisation: {id: town}
timezone: Europe/Stockholm
unit: office
time: at
events: [{type: case.opened, case: nr, channel: {constant: web}}]
notes: [The log has no end of a case.]
"""
LOG = (
    "nr=1|at=2026-03-02T08:00:00|office=north\n"
    "here something was cut\n"
    "nr=2|at=2026-03-02T09:00:00|office=north\n"
    "nr=3|at=2026-03-03T09:00:00|office=south"
)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A checkout in which the recipe was followed."""
    root = tmp_path / "checkout"
    shutil.copytree(
        ROOT / "services" / "nytta", root / "services" / "nytta", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("schemas", "dashboards"):
        (root / name).symlink_to(ROOT / name)
    files = root / "services" / "nytta" / "ingest" / "files"
    (files / "pairs.py").write_text(READER, "utf-8")
    for name, (before, after) in LINES.items():
        text = (files / name).read_text("utf-8")
        assert text.count(before) == 1, f"the recipe names a line of {name} that is not there"
        (files / name).write_text(text.replace(before, after), "utf-8")
    read = files / "read.py"
    text = read.read_text("utf-8")
    first = "from nytta.ingest.files.records import"
    read.write_text(text.replace(first, f"from nytta.ingest.files.pairs import PairsReader\n{first}", 1), "utf-8")
    return root


def test_a_format_is_a_reader_a_name_and_a_line(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text(MAPPING, "utf-8")
    (tmp_path / "gate.log").write_text(LOG, "utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "nytta", "import", str(tmp_path / "gate.log"), "--json"),
            *("--mapping", str(tmp_path / "gate.yaml"), "--data", str(tmp_path / "data")),
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=tmp_path,
        env={"PYTHONPATH": str(copied / "services"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["read"], report["accepted"], report["rejected"]) == (4, 3, 1)
