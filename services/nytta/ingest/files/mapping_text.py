"""A draft as the mapping that a person corrects: YAML text, with what is open said where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from nytta.ingest.files.draft import Draft, drafted_file
from nytta.ingest.files.kinds import CASES, LOG, STAFF, TICKETS, TRAINING, USE
from nytta.ingest.files.mapping import Mapping as Described
from nytta.ingest.files.mapping_lines.cases import case_list
from nytta.ingest.files.mapping_lines.fields import quoted
from nytta.ingest.files.mapping_lines.notation import notation
from nytta.ingest.files.mapping_lines.persons import training, use
from nytta.ingest.files.mapping_lines.read_columns import columns_read
from nytta.ingest.files.mapping_lines.staff import position, staff
from nytta.ingest.files.mapping_lines.steps import steps
from nytta.ingest.files.mapping_lines.tickets import ends_of_tickets, tickets
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.files.ocel import OBJECT


def draft(
    path: Path, list_name: str, organisation: str, timezone: str, *, unpacked: int | None = None
) -> str:
    """A mapping as YAML text for the file at `path`, which came under `list_name`.

    `organisation` and `timezone` are those under which its units are looked up. What could not be decided stands there
    as a question, and columns that nothing reads are listed. `InputError` where the file cannot be read; `unpacked` as
    in `files.opened`.
    """
    return text(drafted_file(path, list_name, unpacked), organisation, timezone)


def text(
    draft: Draft, organisation: str, timezone: str, answers: Mapping[str, str] | None = None
) -> str:
    """The mapping of a draft as YAML text.

    `answers` are those to its questions, and may name the mapping (`id`), its `system`, its `source`, the day from
    which staff are counted (`not_before`), and the systems, parted by spaces, in which all of the staff may ask for
    support (`support`) or which all are expected to use (`expected`). Of an object-centric log, `case` is the sort of
    objects that are its cases. What has no answer is left open, so that rows are rejected rather than read wrongly.
    """
    answered = {**(answers or {}), "organisation": organisation}
    if "case" in answered:
        draft = replace(draft, fields={**draft.fields, "case": f"{OBJECT}{answered['case']}"})
    list_name = answered.get("id", "draft" if draft.kind == LOG else draft.kind)
    yaml_lines = [
        f"# {_FIRST_LINES[draft.kind]} Drafted from the columns: look at each line, and at the first rows.",
        f"id: {list_name}",
        f"title: {quoted(draft.look.name)}",
        f"format: {draft.look.form}",
        f"organisation: {{id: {quoted(organisation)}}}",
        f"timezone: {timezone}",
        *notation(draft, answered),
        "",
        *_BODIES[draft.kind](draft, answered),
    ]
    if unread_columns := unread(draft):
        quoted_names = [
            column if column.isprintable() else quoted(column) for column in unread_columns
        ]
        yaml_lines += ["", f"# not read: {', '.join(quoted_names)}"]
    return "\n".join(yaml_lines) + "\n"


def unread(draft: Draft) -> list[str]:
    """Columns of the list that its mapping does not read."""
    fields = draft.fields
    read_columns = columns_read(draft)
    if draft.kind == STAFF and "fte" in fields and not list(position(draft, fields["fte"])):
        read_columns -= {fields["fte"]}
    # of two ends the mapping reads one
    if "closed" in fields and draft.kind == CASES:
        read_columns -= {fields.get("decided", "")}
    if draft.kind == TICKETS and "resolved" in fields:
        read_columns -= {fields.get("closed", "")} - set(ends_of_tickets(draft))
    return [column for column in draft.look.columns if column not in read_columns]


def mapping_of(
    draft: Draft, organisation: str, timezone: str, answers: Mapping[str, str] | None = None
) -> Described:
    """The mapping of a draft."""
    return parse(text(draft, organisation, timezone, answers), "draft.yaml")


_FIRST_LINES: Final = {
    STAFF: "A staff list: who belongs to which unit.",
    TICKETS: "Tickets of a service desk, one row a ticket.",
    CASES: "Cases.",
    TRAINING: "Courses that persons completed.",
    USE: "Use of an application.",
    LOG: "A list of steps.",
}


_BODIES: Final = {
    STAFF: staff,
    TICKETS: tickets,
    CASES: case_list,
    TRAINING: training,
    USE: use,
    LOG: steps,
}
