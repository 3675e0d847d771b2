"""A draft as the mapping that a person corrects: YAML text, with what is open said where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from nytta.ingest.files import cells
from nytta.ingest.files.cells import Notation
from nytta.ingest.files.channels import channel
from nytta.ingest.files.column_names import called
from nytta.ingest.files.draft import CASES, ENDS, LOG, STAFF, TICKETS, TRAINING, UNREAD, USE, Draft, drafted
from nytta.ingest.files.looks import Look, look
from nytta.ingest.files.mapping import Mapping as Described
from nytta.ingest.files.mapping import parse
from nytta.ingest.files.steps import closings, robots

_LEADERS: Final = re.compile(
    r"chef|leder\b|leiar|rektor|manager|\bhead\b|director|direktør|direktör|sjef", re.IGNORECASE
)


def draft(path: Path, name: str, organisation: str, timezone: str, *, unpacked: int | None = None) -> str:
    """A mapping as YAML text for the file at `path`, which came under `name`.

    `organisation` and `timezone` are those under which its units are looked up. What could not be decided stands there
    as a question, and columns that nothing reads are listed. `InputError` where the file cannot be read; `unpacked` as
    in `files.opened`.
    """
    return text(drafted(look(path, name, unpacked)), organisation, timezone)


def text(draft: Draft, organisation: str, timezone: str, answers: Mapping[str, str] | None = None) -> str:
    """The mapping of a draft as YAML text.

    `answers` are those to its questions, and may name the mapping (`id`), its `system`, its `source`, the day from
    which staff are counted (`not_before`), and the systems, parted by spaces, in which all of the staff may ask for
    support (`support`) or which all are expected to use (`expected`). What has no answer is left open, so that rows are
    rejected rather than read wrongly.
    """
    answered = dict(answers or {})
    name = answered.get("id", "draft" if draft.kind == LOG else draft.kind)
    lines = [
        f"# {_SAYS[draft.kind]} Drafted from the columns: look at each line, and at the first rows.",
        f"id: {name}",
        f"title: {quoted(draft.look.name)}",
        f"format: {draft.look.form}",
        f"organisation: {{id: {quoted(organisation)}}}",
        f"timezone: {timezone}",
        *_written(draft, answered),
        "",
        *_BODIES[draft.kind](draft, answered),
    ]
    if unread_columns := unread(draft):
        lines += [
            "",
            f"# not read: {', '.join(column if column.isprintable() else quoted(column) for column in unread_columns)}",
        ]
    return "\n".join(lines) + "\n"


def unread(draft: Draft) -> list[str]:
    """Columns of the list that its mapping does not read."""
    taken_columns = {column for role, column in draft.fields.items() if role not in UNREAD}
    if draft.kind == STAFF and "fte" in draft.fields and not list(_fte(draft, draft.fields["fte"])):
        taken_columns -= {draft.fields["fte"]}
    if "closed" in draft.fields and draft.kind == CASES:
        taken_columns -= {draft.fields.get("decided")}
    if "resolved" in draft.fields and draft.kind == TICKETS:
        taken_columns -= {draft.fields.get("closed")}
    return [column for column in draft.look.columns if column not in taken_columns]


def mapping_of(draft: Draft, organisation: str, timezone: str, answers: Mapping[str, str] | None = None) -> Described:
    """The mapping of a draft."""
    return parse(text(draft, organisation, timezone, answers), "draft.yaml")


_SAYS: Final = {
    STAFF: "A staff list: who belongs to which unit.",
    TICKETS: "Tickets of a service desk, one row a ticket.",
    CASES: "Cases.",
    TRAINING: "Courses that persons completed.",
    USE: "Use of an application.",
    LOG: "A list of steps.",
}


def _written(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    """How the file writes dates and numbers, and by what its rows are known."""
    dates = _decided(draft.dates, answered)
    if dates is None:
        yield "# dates: {order: day-first}  # or month-first? Nothing in the file decides; until then rows are rejected"
    elif dates.formats:
        yield f"dates: {{formats: [{', '.join(map(quoted, dates.formats))}]}}"
    elif dates != Notation():
        years = ", years: two" if dates.years == "two" else ""
        yield f"dates: {{order: {dates.order}{years}}}"
    if nulls := _nulls(draft):
        yield f"nulls: [{', '.join(map(quoted, nulls))}]"
    if draft.look.records:
        yield f"records: {quoted(draft.look.records)}"
    if draft.look.form == "table" and (table := list(_table(draft.look))):
        yield f"table: {{{', '.join(table)}}}"
    keys = [draft.fields[role] for role in _KEYS[draft.kind] if role in draft.fields]
    if draft.kind in (TICKETS, CASES) and not cells.are_unique(draft.look.cells(keys[0])):
        keys = []
    if keys and draft.kind != LOG:
        yield f"source: {answered.get('source', answered.get('id', draft.kind))}"
        yield f"identity: [{', '.join(map(quoted, keys))}]"
        yield "snapshot: true"


def _decided(dates: Sequence[Notation], answered: Mapping[str, str]) -> Notation | None:
    """The notation that cells or an answer decide; None where neither does."""
    if len({notation.order for notation in dates}) == 1:
        return dates[0]
    return next((notation for notation in dates if notation.order == answered.get("order")), None)


def _nulls(draft: Draft) -> list[str]:
    """Texts that stand for nothing in the columns that are read."""
    column_cells = [draft.look.cells(column) for role, column in draft.fields.items() if role not in UNREAD]
    null_texts = {
        text.strip() for texts in column_cells for text in texts if text.strip().lower() in cells.MOST_NULL
    } - {""}
    return sorted(null_texts | _no_ends(draft) | _words_of_no_end(draft))


def _words_of_no_end(draft: Draft) -> set[str]:
    """Words in columns of ends that say that there is none, unless another column means something by them."""
    ends = {column for role, column in draft.fields.items() if role in ENDS}
    words = {text for column in ends for text in cells.said(draft.look.cells(column)) if cells.says_no_end(text)}
    others = {column for role, column in draft.fields.items() if role not in UNREAD} - ends
    return words - {text.strip() for column in others for text in draft.look.cells(column)}


def _no_ends(draft: Draft) -> set[str]:
    """Ends of employments that are none, such as 9999-12-31."""
    column = draft.fields.get("to", "")
    dates = draft.others.get(column, draft.dates)
    texts = cells.said(draft.look.cells(column))
    return {
        text
        for text in texts
        if all((day := cells.moment(notation, text)) is not None and day.year in cells.NO_END for notation in dates)
    }


def _table(look: Look) -> Iterator[str]:
    if cells.decimal_mark([look.cells(column) for column in look.columns]) == ",":
        yield 'decimal: ","'
    if look.above:
        yield f"skip_lines: {look.above}"
    if look.header_lines > 1:
        yield f"header_lines: {look.header_lines}"


_KEYS: Final = {
    STAFF: ("person", "unit", "from"),
    TICKETS: ("ticket",),
    CASES: ("case",),
    TRAINING: ("person", "course", "at"),
    USE: ("person", "app", "at"),
    LOG: (),
}


def _staff(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    fields = draft.fields
    first_date = answered.get("not_before", "") if "from" in fields and fields.get("to") not in draft.others else ""
    yield _unit(draft, answered)
    if answered.get("system"):
        yield f"system: {{constant: {quoted(answered['system'])}}}"
    not_before = f"not_before: {first_date}" if first_date else ""
    since = (
        _at(draft, fields["from"], answered, not_before)
        if "from" in fields
        else f"{{constant: {answered.get('since') or 'YYYY-MM-DD'}}}"
    )
    yield f"time: {since}"
    yield f"actor: {quoted(fields['person'])}"
    yield "actor_kind: {constant: person}"
    yield ""
    membership = ["    type: people.eligibility"]
    if first_date and "to" in fields:
        membership.append(f"    when: {{field: {quoted(fields['to'])}, lasts_to: {first_date}}}  # figures begin then")
    if "role" in fields:
        leaders = sorted({text for text in cells.said(draft.look.cells(fields["role"])) if _LEADERS.search(text)})[:40]
        membership.append(f"    role: {quoted(fields['role'])}")
        if leaders:
            values = ", ".join(f"{quoted(leader)}: managers" for leader in leaders)
            membership.append(f"    tier: {{field: {quoted(fields['role'])}, values: {{{values}}}, otherwise: staff}}")
    if "fte" in fields:
        membership += _fte(draft, fields["fte"])
    membership.append(f"    valid_from: {since}")
    if "to" in fields:
        membership.append(f"    valid_to: {_at(draft, fields['to'], answered, 'add_days: 1')}")
    yield "events:"
    yield "  - " + membership[0].lstrip()
    yield from membership[1:]
    if "access" in fields:
        yes_words = cells.yes_words(draft.look.cells(fields["access"])) or []
        answer = f"{{field: {quoted(fields['access'])}, is: [{', '.join(map(quoted, yes_words or ['Ja']))}]}}"
        yield f"    account: {answer}"
        yield f"    licence: {answer}"
    named = {answered.get("system", "")}
    for aim, remark in (("support", "everybody may ask for support there"), ("expected", "everybody is to use it")):
        for system in answered.get(aim, "").split():
            if system not in named:
                yield f"  - also: {aim}_{re.sub(r'[^a-z0-9]', '_', system)}  # {remark}"
                yield f"    system: {{constant: {quoted(system)}}}"
                yield from membership
            named.add(system)


def _fte(draft: Draft, column: str) -> Iterator[str]:
    """The part of a full position in percent, where the cells are whole percents or parts of 1."""
    texts = cells.said(draft.look.cells(column))
    try:
        numbers = [float(text.replace("%", "").replace(" ", "").replace(",", ".")) for text in texts]
    except ValueError:
        return
    if any("%" in text for text in texts):
        return
    if max(numbers) <= 1 and any(round(number * 100, 6) % 1 for number in numbers):
        return  # parts of a percent, which events do not hold
    if max(numbers) <= 1:
        yield f"    fte: {{field: {quoted(column)}, times: 100}}"
    elif all(number == int(number) and 1 <= number <= 100 for number in numbers):
        yield f"    fte: {quoted(column)}"


def _tickets(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    fields = draft.fields
    yield from _of_system(draft, answered)
    yield f"ticket: {quoted(fields['ticket'])}"
    yield from _shared(draft, ("category", "team"))
    yield ""
    yield "events:"
    once = cells.are_unique(draft.look.cells(fields["ticket"]))
    yield "  - type: ticket.opened"
    if not once:
        yield "    once: true"
    yield f"    time: {_at(draft, fields['opened'], answered)}"
    if "requester" in fields:
        yield f"    actor: {quoted(fields['requester'])}"
        yield from (f"    {line}" for line in _robots(draft, "requester"))
    end = fields.get("resolved") or fields.get("closed")
    if end:
        yield from _end(draft, answered, end, "ticket", "resolved")
        yield from _answer(draft, "first_contact", "    first_contact")
    if "reassignments" in fields:
        column = quoted(fields["reassignments"])
        are_counted = cells.are_counts(draft.look.cells(fields["reassignments"]))
        yield "  - also: reassigned" + ("" if are_counted else "  # the list says that it was, not how often")
        yield "    type: ticket.assigned"
        yield f"    when: {_happened(draft, fields['reassignments'])}"
        yield f"    time: {_at(draft, fields['opened'], answered)}"
        if are_counted:
            yield f"    count: {column}"


def _cases(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    fields = draft.fields
    yield from _of_system(draft, answered)
    yield f"case: {quoted(fields['case'])}"
    if "case_type" in fields:
        yield f"case_type: {quoted(fields['case_type'])}"
    # a number of handovers says nothing of whoever has the case now, so it must not stand as an act of theirs
    actor = [f"actor: {quoted(fields['actor'])}", *_robots(draft, "actor")] if "actor" in fields else []
    of_event = [f"    {line}" for line in actor] if "handovers" in fields else []
    if not of_event:
        yield from actor
    yield from _shared(draft, ())
    yield ""
    yield "events:"
    if "activity" in fields and "at" in fields and not cells.are_unique(draft.look.cells(fields["case"])):
        yield "  - type: case.step"
        yield f"    time: {_at(draft, fields['at'], answered)}"
        yield f"    activity: {quoted(fields['activity'])}"
        return
    opened = fields.get("opened") or fields.get("at")
    yield "  - type: case.opened"
    moment = _at(draft, opened, answered) if opened else "{field: time}  # no column holds the date of opening"
    yield f"    time: {moment}"
    yield from of_event
    if "returned" in fields and opened:
        yield "  - also: returned"
        yield "    type: case.returned"
        yield f"    when: {_happened(draft, fields['returned'])}"
        yield f"    time: {_at(draft, opened, answered)}"
        yield "    by_law: true"
        yield from of_event
    if "reopened" in fields and opened:
        yield "  - also: reopened  # the list does not say when"
        yield "    type: case.returned"
        yield f"    when: {_happened(draft, fields['reopened'])}"
        yield f"    time: {_at(draft, opened, answered)}"
        yield from of_event
    if "handovers" in fields and opened:
        yield "  - also: handed_over  # the list does not say when, nor from whom"
        yield "    type: case.handover"
        yield f"    when: {_happened(draft, fields['handovers'])}"
        yield f"    time: {_at(draft, opened, answered)}"
        yield f"    count: {quoted(fields['handovers'])}"
    end = fields.get("closed") or fields.get("decided")
    if end:
        yield from _end(draft, answered, end, "case", "closed")
        yield from of_event
        yield from _answer(draft, "end_to_end", "    end_to_end")


def _happened(draft: Draft, column: str) -> str:
    """The condition that a column of answers says yes, one of counts at least one, or one of words anything."""
    texts = draft.look.cells(column)
    if cells.are_counts(texts):
        return f"{{field: {quoted(column)}, at_least: 1}}"
    yes_words = cells.yes_words(texts)
    if yes_words is None:
        return f"{{field: {quoted(column)}, present: true}}"
    return f"{{field: {quoted(column)}, is: [{', '.join(map(quoted, yes_words or ['Ja']))}]}}"


def _training(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    fields = draft.fields
    yield _unit(draft, answered)
    yield f"time: {_at(draft, fields['at'], answered)}"
    yield f"actor: {quoted(fields['person'])}"
    yield "actor_kind: {constant: person}"
    yield ""
    yield "events:"
    yield "  - type: change.training"
    yield from _answer(draft, "done", "    when")
    yield f"    course: {quoted(fields['course'])}"


def _use(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    fields = draft.fields
    yield from _of_system(draft, answered)
    yield f"time: {_at(draft, fields['at'], answered)}"
    yield f"actor: {quoted(fields['person'])}"
    yield ""
    yield "events:"
    yield "  - type: platform.session"
    yield from _answer(draft, "done", "    when")
    if "app" in fields:
        yield f"    app: {quoted(fields['app'])}"


def _steps(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    fields = draft.fields
    yield from _of_system(draft, answered)
    yield (
        f"time: {_at(draft, fields['at'], answered)}"
        if "at" in fields
        else "time: time  # no column holds dates: which is it?"
    )
    yield ""
    yield "events:"
    yield f"  - type: {'case.step' if 'activity' in fields else 'case.opened'}"
    yield f"    case: {quoted(fields.get('case', draft.look.columns[0]))}"
    if "activity" in fields:
        yield f"    activity: {quoted(fields['activity'])}"
        if "actor" in fields:
            yield f"    actor: {quoted(fields['actor'])}"
            yield from (f"    {line}" for line in _robots(draft, "actor"))
    yield from (f"    {line}" for line in _shared(draft, ()))
    if {"case", "activity"} <= fields.keys() and (ends := closings(draft.look, fields["case"], fields["activity"])):
        yield "  - also: closed  # a case counts as opened at its first step"
        yield "    type: case.closed"
        yield f"    case: {quoted(fields['case'])}"
        yield f"    when: {{field: {quoted(fields['activity'])}, is: [{', '.join(map(quoted, ends))}]}}"


_BODIES: Final = {
    STAFF: _staff,
    TICKETS: _tickets,
    CASES: _cases,
    TRAINING: _training,
    USE: _use,
    LOG: _steps,
}


def _of_system(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    """The unit of each row and the system of the whole list."""
    yield _unit(draft, answered)
    yield f"system: {{constant: {quoted(answered.get('system', 'system'))}}}" + _open(answered, "system")


def _end(draft: Draft, answered: Mapping[str, str], column: str, subject: str, remark: str) -> Iterator[str]:
    """The event with which a ticket or case ends, where the column of its moment is filled in."""
    yield f"  - also: {remark}"
    yield f"    type: {subject}.{remark}"
    yield f"    when: {{field: {quoted(column)}, present: true}}"
    yield f"    time: {_at(draft, column, answered)}"


def _unit(draft: Draft, answered: Mapping[str, str]) -> str:
    if "unit" in draft.fields:
        return f"unit: {quoted(draft.fields['unit'])}"
    return f"unit: {{constant: {quoted(answered.get('unit') or 'unit')}}}" + _open(answered, "unit")


def _open(answered: Mapping[str, str], subject: str) -> str:
    remarks = {"system": "the system's id in the registry", "unit": "no column: the unit's code"}
    return "" if answered.get(subject) else f"  # {remarks[subject]}"


def _shared(draft: Draft, plain: Sequence[str]) -> Iterator[str]:
    """The channel, and fields that are taken as they are."""
    fields = draft.fields
    if "channel" in fields:
        texts = sorted(set(cells.said(draft.look.cells(fields["channel"]))))[:40]
        values = ", ".join(f"{quoted(text)}: {channel(text)}" for text in texts)
        yield f"channel: {{field: {quoted(fields['channel'])}, values: {{{values}}}, otherwise: other}}"
    for role in plain:
        if role in fields:
            yield f"{role}: {quoted(fields[role])}"


def _robots(draft: Draft, role: str) -> Iterator[str]:
    """Which actors are no persons, where some are called like accounts behind which nobody sits."""
    column = draft.fields[role]
    if pattern := robots(draft.look.cells(column)):
        yield f"actor_kind: {{field: {quoted(column)}, patterns: {{{quoted(pattern)}: system}}, otherwise: person}}"


def _answer(draft: Draft, role: str, name: str) -> Iterator[str]:
    if role in draft.fields:
        column = draft.fields[role]
        yes_words = cells.affirmative(role, draft.look.cells(column)) or []
        yield f"{name}: {{field: {quoted(column)}, is: [{', '.join(map(quoted, yes_words or ['Ja']))}]}}"


def _at(draft: Draft, column: str, answered: Mapping[str, str], more: str = "") -> str:
    """A moment of a mapping, with its own notation where the file's other dates have another."""
    parts = [f"field: {quoted(column)}"]
    if column in draft.others:
        notation = _decided(draft.others[column], answered) or Notation()  # under which what is not decided is rejected
        if notation.formats:
            parts.append(f"formats: [{', '.join(map(quoted, notation.formats))}]")
        else:
            parts += ["formats: []", f"order: {notation.order}", f"years: {notation.years}"]
    if re.search(r"\b(utc|gmt)\b", called(column)):
        parts.append("zone: UTC")
    parts += [more] if more else []
    return quoted(column) if len(parts) == 1 else f"{{{', '.join(parts)}}}"


def quoted(text: str) -> str:
    """As YAML reads it back, whatever it holds; a plain word as it is."""
    if re.fullmatch(r"[^\W\d][\w .-]*\w", text) and ": " not in text and " #" not in text:
        return text
    written = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08X}" for sign in written)
