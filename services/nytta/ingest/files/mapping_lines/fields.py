"""Lines and values that mappings of several kinds of lists share, as YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from nytta.ingest.files import cells
from nytta.ingest.files.cells import Notation
from nytta.ingest.files.channels import channel
from nytta.ingest.files.column_names import called
from nytta.ingest.files.draft import Draft
from nytta.ingest.files.kinds import CASES, LOG, TICKETS
from nytta.ingest.files.mapping_lines.read_columns import WORDS, unknown_channels
from nytta.ingest.files.no_persons import no_persons


def quoted(text: str) -> str:
    """As YAML reads it back, whatever it holds; a plain word as it is."""
    if re.fullmatch(r"[^\W\d][\w .-]*\w", text) and ": " not in text and " #" not in text:
        return text
    written = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08X}" for sign in written)


def yaml_list(texts: Sequence[str]) -> str:
    """Texts as a list of YAML."""
    return f"[{', '.join(map(quoted, texts))}]"


def decided(notations: Sequence[Notation], answered: Mapping[str, str]) -> Notation | None:
    """The notation that cells or an answer decide; None where neither does."""
    orders = {notation.order for notation in notations}
    if len(orders) == 1:
        return notations[0]
    return next(
        (notation for notation in notations if notation.order == answered.get("order")), None
    )


def moment(
    draft: Draft,
    column: str,
    answered: Mapping[str, str],
    condition: str = "",
    others: Sequence[str] = (),
) -> str:
    """A moment of a mapping, with its own notation where the file's other dates have another.

    Where the column says nothing, `others` do, which are written as it is.
    """
    value_parts = [
        f"coalesce: {yaml_list([column, *others])}" if others else f"field: {quoted(column)}"
    ]
    if column in draft.others:
        # under which what is not decided is rejected
        notation = decided(draft.others[column], answered) or Notation()
        if notation.formats:
            value_parts.append(f"formats: {yaml_list(notation.formats)}")
        else:
            value_parts += ["formats: []", f"order: {notation.order}", f"years: {notation.years}"]
    if re.search(r"\b(utc|gmt)\b", called(column)):
        value_parts.append("zone: UTC")
    value_parts += [condition] if condition else []
    return (
        quoted(column) if len(value_parts) == 1 and not others else f"{{{', '.join(value_parts)}}}"
    )


def is_one_of(column: str, words: Sequence[str], filled: str = "") -> str:
    """The condition that a cell is one of these words, and that the column `filled` says something, where one is named.

    Where no such word occurs yet, the usual one stands for a person.
    """
    condition = f", where: {{field: {quoted(filled)}, present: true}}" if filled else ""
    return f"{{field: {quoted(column)}, is: {yaml_list(words or ['Ja'])}{condition}}}"


def answers_yes(draft: Draft, column: str) -> str:
    """The condition that a column of answers says yes."""
    return is_one_of(column, cells.yes_words(draft.texts(column)) or ())


def happened(draft: Draft, column: str) -> str:
    """The condition that a column of answers says yes, one of counts at least one, or one of words anything."""
    cell_texts = draft.look.cells(column)
    if cells.are_counts(cell_texts):
        return f"{{field: {quoted(column)}, at_least: 1}}"
    if cells.yes_words(cell_texts) is None:
        return f"{{field: {quoted(column)}, present: true}}"
    return answers_yes(draft, column)


def answer(draft: Draft, role: str, list_name: str) -> Iterator[str]:
    """A field `list_name` that is true where the column of a role says so; nothing where there is no such column."""
    if role in draft.fields:
        column = draft.fields[role]
        unknown_words = cells.affirmative(role, draft.texts(column)) or ()
        yield f"{list_name}: {is_one_of(column, unknown_words)}"


def actor_kinds(draft: Draft, role: str) -> Iterator[str]:
    """Which actors are no persons, where some are called like robots, roles or groups."""
    column = draft.fields[role]
    if kinds := no_persons(draft.texts(column)):
        patterns = ", ".join(f"{quoted(pattern)}: {kind}" for pattern, kind in kinds.items())
        yield f"actor_kind: {{field: {quoted(column)}, patterns: {{{patterns}}}, otherwise: person}}"


def unit_line(draft: Draft, answered: Mapping[str, str]) -> str:
    """The unit of each row: by its column, or one of all rows, which is asked for where nobody named it."""
    fields = draft.fields
    if "unit" in fields:
        cell_texts = draft.texts(fields["unit"])
        # of persons a directory says the unit; work of nobody's unit is the organisation's
        if draft.kind not in (TICKETS, CASES, LOG) or len(cells.filled(cell_texts)) == len(
            cell_texts
        ):
            return f"unit: {quoted(fields['unit'])}"
        within = (
            f", within: {quoted(fields['case'])}" if draft.kind == LOG and "case" in fields else ""
        )
        return f"unit: {{field: {quoted(fields['unit'])}{within}, missing: {quoted(answered['organisation'])}}}"
    return f"unit: {{constant: {quoted(answered.get('unit') or 'unit')}}}" + _open(answered, "unit")


def unit_and_system(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    """The unit of each row and the system of the whole list."""
    yield unit_line(draft, answered)
    yield f"system: {{constant: {quoted(answered.get('system', 'system'))}}}" + _open(
        answered, "system"
    )


def _open(answered: Mapping[str, str], subject: str) -> str:
    remarks = {"system": "the system's id in the registry", "unit": "no column: the unit's code"}
    return "" if answered.get(subject) else f"  # {remarks[subject]}"


def shared_fields(draft: Draft, plain: Sequence[str]) -> Iterator[str]:
    """The channel, and fields that are taken as they are."""
    fields = draft.fields
    if "channel" in fields:
        cell_texts = sorted(
            set(cells.filled(draft.texts(fields["channel"]))) - unknown_channels(draft)
        )[:WORDS]
        channel_mappings = ", ".join(
            f"{quoted(cell_text)}: {channel(cell_text)}" for cell_text in cell_texts
        )
        yield f"channel: {{field: {quoted(fields['channel'])}, values: {{{channel_mappings}}}, otherwise: other}}"
    for role in plain:
        if role in fields:
            yield f"{role}: {quoted(fields[role])}"


def number(draft: Draft, role: str) -> str:
    """The number of a ticket or case, with the series in which it is counted, where it says nothing alone."""
    if "series" not in draft.fields:
        return quoted(draft.fields[role])
    return f"{{join: {yaml_list([draft.fields['series'], draft.fields[role]])}}}"


def has_row_of_its_own(draft: Draft, role: str) -> bool:
    """Whether each ticket or case has one row."""
    return "series" in draft.fields or cells.are_unique(draft.look.cells(role))


def undated_event(draft: Draft, event_type: str, role: str, moment_source: str) -> Iterator[str]:
    """What a column says that happened."""
    yield f"    type: {event_type}"
    yield f"    when: {happened(draft, draft.fields[role])}"
    yield f"    time: {moment_source}"


def end_event(
    draft: Draft, answered: Mapping[str, str], columns: Sequence[str], subject: str, event_name: str
) -> Iterator[str]:
    """The event with which a ticket or case ends, where one of the columns of its moment is filled in.

    All of them are written in one notation.
    """
    first, *others = columns
    condition = f"{{field: {quoted(first)}, present: true}}"
    if others:
        [other] = others
        condition = f"{condition[:-1]}, or: {{field: {quoted(other)}, present: true}}}}"
        condition += "  # what was closed without a solution has ended too"
    yield f"  - also: {event_name}"
    yield f"    type: {subject}.{event_name}"
    yield f"    when: {condition}"
    yield f"    time: {moment(draft, first, answered, others=others)}"
