"""Makes the frozen store of a release, which every later version must be able to take over.

    python -m tests.frozen.make                    # writes tests/frozen/<version>.tar.xz and its companions

It is made once, when a release is tagged, and not again. Before the first release it is made anew whenever a migration
was edited: a test says so. What it holds: a small story with its registry, rejects, published figures, signals, alerts,
statements of benefits; beside it the key file and what that version itself said of all this.
"""

from __future__ import annotations

import gzip
import json
import lzma
import shutil
import sys
import tempfile
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import orjson

from tests.support.commands import answer
from tests.support.commands import nytta as run

FOLDER = Path(__file__).parent
STORY, WEEKS, SCALE = "case-system", 60, 0.05
SINCE = "2026-08-03"
STATES = ("nytta.people.eligibility", "nytta.change.", "nytta.benefit.")
"""Acts before that day are left out, to keep the file small; what says who belongs where stays."""
EVALUATED = ("2026-11-09", "2026-11-16")

TOLD: dict[str, tuple[str, ...]] = {
    "values": ("values",),
    "months": ("values", "--by", "month"),
    "exact": ("values", "--zone", "private"),
    "signals": ("signals",),
    "alerts": ("alerts", "--all"),
    "messages": ("alerts", "messages"),
    "benefits": ("benefits",),
    "rejects": ("rejects",),
    "sources": ("sources",),
}
"""Commands whose answers must stay what they were."""


def told(data: Path, registry: Path) -> dict[str, Any]:
    """What the version that is installed says of a store."""
    place = {"NYTTA_DATA": str(data), "NYTTA_REGISTRY": str(registry)}
    return {name: answer(*words, environment=place) for name, words in TOLD.items()}


def main() -> None:
    """Make the files of the version that is installed."""
    version = version_of("nytta")
    with tempfile.TemporaryDirectory(prefix="nytta-frozen-") as name:
        folder = Path(name)
        run("simulate", "--story", STORY, "--weeks", str(WEEKS), "--scale", str(SCALE), "--out", folder / "story")
        log = folder / "events.ndjson"
        with (folder / "story" / "events.ndjson").open("rb") as all_of_them, log.open("wb") as kept:
            for line in all_of_them:
                event = orjson.loads(line)
                if event["time"] >= SINCE or event["type"].startswith(STATES):
                    kept.write(line)
            kept.write(b'{"specversion": "1.0"}\nno event at all\n')
        registry, data = folder / "story" / "registry", folder / "data"
        place = {"NYTTA_DATA": str(data), "NYTTA_REGISTRY": str(registry)}
        run("import", log, environment=place)
        for day in EVALUATED:  # no mail server is set, which is a problem found
            run("alerts", "evaluate", "--at", f"{day}T07:40+01:00", code=1, environment=place)
        said = told(data, registry)
        run("backup", folder / "store.tar", environment=place)
        (FOLDER / f"{version}.tar.xz").write_bytes(
            lzma.compress((folder / "store.tar").read_bytes(), preset=9 | lzma.PRESET_EXTREME)
        )
        shutil.copyfile(data / "key.json", FOLDER / f"{version}.key.json")
        shutil.rmtree(FOLDER / f"{version}.registry", ignore_errors=True)
        shutil.copytree(registry, FOLDER / f"{version}.registry")
        body = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
        (FOLDER / f"{version}.told.json.gz").write_bytes(gzip.compress(body, mtime=0))
    for path in sorted(FOLDER.glob(f"{version}.*")):
        print(path.name, path.stat().st_size if path.is_file() else "", file=sys.stderr)


if __name__ == "__main__":
    main()
