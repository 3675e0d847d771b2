"""A draft as the mapping that a person corrects: YAML text, with what is open said where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from nytta.ingest.files import cells
from nytta.ingest.files.cells import Notation
from nytta.ingest.files.channels import channel, is_unknown
from nytta.ingest.files.column_names import called
from nytta.ingest.files.draft import Draft, drafted
from nytta.ingest.files.kinds import CASES, ENDS, LOG, STAFF, TICKETS, TRAINING, UNREAD, USE
from nytta.ingest.files.looks import Look, look
from nytta.ingest.files.mapping import Mapping as Described
from nytta.ingest.files.mapping import parse
from nytta.ingest.files.ocel import OBJECT
from nytta.ingest.files.steps import closings, robots

_LEADERS: Final = re.compile(
    r"chef|leder\b|leiar|rektor|manager|\bhead\b|director|direktør|direktör|sjef", re.IGNORECASE
)

_LETTERS: Final = re.compile(r"[A-Z]{1,3}")
"""Ids that count in letters, as a spreadsheet counts its columns."""
_WORDS: Final = 40
"""Words of a column that a mapping lists."""


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
    support (`support`) or which all are expected to use (`expected`). Of an object-centric log, `case` is the sort of
    objects that are its cases. What has no answer is left open, so that rows are rejected rather than read wrongly.
    """
    answered = dict(answers or {})
    if "case" in answered:
        draft = replace(draft, fields={**draft.fields, "case": f"{OBJECT}{answered['case']}"})
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
        names = [column if column.isprintable() else quoted(column) for column in unread_columns]
        lines += ["", f"# not read: {', '.join(names)}"]
    return "\n".join(lines) + "\n"


def unread(draft: Draft) -> list[str]:
    """Columns of the list that its mapping does not read."""
    fields = draft.fields
    read_columns = _read_columns(draft)
    if draft.kind == STAFF and "fte" in fields and not list(_fte(draft, fields["fte"])):
        read_columns -= {fields["fte"]}
    # of two ends the mapping reads one
    if "closed" in fields and draft.kind == CASES:
        read_columns -= {fields.get("decided", "")}
    if "resolved" in fields and draft.kind == TICKETS:
        read_columns -= {fields.get("closed", "")}
    return [column for column in draft.look.columns if column not in read_columns]


def _read_columns(draft: Draft) -> set[str]:
    return {column for role, column in draft.fields.items() if role not in UNREAD}


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
        yield f"dates: {{formats: {_list(dates.formats)}}}"
    elif dates != Notation():
        years = ", years: two" if dates.years == "two" else ""
        yield f"dates: {{order: {dates.order}{years}}}"
    if nulls := _nulls(draft):
        yield f"nulls: {_list(nulls)}"
    if draft.look.records:
        yield f"records: {quoted(draft.look.records)}"
    if draft.look.form == "table" and (table := list(_table(draft.look))):
        yield f"table: {{{', '.join(table)}}}"
    keys = [draft.fields[role] for role in _KEYS[draft.kind] if role in draft.fields]
    # several rows of a ticket or case have no identity that one of them could bear
    if draft.kind in (TICKETS, CASES) and not _has_row_of_its_own(draft, keys[-1]):
        return
    if keys:
        yield f"source: {answered.get('source', answered.get('id', draft.kind))}"
        yield f"identity: {_list(keys)}"
        yield "snapshot: true"


def _decided(dates: Sequence[Notation], answered: Mapping[str, str]) -> Notation | None:
    """The notation that cells or an answer decide; None where neither does."""
    orders = {notation.order for notation in dates}
    if len(orders) == 1:
        return dates[0]
    return next((notation for notation in dates if notation.order == answered.get("order")), None)


def _nulls(draft: Draft) -> list[str]:
    """Texts that stand for nothing in the columns that are read."""
    texts = {text.strip() for column in _read_columns(draft) for text in draft.look.cells(column)}
    null_texts = {text for text in texts if text and text.lower() in cells.MOST_NULL} - _ids_like_nulls(draft)
    return sorted(null_texts | _no_ends(draft) | _words_of_no_end(draft) | _unknown_ways(draft))


def _unknown_ways(draft: Draft) -> set[str]:
    """Words of a channel that nobody knows, by which no other column that is read says anything."""
    column = draft.fields.get("channel", "")
    words = {text.strip() for text in draft.look.cells(column) if is_unknown(text)}
    return words - {text.strip() for other in _read_columns(draft) - {column} for text in draft.look.cells(other)}


def _ids_like_nulls(draft: Draft) -> set[str]:
    """Ids of cases, such as NA between MZ and NB, by which no other column that is read says that it has nothing."""
    column = draft.fields.get("case", "")
    ids = {text.strip() for text in draft.look.cells(column)}
    if not ids or not all(_LETTERS.fullmatch(text) for text in ids):
        return set()
    others = _read_columns(draft) - {column}
    return ids - {text.strip() for other in others for text in draft.look.cells(other)}


def _words_of_no_end(draft: Draft) -> set[str]:
    """Words in columns of ends that say that there is none, unless another column means something by them."""
    ends = {column for role, column in draft.fields.items() if role in ENDS}
    words = {text for column in ends for text in cells.filled(draft.look.cells(column)) if cells.says_no_end(text)}
    other_columns = _read_columns(draft) - ends
    return words - {text.strip() for column in other_columns for text in draft.look.cells(column)}


def _no_ends(draft: Draft) -> set[str]:
    """Ends of employments that are none, such as 9999-12-31."""
    column = draft.fields.get("to", "")
    dates = draft.others.get(column, draft.dates)

    def is_no_end(text: str) -> bool:
        days = [cells.moment(notation, text) for notation in dates]
        return all(day is not None and day.year in cells.NO_END for day in days)

    return set(filter(is_no_end, cells.filled(draft.look.cells(column))))


def _table(look: Look) -> Iterator[str]:
    if cells.decimal_mark([look.cells(column) for column in look.columns]) == ",":
        yield 'decimal: ","'
    if look.above:
        yield f"skip_lines: {look.above}"
    if look.header_lines > 1:
        yield f"header_lines: {look.header_lines}"


_KEYS: Final = {
    STAFF: ("person", "unit", "from"),
    TICKETS: ("series", "ticket"),
    CASES: ("series", "case"),
    TRAINING: ("person", "course", "at"),
    USE: ("person", "app", "at"),
    LOG: (),
}


def _staff(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    fields = draft.fields
    # the first day is compared with both ends, which must be written in one notation
    is_comparable = "from" in fields and fields.get("to") not in draft.others
    first_date = answered.get("not_before", "") if is_comparable else ""
    yield _unit(draft, answered)
    if answered.get("system"):
        yield f"system: {{constant: {quoted(answered['system'])}}}"
    since = f"{{constant: {answered.get('since') or 'YYYY-MM-DD'}}}"
    if "from" in fields:
        since = _at(draft, fields["from"], answered, f"not_before: {first_date}" if first_date else "")
    yield f"time: {since}"
    yield f"actor: {quoted(fields['person'])}"
    yield "actor_kind: {constant: person}"
    yield ""
    membership = list(_membership(draft, answered, since, first_date))
    yield "events:"
    yield "  - " + membership[0].lstrip()
    yield from membership[1:]
    if "access" in fields:
        access = _answers_yes(draft, fields["access"])
        yield f"    account: {access}"
        yield f"    licence: {access}"
    systems = {answered.get("system", "")}
    for aim, remark in (("support", "everybody may ask for support there"), ("expected", "everybody is to use it")):
        for system in answered.get(aim, "").split():
            if system not in systems:
                yield f"  - also: {aim}_{re.sub(r'[^a-z0-9]', '_', system)}  # {remark}"
                yield f"    system: {{constant: {quoted(system)}}}"
                yield from membership
            systems.add(system)


def _membership(draft: Draft, answered: Mapping[str, str], since: str, first_date: str) -> Iterator[str]:
    """The event that somebody belongs to a unit, without its system."""
    fields = draft.fields
    yield "    type: people.eligibility"
    if first_date and "to" in fields:
        yield f"    when: {{field: {quoted(fields['to'])}, lasts_to: {first_date}}}  # figures begin then"
    if "role" in fields:
        role = quoted(fields["role"])
        yield f"    role: {role}"
        leaders = {text for text in cells.filled(draft.look.cells(fields["role"])) if _LEADERS.search(text)}
        if leaders:
            values = ", ".join(f"{quoted(leader)}: managers" for leader in sorted(leaders)[:_WORDS])
            yield f"    tier: {{field: {role}, values: {{{values}}}, otherwise: staff}}"
    if "fte" in fields:
        yield from _fte(draft, fields["fte"])
    yield f"    valid_from: {since}"
    if "to" in fields:
        # lists name the last day, events the day after it
        yield f"    valid_to: {_at(draft, fields['to'], answered, 'add_days: 1')}"


def _fte(draft: Draft, column: str) -> Iterator[str]:
    """The part of a full position in percent, where the cells are whole percents or parts of 1."""
    texts = cells.filled(draft.look.cells(column))
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


def _has_row_of_its_own(draft: Draft, number: str) -> bool:
    """Whether each ticket or case has one row."""
    return "series" in draft.fields or cells.are_unique(draft.look.cells(number))


def _number(draft: Draft, role: str) -> str:
    """The number of a ticket or case, with the series in which it is counted, where it says nothing alone."""
    if "series" not in draft.fields:
        return quoted(draft.fields[role])
    return f"{{join: {_list([draft.fields['series'], draft.fields[role]])}}}"


def _tickets(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    fields = draft.fields
    yield from _of_system(draft, answered)
    yield f"ticket: {_number(draft, 'ticket')}"
    yield from _shared(draft, ("category", "team"))
    yield ""
    yield "events:"
    once = _has_row_of_its_own(draft, fields["ticket"])
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
        are_counted = cells.are_counts(draft.look.cells(fields["reassignments"]))
        yield "  - also: reassigned" + ("" if are_counted else "  # the list says that it was, not how often")
        yield from _undated(draft, "ticket.assigned", "reassignments", _at(draft, fields["opened"], answered))
        if are_counted:
            yield f"    count: {quoted(fields['reassignments'])}"


def _cases(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    fields = draft.fields
    yield from _of_system(draft, answered)
    yield f"case: {_number(draft, 'case')}"
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
    # the list says that it was so, and not when: the event bears the day of opening
    if "returned" in fields and opened:
        yield "  - also: returned"
        yield from _undated(draft, "case.returned", "returned", moment)
        yield "    by_law: true"
        yield from of_event
    if "reopened" in fields and opened:
        yield "  - also: reopened  # the list does not say when"
        yield from _undated(draft, "case.returned", "reopened", moment)
        yield from of_event
    if "handovers" in fields and opened:
        yield "  - also: handed_over  # the list does not say when, nor from whom"
        yield from _undated(draft, "case.handover", "handovers", moment)
        yield f"    count: {quoted(fields['handovers'])}"
    end = fields.get("closed") or fields.get("decided")
    if end:
        yield from _end(draft, answered, end, "case", "closed")
        yield from of_event
        yield from _answer(draft, "end_to_end", "    end_to_end")


def _undated(draft: Draft, event_type: str, role: str, moment: str) -> Iterator[str]:
    """What a column says that happened."""
    yield f"    type: {event_type}"
    yield f"    when: {_happened(draft, draft.fields[role])}"
    yield f"    time: {moment}"


def _happened(draft: Draft, column: str) -> str:
    """The condition that a column of answers says yes, one of counts at least one, or one of words anything."""
    texts = draft.look.cells(column)
    if cells.are_counts(texts):
        return f"{{field: {quoted(column)}, at_least: 1}}"
    if cells.yes_words(texts) is None:
        return f"{{field: {quoted(column)}, present: true}}"
    return _answers_yes(draft, column)


def _answers_yes(draft: Draft, column: str) -> str:
    """The condition that a column of answers says yes."""
    return _is_one_of(column, cells.yes_words(draft.look.cells(column)) or ())


def _is_one_of(column: str, words: Sequence[str], filled: str = "") -> str:
    """The condition that a cell is one of these words, and that the column `filled` says something, where one is named.

    Where no such word occurs yet, the usual one stands for a person.
    """
    more = f", where: {{field: {quoted(filled)}, present: true}}" if filled else ""
    return f"{{field: {quoted(column)}, is: {_list(words or ['Ja'])}{more}}}"


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
    case = fields.get("case", "")
    # events of an object-centric log that are about no such object are left out
    about = case if draft.look.form == "ocel" else ""
    yield from _of_system(draft, answered)
    moment = _at(draft, fields["at"], answered) if "at" in fields else "time  # no column holds dates: which is it?"
    yield f"time: {moment}"
    yield ""
    yield "events:"
    yield f"  - type: {'case.step' if 'activity' in fields else 'case.opened'}"
    yield f"    case: {quoted(case)}" if case else "    case: case  # which column has its number?"
    if about:
        yield f"    when: {{field: {quoted(about)}, present: true}}"
    if "activity" in fields:
        yield f"    activity: {quoted(fields['activity'])}"
        if "actor" in fields:
            yield f"    actor: {quoted(fields['actor'])}"
            yield from (f"    {line}" for line in _robots(draft, "actor"))
    yield from (f"    {line}" for line in _shared(draft, ()))
    if case and "activity" in fields and (ends := closings(draft.look, case, fields["activity"])):
        yield "  - also: closed  # a case counts as opened at its first step"
        yield "    type: case.closed"
        yield f"    case: {quoted(case)}"
        yield f"    when: {_is_one_of(fields['activity'], ends, about)}"


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
        texts = sorted(set(cells.filled(draft.look.cells(fields["channel"]))) - _unknown_ways(draft))[:_WORDS]
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
        words = cells.affirmative(role, draft.look.cells(column)) or ()
        yield f"{name}: {_is_one_of(column, words)}"


def _at(draft: Draft, column: str, answered: Mapping[str, str], more: str = "") -> str:
    """A moment of a mapping, with its own notation where the file's other dates have another."""
    parts = [f"field: {quoted(column)}"]
    if column in draft.others:
        notation = _decided(draft.others[column], answered) or Notation()  # under which what is not decided is rejected
        if notation.formats:
            parts.append(f"formats: {_list(notation.formats)}")
        else:
            parts += ["formats: []", f"order: {notation.order}", f"years: {notation.years}"]
    if re.search(r"\b(utc|gmt)\b", called(column)):
        parts.append("zone: UTC")
    parts += [more] if more else []
    return quoted(column) if len(parts) == 1 else f"{{{', '.join(parts)}}}"


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(quoted, texts))}]"


def quoted(text: str) -> str:
    """As YAML reads it back, whatever it holds; a plain word as it is."""
    if re.fullmatch(r"[^\W\d][\w .-]*\w", text) and ": " not in text and " #" not in text:
        return text
    written = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08X}" for sign in written)
