"""How the first rows of a file map, for a person who writes or checks a mapping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nytta.ingest.files import files
from nytta.ingest.files.mapping import Mapping
from nytta.ingest.files.read import opened, source_of
from nytta.ingest.files.rows import Broken, Row
from nytta.ingest.files.translation.descriptions import describe
from nytta.ingest.files.translation.translator import Event, Translator


@dataclass(frozen=True, slots=True)
class FieldShown:
    """One field of an event: its name, what it holds, and what in the row it comes from."""

    name: str
    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class EventShown:
    """One event that a row becomes."""

    type: str
    source: str
    id: str
    fields: tuple[FieldShown, ...]


@dataclass(frozen=True, slots=True)
class RowShown:
    """One row: the events it becomes, why others fail, and the fields of the file that nothing reads."""

    position: str
    events: tuple[EventShown, ...]
    problems: tuple[str, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the first rows of a file map. `str()` of it is for a terminal, `as_dict()` for JSON."""

    file: str
    mapping: str
    form: str
    """The format, with what was guessed about it."""
    rows: tuple[RowShown, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        return self.text(str)

    def text(self, say: Callable[[str], str]) -> str:
        """The lines for a terminal. `say` puts a sentence into the reader's language; names and cells stay."""
        lines = [say(f"{self.file} with mapping {self.mapping}: {self.form}")]
        for row in self.rows:
            lines += ["", say(row.position)]
            for event in row.events:
                lines.append(f"  {event.type}  {say(f'id {event.id} of {event.source}')}")
                lines += [
                    f"    {field.name:<13} {field.value!s:<40} {say(field.origin)}".rstrip() for field in event.fields
                ]
            lines += [f"  {say(f'rejected: {problem}')}" for problem in row.problems]
            if not row.events and not row.problems:
                lines.append(f"  {say('left out by the mapping')}")
            if row.unread:
                lines.append(f"  {say('not read')}: {', '.join(row.unread)}")
        if not self.rows:
            lines += ["", say("no rows")]
        if self.notes:
            lines += ["", *(f"{say('note')}: {note}" for note in self.notes)]
        return "\n".join(lines)


def explain(path: Path, mapping: Mapping, rows: int = 5, *, unpacked: int | None = None) -> Explanation:
    """How the first `rows` rows of the file map. `InputError` where it cannot be read that far.

    With `unpacked`, at most so many bytes of a compressed file are read; the file's digest, which needs all of it, is
    then left out of the source.
    """
    source = source_of(mapping, files.digest(path) if unpacked is None else "…")
    translator = Translator(mapping, files.as_text(path.name), source)
    shown_rows: list[RowShown] = []
    with opened(path, mapping, unpacked=unpacked) as (_, reader):
        for number, row in enumerate(reader, 1):
            if number > rows:
                break
            position = reader.position(number)
            if isinstance(row, Broken):
                shown_rows.append(RowShown(position, (), (f"malformed_row: {row.detail}",), ()))
                continue
            outcome = translator.translate(row, number)
            unread = tuple(sorted(name for name in row if name not in mapping.columns))
            problems = tuple(
                f"{error.reason}{also_id and f' ({also_id})'}: {error.detail}"
                + (error.value and f" (here: {error.value})")
                for also_id, error in outcome.errors
            )
            shown_rows.append(
                RowShown(position, tuple(_event(event, mapping, row) for event in outcome.events), problems, unread)
            )
        return Explanation(files.as_text(path.name), mapping.id, reader.form, tuple(shown_rows), mapping.notes)


def _event(event: Event, mapping: Mapping, row: Row) -> EventShown:
    name = event["type"].removeprefix("nytta.").rpartition(".")[0]
    also_id = event["id"].rpartition(".")[2]
    rule = next((rule for rule in mapping.rules if name in rule.types and rule.also == also_id), None) or next(
        rule for rule in mapping.rules if name in rule.types and not rule.also
    )
    sources = mapping.fields_of(rule, name)
    time: datetime = event["time"]
    fields = [FieldShown("time", time.isoformat().replace("+00:00", "Z"), describe(sources["time"], row))]
    fields += [FieldShown(name, value, describe(sources[name], row)) for name, value in event["data"].items()]
    return EventShown(event["type"], event["source"], event["id"], tuple(fields))
