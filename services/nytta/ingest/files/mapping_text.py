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
from nytta.ingest.files.draft import Draft, drafted_file
from nytta.ingest.files.field_columns import product_used_last
from nytta.ingest.files.kinds import CASES, ENDS, LOG, STAFF, TICKETS, TRAINING, UNREAD, USE
from nytta.ingest.files.lifecycle import Lifecycle, begun_steps, lifecycle_of
from nytta.ingest.files.listed_units import slug
from nytta.ingest.files.mapping import Mapping as Described
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.files.no_persons import no_persons
from nytta.ingest.files.ocel import OBJECT
from nytta.ingest.files.rows import Row
from nytta.ingest.files.steps import closings

_LEADERS: Final = re.compile(
    r"chef|leder\b|leiar|rektor|manager|\bhead\b|director|direktør|direktör|sjef", re.IGNORECASE
)

_LETTERS: Final = re.compile(r"[A-Z]{1,3}")
"""Ids that count in letters, as a spreadsheet counts its columns."""
_WORDS: Final = 40
"""Words of a column that a mapping lists."""


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
        f"# {_SAYS[draft.kind]} Drafted from the columns: look at each line, and at the first rows.",
        f"id: {list_name}",
        f"title: {quoted(draft.look.name)}",
        f"format: {draft.look.form}",
        f"organisation: {{id: {quoted(organisation)}}}",
        f"timezone: {timezone}",
        *_written(draft, answered),
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
    read_columns = _read_columns(draft)
    if draft.kind == STAFF and "fte" in fields and not list(_fte(draft, fields["fte"])):
        read_columns -= {fields["fte"]}
    # of two ends the mapping reads one
    if "closed" in fields and draft.kind == CASES:
        read_columns -= {fields.get("decided", "")}
    if draft.kind == TICKETS and "resolved" in fields:
        read_columns -= {fields.get("closed", "")} - set(_ends_of_tickets(draft))
    return [column for column in draft.look.columns if column not in read_columns]


def _read_columns(draft: Draft) -> set[str]:
    return {column for role, column in draft.fields.items() if role not in UNREAD} | set(
        _products(draft)
    )


def mapping_of(
    draft: Draft, organisation: str, timezone: str, answers: Mapping[str, str] | None = None
) -> Described:
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
    date_orders = _decided(draft.dates, answered)
    if date_orders is None:
        yield "# dates: {order: day-first}  # or month-first? Nothing in the file decides; until then rows are rejected"
    elif date_orders.formats:
        yield f"dates: {{formats: {_list(date_orders.formats)}}}"
    elif date_orders != Notation():
        years = ", years: two" if date_orders.years == "two" else ""
        yield f"dates: {{order: {date_orders.order}{years}}}"
    if nulls := _nulls(draft):
        yield f"nulls: {_list(nulls)}"
    if draft.look.records:
        yield f"records: {quoted(draft.look.records)}"
    if draft.look.form == "table" and (table := list(_table(draft))):
        yield f"table: {{{', '.join(table)}}}"
    keys = [draft.fields[role] for role in _KEYS[draft.kind] if role in draft.fields]
    if _products(draft):
        keys = [draft.fields["person"]]
    # several rows of a ticket or case have no identity that one of them could bear
    if draft.kind in (TICKETS, CASES) and not _has_row_of_its_own(draft, keys[-1]):
        return
    if keys:
        yield f"source: {answered.get('source', answered.get('id', draft.kind))}"
        yield f"identity: {_list(keys)}"
        yield "snapshot: true"


def _decided(notations: Sequence[Notation], answered: Mapping[str, str]) -> Notation | None:
    """The notation that cells or an answer decide; None where neither does."""
    orders = {notation.order for notation in notations}
    if len(orders) == 1:
        return notations[0]
    return next(
        (notation for notation in notations if notation.order == answered.get("order")), None
    )


def _nulls(draft: Draft) -> list[str]:
    """Texts that stand for nothing in the columns that are read."""
    cell_texts = {
        cell_text.strip() for column in _read_columns(draft) for cell_text in draft.texts(column)
    }
    null_texts = {
        cell_text for cell_text in cell_texts if cell_text and cell_text.lower() in cells.MOST_NULL
    } - _ids_like_nulls(draft)
    return sorted(null_texts | set(draft.no_dates) | _words_of_no_end(draft) | _unknown_ways(draft))


def _unknown_ways(draft: Draft) -> set[str]:
    """Words of a channel that nobody knows, by which no other column that is read says anything."""
    column = draft.fields.get("channel", "")
    unknown_words = {
        cell_text.strip() for cell_text in draft.texts(column) if is_unknown(cell_text)
    }
    return unknown_words - {
        cell_text.strip()
        for other_column in _read_columns(draft) - {column}
        for cell_text in draft.look.cells(other_column)
    }


def _ids_like_nulls(draft: Draft) -> set[str]:
    """Ids of cases, such as NA between MZ and NB, by which no other column that is read says that it has nothing."""
    column = draft.fields.get("case", "")
    ids = {cell_text.strip() for cell_text in draft.look.cells(column)}
    if not ids or not all(_LETTERS.fullmatch(cell_text) for cell_text in ids):
        return set()
    others = _read_columns(draft) - {column}
    return ids - {
        cell_text.strip() for other_column in others for cell_text in draft.look.cells(other_column)
    }


def _words_of_no_end(draft: Draft) -> set[str]:
    """Words in columns of ends that say that there is none, unless another column means something by them."""
    end_columns = {column for role, column in draft.fields.items() if role in ENDS}
    unknown_words = {
        cell_text
        for column in end_columns
        for cell_text in cells.filled(draft.texts(column))
        if cells.says_no_end(cell_text)
    }
    other_columns = _read_columns(draft) - end_columns
    return unknown_words - {
        cell_text.strip() for column in other_columns for cell_text in draft.look.cells(column)
    }


def _table(draft: Draft) -> Iterator[str]:
    look = draft.look
    read_columns = _read_columns(draft)
    objects = [
        column
        for column in look.objects
        if any(name.startswith(f"{column}/") for name in read_columns)
    ]
    if objects:
        yield f"objects: {_list(objects)}"
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
    since_field = f"{{constant: {answered.get('since') or 'YYYY-MM-DD'}}}"
    if "from" in fields:
        since_field = _at(
            draft, fields["from"], answered, f"not_before: {first_date}" if first_date else ""
        )
    yield f"time: {since_field}"
    yield f"actor: {quoted(fields['person'])}"
    yield "actor_kind: {constant: person}"
    yield ""
    membership = list(_membership(draft, answered, since_field, first_date))
    yield "events:"
    yield "  - " + membership[0].lstrip()
    yield from membership[1:]
    if "access" in fields:
        access = _answers_yes(draft, fields["access"])
        yield f"    account: {access}"
        yield f"    licence: {access}"
    systems = {answered.get("system", "")}
    for aim, explanation in (
        ("support", "everybody may ask for support there"),
        ("expected", "everybody is to use it"),
    ):
        for system in answered.get(aim, "").split():
            if system not in systems:
                yield f"  - also: {aim}_{re.sub(r'[^a-z0-9]', '_', system)}  # {explanation}"
                yield f"    system: {{constant: {quoted(system)}}}"
                yield from membership
            systems.add(system)


def _membership(
    draft: Draft, answered: Mapping[str, str], since_field: str, first_date: str
) -> Iterator[str]:
    """The event that somebody belongs to a unit, without its system."""
    fields = draft.fields
    yield "    type: people.eligibility"
    condition = _employed(draft)
    if first_date and "to" in fields:
        lasting = f"field: {quoted(fields['to'])}, lasts_to: {first_date}"
        lasting += f", where: {condition}" if condition else ""
        yield f"    when: {{{lasting}}}  # figures begin then"
    elif condition:
        yield f"    when: {condition}"
    if "role" in fields:
        role = quoted(fields["role"])
        yield f"    role: {role}"
        leaders = {
            cell_text
            for cell_text in cells.filled(draft.texts(fields["role"]))
            if _LEADERS.search(cell_text)
        }
        if leaders:
            leader_mappings = ", ".join(
                f"{quoted(leader)}: managers" for leader in sorted(leaders)[:_WORDS]
            )
            yield f"    tier: {{field: {role}, values: {{{leader_mappings}}}, otherwise: staff}}"
    if "fte" in fields:
        yield from _fte(draft, fields["fte"])
    yield f"    valid_from: {since_field}"
    if "to" in fields:
        # lists name the last day, events the day after it
        yield f"    valid_to: {_at(draft, fields['to'], answered, 'add_days: 1')}"


def _employed(draft: Draft) -> str:
    """The condition that somebody has not left, where a column says it; "" where none does."""
    column = draft.fields.get("employed", "")
    words = cells.words_of_leaving(draft.texts(column)) if column else None
    return f"{{field: {quoted(column)}, is_not: {_list(words)}}}" if words else ""


def _fte(draft: Draft, column: str) -> Iterator[str]:
    """The part of a full position in percent, where the cells are whole percents or parts of 1."""
    cell_texts = cells.filled(draft.look.cells(column))
    try:
        shares = [
            float(cell_text.replace("%", "").replace(" ", "").replace(",", "."))
            for cell_text in cell_texts
        ]
    except ValueError:
        return
    if any("%" in cell_text for cell_text in cell_texts):
        return
    if max(shares) <= 1 and any(round(share * 100, 6) % 1 for share in shares):
        return  # parts of a percent, which events do not hold
    if max(shares) <= 1:
        yield f"    fte: {{field: {quoted(column)}, times: 100}}"
    elif all(share == int(share) and 1 <= share <= 100 for share in shares):
        yield f"    fte: {quoted(column)}"


def _has_row_of_its_own(draft: Draft, role: str) -> bool:
    """Whether each ticket or case has one row."""
    return "series" in draft.fields or cells.are_unique(draft.look.cells(role))


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
        yield from (f"    {yaml_line}" for yaml_line in _no_persons(draft, "requester"))
    if end_columns := _ends_of_tickets(draft):
        yield from _end(draft, answered, end_columns, "ticket", "resolved")
        yield from _answer(draft, "first_contact", "    first_contact")
    if "reassignments" in fields:
        are_counted = cells.are_counts(draft.look.cells(fields["reassignments"]))
        yield "  - also: reassigned" + (
            "" if are_counted else "  # the list says that it was, not how often"
        )
        yield from _undated(
            draft, "ticket.assigned", "reassignments", _at(draft, fields["opened"], answered)
        )
        if are_counted:
            yield f"    count: {quoted(fields['reassignments'])}"


def _cases(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    fields = draft.fields
    yield from _of_system(draft, answered)
    yield f"case: {_number(draft, 'case')}"
    if "case_type" in fields:
        yield f"case_type: {quoted(fields['case_type'])}"
    # a number of handovers says nothing of whoever has the case now, so it must not stand as an act of theirs
    actor = (
        [f"actor: {quoted(fields['actor'])}", *_no_persons(draft, "actor")]
        if "actor" in fields
        else []
    )
    of_event = [f"    {yaml_line}" for yaml_line in actor] if "handovers" in fields else []
    if not of_event:
        yield from actor
    yield from _shared(draft, ())
    yield ""
    yield "events:"
    if (
        "activity" in fields
        and "at" in fields
        and not cells.are_unique(draft.look.cells(fields["case"]))
    ):
        yield "  - type: case.step"
        yield f"    time: {_at(draft, fields['at'], answered)}"
        yield f"    activity: {quoted(fields['activity'])}"
        return
    opened = fields.get("opened") or fields.get("at")
    yield "  - type: case.opened"
    moment_source = (
        _at(draft, opened, answered)
        if opened
        else "{field: time}  # no column holds the date of opening"
    )
    yield f"    time: {moment_source}"
    yield from of_event
    # the list says that it was so, and not when: the event bears the day of opening
    if "returned" in fields and opened:
        yield "  - also: returned"
        yield from _undated(draft, "case.returned", "returned", moment_source)
        yield "    by_law: true"
        yield from of_event
    if "reopened" in fields and opened:
        yield "  - also: reopened  # the list does not say when"
        yield from _undated(draft, "case.returned", "reopened", moment_source)
        yield from of_event
    if "handovers" in fields and opened:
        yield "  - also: handed_over  # the list does not say when, nor from whom"
        yield from _undated(draft, "case.handover", "handovers", moment_source)
        yield f"    count: {quoted(fields['handovers'])}"
    end_column = fields.get("closed") or fields.get("decided")
    if end_column:
        yield from _end(draft, answered, [end_column], "case", "closed")
        yield from of_event
        yield from _answer(draft, "end_to_end", "    end_to_end")


def _undated(draft: Draft, event_type: str, role: str, moment_source: str) -> Iterator[str]:
    """What a column says that happened."""
    yield f"    type: {event_type}"
    yield f"    when: {_happened(draft, draft.fields[role])}"
    yield f"    time: {moment_source}"


def _happened(draft: Draft, column: str) -> str:
    """The condition that a column of answers says yes, one of counts at least one, or one of words anything."""
    cell_texts = draft.look.cells(column)
    if cells.are_counts(cell_texts):
        return f"{{field: {quoted(column)}, at_least: 1}}"
    if cells.yes_words(cell_texts) is None:
        return f"{{field: {quoted(column)}, present: true}}"
    return _answers_yes(draft, column)


def _answers_yes(draft: Draft, column: str) -> str:
    """The condition that a column of answers says yes."""
    return _is_one_of(column, cells.yes_words(draft.texts(column)) or ())


def _is_one_of(column: str, words: Sequence[str], filled: str = "") -> str:
    """The condition that a cell is one of these words, and that the column `filled` says something, where one is named.

    Where no such word occurs yet, the usual one stands for a person.
    """
    condition = f", where: {{field: {quoted(filled)}, present: true}}" if filled else ""
    return f"{{field: {quoted(column)}, is: {_list(words or ['Ja'])}{condition}}}"


def _training(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    fields = draft.fields
    yield _unit(draft, answered)
    yield f"time: {_at(draft, fields['at'], answered)}"
    yield f"actor: {quoted(fields['person'])}"
    yield "actor_kind: {constant: person}"
    yield ""
    yield "events:"
    yield "  - type: change.training"
    yield from _done(draft)
    yield f"    course: {quoted(fields['course'])}"


def _use(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    fields = draft.fields
    yield from _of_system(draft, answered)
    if products := _products(draft):
        yield f"actor: {quoted(fields['person'])}"
        yield from _no_persons(draft, "person")
        yield ""
        yield "events:"
        for share, (column, product) in enumerate(products.items()):
            word = "" if share == 0 else f"also: {slug(product).replace('-', '_')}\n    "
            yield f"  - {word}type: platform.session"
            # a later report says later days, which take nothing back
            yield f"    identity: {_list([fields['person'], column])}"
            yield f"    when: {{field: {quoted(column)}, present: true}}"
            yield f"    time: {_at(draft, column, answered)}"
            yield f"    app: {{constant: {quoted(product)}}}"
        return
    yield f"time: {_at(draft, fields['at'], answered)}"
    yield f"actor: {quoted(fields['person'])}"
    yield from _no_persons(draft, "person")
    yield ""
    yield "events:"
    yield "  - type: platform.session"
    yield from _done(draft)
    if "app" in fields:
        yield f"    app: {quoted(fields['app'])}"


def _done(draft: Draft) -> Iterator[str]:
    """The condition that a course was completed, or a system used: an answer, or a day where some rows have none."""
    column = draft.fields["at"]
    if "done" in draft.fields:
        yield from _answer(draft, "done", "    when")
    elif not draft.look.is_whole or len(cells.filled(draft.look.cells(column))) < len(
        draft.look.rows
    ):
        yield f"    when: {{field: {quoted(column)}, present: true}}"


def _products(draft: Draft) -> dict[str, str]:
    """Columns that each say when a product was used last → the product; empty where not several do."""
    fields = draft.fields
    if draft.kind != USE or "app" in fields or product_used_last(fields["at"]) is None:
        return {}
    products: dict[str, str] = {}
    for column in draft.look.columns:
        product = product_used_last(column)
        is_alike = product and set(draft.dates) <= set(cells.notations(draft.look.cells(column)))
        if (
            product
            and is_alike
            and re.match("[a-z]", slug(product))
            and product not in products.values()
        ):
            products[column] = product
    return products if len(products) > 1 else {}


def _steps(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    fields = draft.fields
    case = fields.get("case", "")
    # events of an object-centric log that are about no such object are left out
    about = case if draft.look.form == "ocel" else ""
    yield from _of_system(draft, answered)
    moment_source = (
        _at(draft, fields["at"], answered)
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
            yield from (f"    {yaml_line}" for yaml_line in _no_persons(draft, "actor"))
    yield from (f"    {yaml_line}" for yaml_line in _shared(draft, ()))
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
        condition = _is_one_of(fields["activity"], end_activities, "" if counting else about)
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
        condition = f"{{field: {quoted(activity)}, is_not: {_list(begun)}}}"
        rows = [row for row in look.rows if row.get(activity, "").strip() not in begun]
        return _with(about, condition), rows
    return "", look.rows


def _with(about: str, condition: str) -> str:
    """The condition, and that the column `about` says something, where one is named."""
    return f"{{field: {quoted(about)}, present: true, where: {condition}}}" if about else condition


def _counting(lifecycle: Lifecycle, activity: str, about: str) -> str:
    """The condition that a row is that by which its step counts, and that the column `about` says something."""
    column = quoted(lifecycle.column)
    conditions = [f"field: {column}, is: {_list(lifecycle.complete)}"]
    if lifecycle.open_steps:
        under_way = f"{{field: {column}, is: {_list(lifecycle.under_way)}}}"
        conditions.append(
            f"field: {quoted(activity)}, is: {_list(lifecycle.open_steps)}, where: {under_way}"
        )
    if not lifecycle.is_said_always:
        conditions.append(f"field: {column}, present: false")
    condition = ""
    for part in reversed(conditions):
        condition = f"{{{part}, or: {condition}}}" if condition else f"{{{part}}}"
    return _with(about, condition)


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
    yield f"system: {{constant: {quoted(answered.get('system', 'system'))}}}" + _open(
        answered, "system"
    )


def _end(
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
    yield f"    time: {_at(draft, first, answered, others=others)}"


def _ends_of_tickets(draft: Draft) -> list[str]:
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


def _unit(draft: Draft, answered: Mapping[str, str]) -> str:
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


def _open(answered: Mapping[str, str], subject: str) -> str:
    remarks = {"system": "the system's id in the registry", "unit": "no column: the unit's code"}
    return "" if answered.get(subject) else f"  # {remarks[subject]}"


def _shared(draft: Draft, plain: Sequence[str]) -> Iterator[str]:
    """The channel, and fields that are taken as they are."""
    fields = draft.fields
    if "channel" in fields:
        cell_texts = sorted(
            set(cells.filled(draft.texts(fields["channel"]))) - _unknown_ways(draft)
        )[:_WORDS]
        channel_mappings = ", ".join(
            f"{quoted(cell_text)}: {channel(cell_text)}" for cell_text in cell_texts
        )
        yield f"channel: {{field: {quoted(fields['channel'])}, values: {{{channel_mappings}}}, otherwise: other}}"
    for role in plain:
        if role in fields:
            yield f"{role}: {quoted(fields[role])}"


def _no_persons(draft: Draft, role: str) -> Iterator[str]:
    """Which actors are no persons, where some are called like robots, roles or groups."""
    column = draft.fields[role]
    if kinds := no_persons(draft.texts(column)):
        patterns = ", ".join(f"{quoted(pattern)}: {kind}" for pattern, kind in kinds.items())
        yield f"actor_kind: {{field: {quoted(column)}, patterns: {{{patterns}}}, otherwise: person}}"


def _answer(draft: Draft, role: str, list_name: str) -> Iterator[str]:
    if role in draft.fields:
        column = draft.fields[role]
        unknown_words = cells.affirmative(role, draft.texts(column)) or ()
        yield f"{list_name}: {_is_one_of(column, unknown_words)}"


def _at(
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
        f"coalesce: {_list([column, *others])}" if others else f"field: {quoted(column)}"
    ]
    if column in draft.others:
        # under which what is not decided is rejected
        notation = _decided(draft.others[column], answered) or Notation()
        if notation.formats:
            value_parts.append(f"formats: {_list(notation.formats)}")
        else:
            value_parts += ["formats: []", f"order: {notation.order}", f"years: {notation.years}"]
    if re.search(r"\b(utc|gmt)\b", called(column)):
        value_parts.append("zone: UTC")
    value_parts += [condition] if condition else []
    return (
        quoted(column) if len(value_parts) == 1 and not others else f"{{{', '.join(value_parts)}}}"
    )


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(quoted, texts))}]"


def quoted(text: str) -> str:
    """As YAML reads it back, whatever it holds; a plain word as it is."""
    if re.fullmatch(r"[^\W\d][\w .-]*\w", text) and ": " not in text and " #" not in text:
        return text
    written = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08X}" for sign in written)
