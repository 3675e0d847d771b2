"""The mapping of a list of cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nytta.ingest.files import cells
from nytta.ingest.files.draft import Draft
from nytta.ingest.files.mapping_lines.fields import (
    actor_kinds,
    answer,
    end_event,
    moment,
    number,
    quoted,
    shared_fields,
    undated_event,
    unit_and_system,
)


def case_list(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    """That a case was opened, what happened to it as far as columns say, and that it was closed."""
    fields = draft.fields
    yield from unit_and_system(draft, answered)
    yield f"case: {number(draft, 'case')}"
    if "case_type" in fields:
        yield f"case_type: {quoted(fields['case_type'])}"
    # a number of handovers says nothing of whoever has the case now, so it must not stand as an act of theirs
    actor = (
        [f"actor: {quoted(fields['actor'])}", *actor_kinds(draft, "actor")]
        if "actor" in fields
        else []
    )
    of_event = [f"    {yaml_line}" for yaml_line in actor] if "handovers" in fields else []
    if not of_event:
        yield from actor
    yield from shared_fields(draft, ())
    yield ""
    yield "events:"
    if (
        "activity" in fields
        and "at" in fields
        and not cells.are_unique(draft.look.cells(fields["case"]))
    ):
        yield "  - type: case.step"
        yield f"    time: {moment(draft, fields['at'], answered)}"
        yield f"    activity: {quoted(fields['activity'])}"
        return
    opened = fields.get("opened") or fields.get("at")
    yield "  - type: case.opened"
    moment_source = (
        moment(draft, opened, answered)
        if opened
        else "{field: time}  # no column holds the date of opening"
    )
    yield f"    time: {moment_source}"
    yield from of_event
    # the list says that it was so, and not when: the event bears the day of opening
    if "returned" in fields and opened:
        yield "  - also: returned"
        yield from undated_event(draft, "case.returned", "returned", moment_source)
        yield "    by_law: true"
        yield from of_event
    if "reopened" in fields and opened:
        yield "  - also: reopened  # the list does not say when"
        yield from undated_event(draft, "case.returned", "reopened", moment_source)
        yield from of_event
    if "handovers" in fields and opened:
        yield "  - also: handed_over  # the list does not say when, nor from whom"
        yield from undated_event(draft, "case.handover", "handovers", moment_source)
        yield f"    count: {quoted(fields['handovers'])}"
    end_column = fields.get("closed") or fields.get("decided")
    if end_column:
        yield from end_event(draft, answered, [end_column], "case", "closed")
        yield from of_event
        yield from answer(draft, "end_to_end", "    end_to_end")
