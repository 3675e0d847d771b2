"""How the first rows of a file map, for a person who writes or checks a mapping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nytta.ingest.files import files
from nytta.ingest.files.mapping import Mapping
from nytta.ingest.files.read import opened, shared_texts, source_of
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

    def text(self, translate_sentence: Callable[[str], str]) -> str:
        """The lines for a terminal, in the reader's language by `translate_sentence`; names and cells stay."""
        text_lines = [translate_sentence(f"{self.file} with mapping {self.mapping}: {self.form}")]
        for explained_row in self.rows:
            text_lines += ["", translate_sentence(explained_row.position)]
            for event in explained_row.events:
                text_lines.append(
                    f"  {event.type}  {translate_sentence(f'id {event.id} of {event.source}')}"
                )
                text_lines += [
                    f"    {field.name:<13} {field.value!s:<40} {translate_sentence(field.origin)}".rstrip()
                    for field in event.fields
                ]
            text_lines += [
                f"  {translate_sentence(f'rejected: {problem}')}"
                for problem in explained_row.problems
            ]
            if not explained_row.events and not explained_row.problems:
                text_lines.append(f"  {translate_sentence('left out by the mapping')}")
            if explained_row.unread:
                text_lines.append(
                    f"  {translate_sentence('not read')}: {', '.join(explained_row.unread)}"
                )
        if not self.rows:
            text_lines += ["", translate_sentence("no rows")]
        if self.notes:
            text_lines += ["", *(f"{translate_sentence('note')}: {note}" for note in self.notes)]
        return "\n".join(text_lines)


def explain(
    path: Path, mapping: Mapping, row_count: int = 5, *, unpacked: int | None = None
) -> Explanation:
    """How the first `row_count` rows of the file map. `InputError` where it cannot be read that far.

    With `unpacked`, at most so many bytes of a compressed file are read; the file's digest, which needs all of it, is
    then left out of the source.
    """
    source = source_of(mapping, files.digest(path) if unpacked is None else "…")
    shared = shared_texts(path, mapping, unpacked)
    translator = Translator(mapping, files.as_text(path.name), source, shared=shared)
    shown_rows: list[RowShown] = []
    with opened(path, mapping, unpacked=unpacked) as (_, reader):
        for row_number, row in enumerate(reader, 1):
            if row_number > row_count:
                break
            position = reader.position(row_number)
            if isinstance(row, Broken):
                shown_rows.append(RowShown(position, (), (f"malformed_row: {row.detail}",), ()))
                continue
            outcome = translator.translate(row, row_number)
            unread = tuple(sorted(name for name in row if name not in mapping.columns))
            problems = tuple(
                f"{error.reason}{also_id and f' ({also_id})'}: {error.detail}"
                + (error.value and f" (here: {error.value})")
                for also_id, error in outcome.errors
            )
            shown_rows.append(
                RowShown(
                    position,
                    tuple(_event(event, mapping, row) for event in outcome.events),
                    problems,
                    unread,
                )
            )
        return Explanation(
            files.as_text(path.name), mapping.id, reader.form, tuple(shown_rows), mapping.notes
        )


def _event(event: Event, mapping: Mapping, source_row: Row) -> EventShown:
    type_name = event["type"].removeprefix("nytta.").rpartition(".")[0]
    also_id = event["id"].rpartition(".")[2]
    rule = next(
        (rule for rule in mapping.rules if type_name in rule.types and rule.also == also_id), None
    ) or next(rule for rule in mapping.rules if type_name in rule.types and not rule.also)
    sources = mapping.fields_of(rule, type_name)
    time: datetime = event["time"]
    fields = [
        FieldShown(
            "time", time.isoformat().replace("+00:00", "Z"), describe(sources["time"], source_row)
        )
    ]
    fields += [
        FieldShown(field_name, field_value, describe(sources[field_name], source_row))
        for field_name, field_value in event["data"].items()
    ]
    return EventShown(event["type"], event["source"], event["id"], tuple(fields))
