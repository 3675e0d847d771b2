"""A first mapping for a file that nobody has described yet: guessed from the names of its columns, to be corrected."""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path

from nytta.ingest.files import files
from nytta.ingest.files.ocel import OcelReader
from nytta.ingest.files.records import RecordsReader
from nytta.ingest.files.rows import Broken, Reader, Row
from nytta.ingest.files.tables import Dialect, TableReader
from nytta.ingest.files.xes import XesReader

_ROWS = 50
"""So many rows say what a column holds."""

_COLUMNS = 500
"""So many columns are looked at for their names."""

_NAMES = {
    "time": r"time:timestamp|ocel:time|timestamp|tidpunkt|tidspunkt|tid|time|date|datum|dato|created|opened|skapad",
    "unit": r"unit|enhet|department|avdelning|avdeling|office|kontor|förvaltning|etat",
    "case": r"case:concept:name|case|ärende|arende|sak|diarienummer|dnr|saksnummer|case ?id|id|number|nummer",
    "activity": r"concept:name|ocel:type|activity|aktivitet|steg|step|status|state|händelse|hendelse",
    "channel": r"channel|kanal|source|contact.?type|inkanal",
    "actor": r"org:resource|resource|actor|user|användare|bruker|handläggare|saksbehandler|assigned.?to|agent",
}
"""Of each field, what its column may be called, the surest name first."""

_DAY_FIRST = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{4}")


def draft(path: Path, name: str, organisation: str, timezone: str, *, unpacked: int | None = None) -> str:
    """A mapping as YAML text for the file at `path`, which came under `name`.

    `organisation` and `timezone` are those under which its units are looked up. What could not be guessed says so, and
    columns that nothing reads are listed. `InputError` where the file cannot be read; `unpacked` as in `files.opened`.
    """
    form, columns, rows = _looked_at(path, name, unpacked)
    found = {field: _column(columns, names) for field, names in _NAMES.items()}
    found["case"] = found["case"] or columns[0]
    taken = [column for column in found.values() if column]
    time = found["time"] or next((c for c in columns if c not in taken), "time")
    lines = [
        "# Drafted from the names of the columns: look at each line, and at the first rows below.",
        "id: draft",
        f"title: {_text(name)}",
        f"format: {form}",
        f"organisation: {{id: {_text(organisation)}}}",
        f"timezone: {timezone}",
    ]
    if any(_DAY_FIRST.match(row.get(time, "")) for row in rows):
        lines.append("dates: {order: day-first}")
    lines += [
        "",
        f"unit: {_text(found['unit'])}" if found["unit"] else "unit: {constant: unit}  # no column: the unit's code",
        "system: {constant: system}  # the system's id in the registry",
        f"time: {_text(time)}",
        "",
        "events:",
        f"  - type: {'case.step' if found['activity'] else 'case.opened'}",
        f"    case: {_text(found['case'])}",
    ]
    if found["activity"]:
        lines.append(f"    activity: {_text(found['activity'])}")
    if found["actor"] and found["activity"]:
        lines.append(f"    actor: {_text(found['actor'])}")
    if found["channel"]:
        texts = sorted({row.get(found["channel"], "").strip() for row in rows} - {""})[:8]
        values = ", ".join(f"{_text(each)}: other" for each in texts)
        lines.append(f"    channel: {{field: {_text(found['channel'])}, values: {{{values}}}, otherwise: other}}")
    unread = [column for column in columns if column not in (*taken, time)]
    if unread:
        lines += ["", f"# not read: {', '.join(name if name.isprintable() else _text(name) for name in unread)}"]
    return "\n".join(lines) + "\n"


def _looked_at(path: Path, name: str, unpacked: int | None) -> tuple[str, list[str], list[Row]]:
    """The format by the file's name, its columns, and its first rows."""
    plain = name.lower().removesuffix(".gz")
    with files.opened(path, unpacked=unpacked) as stream:
        reader: Reader
        if plain.endswith(".xes"):
            form, reader = "xes", XesReader(stream)
        elif plain.endswith((".jsonocel", ".ocel", ".ocel.json")):
            form, reader = "ocel", OcelReader(stream)
        elif plain.endswith(".json"):
            form, reader = "json", RecordsReader(stream, "")
        else:
            form, reader = "table", TableReader(stream, Dialect())
        rows = [row for row in islice(reader, _ROWS) if not isinstance(row, Broken)]
        header = reader.header if isinstance(reader, TableReader) else []
    columns = header or list(dict.fromkeys(column for row in rows for column in row))
    return form, columns or ["column"], rows


def _column(columns: list[str], names: str) -> str:
    """The column with the surest of the names: one called so, else one that holds it as a word or begins a word so."""
    for pattern in (r"^(?:{})$", r"\b(?:{})\b", r"\b(?:{})"):
        for name in names.split("|"):
            called = re.compile(pattern.format(name), re.IGNORECASE)
            found = next((c for c in columns[:_COLUMNS] if called.search(c)), "")
            if found:
                return found
    return ""


def _text(text: str) -> str:
    """As YAML reads it back, whatever it holds."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08X}" for sign in quoted)
