"""The mapping of a list of steps, several of one case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nytta.ingest.files.draft import Draft
from nytta.ingest.files.lifecycle import Lifecycle, begun_steps, lifecycle_of
from nytta.ingest.files.mapping_lines.fields import (
    actor_kinds,
    is_one_of,
    moment,
    quoted,
    shared_fields,
    unit_and_system,
    yaml_list,
)
from nytta.ingest.files.rows import Row
from nytta.ingest.files.steps import closings


def steps(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    """Each step of a case, and its end where a step is called like one."""
    fields = draft.fields
    case = fields.get("case", "")
    # events of an object-centric log that are about no such object are left out
    about = case if draft.look.form == "ocel" else ""
    yield from unit_and_system(draft, answered)
    moment_source = (
        moment(draft, fields["at"], answered)
        if "at" in fields
        else "time  # no column holds dates: which is it?"
    )
    yield f"time: {moment_source}"
    yield ""
    counting, rows = _counted(draft, about)
    yield "events:"
    yield f"  - type: {'case.step' if 'activity' in fields else 'case.opened'}"
    yield f"    case: {quoted(case)}" if case else "    case: case  # which column has its number?"
    if counting:
        yield f"    when: {counting}  # a step has several rows, and counts once"
    elif about:
        yield f"    when: {{field: {quoted(about)}, present: true}}"
    if "activity" in fields:
        yield f"    activity: {quoted(fields['activity'])}"
        if "actor" in fields:
            yield f"    actor: {quoted(fields['actor'])}"
            yield from (f"    {yaml_line}" for yaml_line in actor_kinds(draft, "actor"))
    yield from (f"    {yaml_line}" for yaml_line in shared_fields(draft, ()))
    if counting:
        yield "  - also: opened  # with the first row of a case, be it the start of a step"
        yield "    type: case.opened"
        yield "    once: true"
        yield f"    case: {quoted(case)}"
        if about:
            yield f"    when: {{field: {quoted(about)}, present: true}}"
    if (
        case
        and "activity" in fields
        and (end_activities := closings(rows, case, fields["activity"]))
    ):
        yield "  - also: closed" + (
            "" if counting else "  # a case counts as opened at its first step"
        )
        yield "    type: case.closed"
        yield f"    case: {quoted(case)}"
        condition = is_one_of(fields["activity"], end_activities, "" if counting else about)
        yield (
            f"    when: {condition[:-1]}, where: {counting}}}"
            if counting
            else f"    when: {condition}"
        )


def _counted(draft: Draft, about: str) -> tuple[str, Sequence[Row]]:
    """The condition that a row is that by which its step counts, and such rows; "" and all where each row is a step."""
    fields, look = draft.fields, draft.look
    if not {"case", "activity"} <= fields.keys():
        return "", look.rows
    case, activity = fields["case"], fields["activity"]
    lifecycle = (
        lifecycle_of(look, case, activity, [fields["lifecycle"]]) if "lifecycle" in fields else None
    )
    if lifecycle:
        rows = [row for row in look.rows if lifecycle.counts(row, activity)]
        return _counting(lifecycle, activity, about), rows
    if begun := begun_steps(look, case, activity):
        condition = f"{{field: {quoted(activity)}, is_not: {yaml_list(begun)}}}"
        rows = [row for row in look.rows if row.get(activity, "").strip() not in begun]
        return _with(about, condition), rows
    return "", look.rows


def _with(about: str, condition: str) -> str:
    """The condition, and that the column `about` says something, where one is named."""
    return f"{{field: {quoted(about)}, present: true, where: {condition}}}" if about else condition


def _counting(lifecycle: Lifecycle, activity: str, about: str) -> str:
    """The condition that a row is that by which its step counts, and that the column `about` says something."""
    column = quoted(lifecycle.column)
    conditions = [f"field: {column}, is: {yaml_list(lifecycle.complete)}"]
    if lifecycle.open_steps:
        under_way = f"{{field: {column}, is: {yaml_list(lifecycle.under_way)}}}"
        conditions.append(
            f"field: {quoted(activity)}, is: {yaml_list(lifecycle.open_steps)}, where: {under_way}"
        )
    if not lifecycle.is_said_always:
        conditions.append(f"field: {column}, present: false")
    condition = ""
    for part in reversed(conditions):
        condition = f"{{{part}, or: {condition}}}" if condition else f"{{{part}}}"
    return _with(about, condition)
