"""docs/logs.md from the real logs, through their own import: python -m tests.logs FOLDER [--check]."""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from nytta import service as nytta
from nytta.indicators.store.supports import supports
from nytta.ingest.files.mapping_load import load as load_mapping
from nytta.service.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "logs.md"

LOGS = {
    "Receipt": ("wabo-receipt", "08_receipt.xes.gz"),
    "Permits": ("dutch-building-permits", "BPIC15_1.xes.gz"),
    "Incidents": ("volvo-incidents", "07_bpic2013_incidents.xes.gz"),
    "ServiceNow": ("servicenow-incidents", "servicenow_incident_sample.csv"),
    "Viva": ("viva-person-query", "viva_person_query_2024.csv"),
}

_HEAD = """# What public logs support

Made by `python -m tests.logs` from `nytta sources --supports` after the logs were imported with their shipped mappings;
a test compares. Each log stands alone here, without a registry; beside another source, or with a registry, it supports
more. "–" is followed by what is missing.
"""


def page(folder: Path) -> str:
    """The page, from logs in `folder`, which are imported but not computed."""
    found: dict[str, dict[str, str]] = {}
    notes = []
    with tempfile.TemporaryDirectory() as store, nytta.embedded(Settings(data=Path(store))) as app:
        for name, (mapping, file) in LOGS.items():
            told = load_mapping(mapping)
            before = {each.source for each in supports(app.private, app.definitions)}
            app.intake.import_file(folder / file, told, datetime.now(UTC))
            (here,) = [each for each in supports(app.private, app.definitions) if each.source not in before]
            for row in here.indicators:
                found.setdefault(row.indicator, {})[name] = f"– {'; '.join(row.missing)}" if row.missing else "yes"
            notes += [f"\n**{name}**: {told.title}.\n", *(f"- {note}" for note in told.notes)]
    lines = [_HEAD, f"| Indicator | {' | '.join(LOGS)} |", f"|---|{'---|' * len(LOGS)}"]
    lines += [f"| `{indicator}` | {' | '.join(by[name] for name in LOGS)} |" for indicator, by in found.items()]
    counts = [str(sum(by[name] == "yes" for by in found.values())) for name in LOGS]
    lines += [f"| yes, of {len(found)} | {' | '.join(counts)} |", "\n## What to know of each", *notes]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    made = page(asked.folder)
    if asked.check:
        return int(made != PAGE.read_text("utf-8"))
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
