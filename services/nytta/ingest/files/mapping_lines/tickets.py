"""The mapping of tickets of a service desk, one row a ticket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nytta.ingest.files import cells
from nytta.ingest.files.draft import Draft
from nytta.ingest.files.mapping_lines.fields import (
    actor_kinds,
    answer,
    end_event,
    has_row_of_its_own,
    moment,
    number,
    quoted,
    shared_fields,
    undated_event,
    unit_and_system,
)


def tickets(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    """That a ticket was opened, that it ended, and how often it was passed on."""
    fields = draft.fields
    yield from unit_and_system(draft, answered)
    yield f"ticket: {number(draft, 'ticket')}"
    yield from shared_fields(draft, ("category", "team"))
    yield ""
    yield "events:"
    once = has_row_of_its_own(draft, fields["ticket"])
    yield "  - type: ticket.opened"
    if not once:
        yield "    once: true"
    yield f"    time: {moment(draft, fields['opened'], answered)}"
    if "requester" in fields:
        yield f"    actor: {quoted(fields['requester'])}"
        yield from (f"    {yaml_line}" for yaml_line in actor_kinds(draft, "requester"))
    if end_columns := ends_of_tickets(draft):
        yield from end_event(draft, answered, end_columns, "ticket", "resolved")
        yield from answer(draft, "first_contact", "    first_contact")
    if "reassignments" in fields:
        are_counted = cells.are_counts(draft.look.cells(fields["reassignments"]))
        yield "  - also: reassigned" + (
            "" if are_counted else "  # the list says that it was, not how often"
        )
        yield from undated_event(
            draft, "ticket.assigned", "reassignments", moment(draft, fields["opened"], answered)
        )
        if are_counted:
            yield f"    count: {quoted(fields['reassignments'])}"


def ends_of_tickets(draft: Draft) -> list[str]:
    """The columns that say when tickets ended, of which the first counts that says something."""
    fields = draft.fields
    ends = [fields[role] for role in ("resolved", "closed") if role in fields]
    if len(ends) < 2:
        return ends
    resolved, closed = ends
    pairs = zip(draft.look.cells(resolved), draft.look.cells(closed), strict=True)
    are_closed_alone = any(
        _says_end(draft, when_closed) and not _says_end(draft, when) for when, when_closed in pairs
    )
    are_alike = draft.others.get(resolved) == draft.others.get(closed)
    return ends if are_alike and (are_closed_alone or not draft.look.is_whole) else [resolved]


def _says_end(draft: Draft, cell_text: str) -> bool:
    filled = cells.filled([cell_text])
    return bool(filled) and not cells.says_no_end(filled[0]) and filled[0] not in draft.no_dates
