"""What a file that nobody has described yet seems to be: by what its cells show and what its columns are called.

`mapping_text` writes the mapping that follows from it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from nytta.ingest.files import cells, looks
from nytta.ingest.files.cells import Notation, damage, notations
from nytta.ingest.files.column_names import called, stems_of_fields
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.field_cells import MANY, are_numbered, is_like
from nytta.ingest.files.field_columns import fields_of, in_order_of_names, is_end
from nytta.ingest.files.kinds import CASES, DATES, KINDS, LOG, STAFF, TICKETS, TRAINING, UNREAD, USE, Dated
from nytta.ingest.files.looks import Look
from nytta.ingest.files.ocel import OBJECT
from nytta.ingest.files.steps import step_columns

_COLUMNS: Final = 500
"""So many columns are looked at for their names."""
_TELLING: Final[Mapping[str, Mapping[str, int]]] = {
    STAFF: {"person": 1, "role": 2, "from": 2, "to": 1, "fte": 3, "access": 1, "unit": 1},
    TICKETS: {"ticket": 1, "opened": 1, "resolved": 2, "channel": 1, "team": 2, "requester": 2, "first_contact": 3}
    | {"category": 1, "status": 1, "closed": 1, "reassignments": 3},
    CASES: {"case": 1, "case_type": 2, "opened": 1, "closed": 1, "decided": 2, "actor": 2, "end_to_end": 3}
    | {"returned": 3, "channel": 1, "handovers": 3, "reopened": 1},
    TRAINING: {"course": 4, "person": 1, "at": 1},
    USE: {"app": 2, "person": 1, "at": 2},
}
"""How much the column of each field tells of the kind of its list."""
_NAMED: Final = 3
"""How much the name of the file tells."""
_FEWEST: Final = 3
"""What the columns must tell at least for a list to be of a kind."""
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    STAFF: ("person",),
    TICKETS: ("ticket", "opened"),
    CASES: ("case",),
    TRAINING: ("person", "course", "at"),
    USE: ("person", "at"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What neither the names of columns nor their cells decide."""

    about: str
    """What is asked: `order`, `unit`, `since`, `case`."""
    text: str
    """The question as a sentence."""
    choices: tuple[str, ...]
    """Answers that are possible; any text where there are none."""
    proposed: str
    """The answer that is likeliest; "" where none is."""
    column: str = ""
    """The column that it is about; "" where it is about the list."""
    shown: str = ""
    """Some of its cells."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a file seems to be, with the mapping that says so."""

    look: Look
    kind: str
    fields: Mapping[str, str]
    """What was found → its column."""
    dates: tuple[Notation, ...]
    """How the file may write dates: one notation, unless there is a question."""
    questions: tuple[Question, ...]
    others: Mapping[str, tuple[Notation, ...]] = field(default_factory=dict)
    """Columns that write dates otherwise."""
    remarks: tuple[str, ...] = ()
    """What a person should know of the file, each a sentence."""
    more_units: tuple[str, ...] = ()
    """Texts of the units in rows behind those that were looked at."""


def _dated(look: Look, columns: Sequence[str]) -> dict[str, tuple[Notation, ...]]:
    tried = {column: notations(look.cells(column)) for column in columns}
    return {column: fitting for column, fitting in tried.items() if fitting}


def drafted_file(path: Path, name: str, unpacked: int | None = None) -> Draft:
    """What a file seems to be by its first rows, with the units that its other rows name; `unpacked` as in `look`."""
    draft = drafted(looks.look(path, name, unpacked))
    column = draft.fields.get("unit", "")
    return replace(draft, more_units=looks.beyond(path, draft.look, column, unpacked)) if column else draft


def drafted(look: Look, kind: str = "") -> Draft:
    """What the file seems to be, or as what of `KINDS` it is to be read."""
    columns = list(look.columns[:_COLUMNS])
    dated = _dated(look, columns)
    steps = _steps_by_rows(look, columns, dated) if kind in ("", LOG) else {}
    if kind == LOG or (not kind and (steps or {"time:timestamp", "ocel:time"} & set(columns))):
        return _log(look, columns, dated, steps)
    if kind := kind or _kind(look, columns, dated):
        return _settled(look, kind, fields_of(kind, look, columns, dated, by_cells=True), dated)
    return _log(look, columns, dated)


def _kind(look: Look, columns: list[str], dated: Dated) -> str:
    """The kind of which the columns tell most by their names; "" where they tell of none.

    Where the names leave out what a kind needs, cells may tell it, if the names tell twice as much otherwise.
    """
    is_of_public = _is_of_public(columns)
    for by_cells, fewest in ((False, _FEWEST), (True, 2 * _FEWEST)):
        of_kind = {kind: fields_of(kind, look, columns, dated, by_cells=by_cells) for kind in KINDS}
        points = {
            kind: _points_of_columns(kind, fields) + _points_of_name(kind, look.name)
            for kind, fields in of_kind.items()
        }
        possible_kinds = [kind for kind in KINDS if set(_NEEDED[kind]) <= of_kind[kind].keys()]
        # nobody of the staff asked for what is told by its place in the town
        if is_of_public and {"case", "opened"} <= of_kind[CASES].keys() and "requester" not in of_kind[TICKETS]:
            possible_kinds = [kind for kind in possible_kinds if kind != TICKETS]
            points[CASES] += _NAMED
        best = max(possible_kinds, key=lambda kind: points[kind], default="")
        if best and points[best] >= fewest:
            return best
    return ""


def _is_of_public(columns: Sequence[str]) -> bool:
    """Whether a list is of what the public asked for: it has several columns of places in a town."""
    return sum(_PLACE.search(called(column)) is not None for column in columns) > 1


_PLACE: Final = re.compile(
    r"\b(lat(itude)?|lon(g(itude)?)?|borough|ward|neighbou?rhood|council district|community board|stadsdel|bydel"
    r"|gnr|bnr|fastighet\w*|eiendom\w*)\b"
)
"""Words of columns with places in a town."""


def possible(look: Look) -> tuple[str, ...]:
    """As what a file can be read: the kinds of which it has the columns that they need, or a log of steps."""
    columns = list(look.columns[:_COLUMNS])
    dated = _dated(look, columns)
    fields = {kind: fields_of(kind, look, columns, dated, by_cells=True) for kind in KINDS}
    return (*(kind for kind in KINDS if set(_NEEDED[kind]) <= fields[kind].keys()), LOG)


def _points_of_columns(kind: str, fields: Mapping[str, str]) -> int:
    """How much the columns tell of the kind of their list."""
    return sum(_TELLING[kind].get(name, 0) for name in fields)


def _points_of_name(kind: str, name: str) -> int:
    """How much the name of the file tells of the kind of its list."""
    for stems, weight in (("files", _NAMED), ("files_of_either", 1)):
        if any(stem.search(called(name)) for stem in stems_of_fields()[stems].get(kind, ())):
            return weight
    return 0


def _steps_by_rows(look: Look, columns: Sequence[str], dated: Dated) -> dict[str, str]:
    """Case, step and moment of a table that has several rows of a case by its cells; empty where it has not."""
    if look.form == "ocel":
        step = step_columns(look, _object_columns(look), ["ocel:type"], ["ocel:time"])
        return dict(zip(("case", "activity", "at"), step, strict=True)) if step else {}
    cases = in_order_of_names(columns, (LOG, "case"), (CASES, "case"), (TICKETS, "ticket"))
    named = in_order_of_names(columns, (LOG, "activity"), (CASES, "activity"))
    called_so = dict.fromkeys([*named, *filter(_A_STEP.search, columns)])
    # a status is changed in lists of tickets too, of which each row says the whole ticket anew, and when it came in
    is_plain = len(dated) == 1
    activities = [
        column for column in called_so if column not in dated and (is_plain or not _A_STATE.search(called(column)))
    ]
    likely = in_order_of_names(list(dated), (LOG, "at"), (CASES, "at"))
    # a moment that is called like an end ends the step
    moments = list(dict.fromkeys([*likely, *(column for column in dated if not is_end(column)), *dated]))
    step = step_columns(look, cases, activities, moments)
    if not step and not cases:
        others = [column for column in columns if column not in {*dated, *activities}]
        step = _only_steps(look, others, [column for column in activities if column in named], moments)
    return dict(zip(("case", "activity", "at"), step, strict=True)) if step else {}


def _only_steps(
    look: Look, columns: Sequence[str], activities: Sequence[str], moments: Sequence[str]
) -> tuple[str, str, str] | None:
    """The columns of a log of steps whose case no name tells: that of the only numbers of which each has a few rows."""
    others = in_order_of_names(columns, *_OF_NO_CASE)
    numbered = [column for column in columns if column not in others and are_numbered(look.cells(column))]
    counts = {column: len(set(look.cells(column))) for column in numbered}
    likely = [column for column, count in counts.items() if count >= max(MANY, len(look.rows) / _ROWS_OF_A_CASE)]
    steps = [step for column in likely if (step := step_columns(look, [column], activities, moments))]
    return steps[0] if len(steps) == 1 else None


_ROWS_OF_A_CASE: Final = 50
"""Rows of a case in the mean beyond which they are those of a unit, or of whoever works."""
_OF_NO_CASE: Final = (
    (LOG, "actor"),
    (LOG, "unit"),
    (CASES, "actor"),
    (CASES, "unit"),
    (CASES, "case_type"),
    (TICKETS, "requester"),
    (TICKETS, "unit"),
    (TICKETS, "team"),
    (TICKETS, "category"),
    (STAFF, "person"),
    (STAFF, "unit"),
)
"""Kinds and fields whose columns hold numbers of no case."""


def _object_columns(look: Look) -> list[str]:
    """The columns with the objects of each sort in an object-centric log, those first that most events are about."""
    columns = [column for column in look.columns if column.startswith(OBJECT) and "/" not in column]
    return sorted(columns, key=lambda column: -len(cells.filled(look.cells(column))))


_A_STEP: Final = re.compile(
    r"händels|hendels|aktivitet|activit|\bsteg|\bmoment|åtgärd|tiltak|trinn|milst", re.IGNORECASE
)
"""Within words of columns with what was done in a step."""
_A_STATE: Final = re.compile(r"\b(status|state|tilstand|tillstand)")
"""Words of columns with how far a ticket or case has come."""


def _log(look: Look, columns: Sequence[str], dated: Dated, steps: Mapping[str, str] | None = None) -> Draft:
    """A list that is of no known kind: steps of cases, by the names that logs of events have, or by its rows."""
    fields = fields_of(LOG, look, list(columns), dated)
    if steps:
        others = {role: column for role, column in fields.items() if column not in steps.values()}
        fields = {**others, **steps}
    elif "case" not in fields:
        fields |= _numbers_of_cases(look, [column for column in columns if column not in {*fields.values(), *dated}])
    if not steps and cells.are_unique(look.cells(fields.get("case", ""))):
        fields.pop("activity", None)  # what a case is now, and no step of it
    if "actor" in fields:
        fields["actor"] = _plain_actor(look, fields["actor"], columns)
    # where no column says of what its rows are, a date in them is that of anything
    if "at" not in fields and {"case", "activity"} & fields.keys():
        taken = fields.values()
        other_columns = [column for column in dated if column not in taken and not is_end(column)]
        plain = [column for column in other_columns if not dated[column][0].formats]
        if len(plain) == 1:
            fields["at"] = plain[0]
    return _settled(look, LOG, fields, dated)


def _plain_actor(look: Look, actor: str, columns: Sequence[str]) -> str:
    """The column of actors, or another of them with the names that stand there with a group behind: "Ann-Line 2"."""
    for other in in_order_of_names(columns, (LOG, "actor")):
        pairs = set(zip(look.cells(other), look.cells(actor), strict=True))
        if all(name and whole.startswith(name) for name, whole in pairs) and any(a != b for a, b in pairs):
            return other
    return actor


def _numbers_of_cases(look: Look, columns: Sequence[str]) -> dict[str, str]:
    """The column called like that of a list's cases or tickets, whose cells are numbers; empty where none is."""
    likely = in_order_of_names(columns, (CASES, "case"), (TICKETS, "ticket"))
    numbered = (column for column in likely if cells.filled(look.cells(column)) and is_like("case", look, column))
    return {"case": column} if (column := next(numbered, "")) else {}


def _settled(look: Look, kind: str, fields: dict[str, str], dated: Dated) -> Draft:
    """The draft, with the order of its dates as all of them together decide."""
    remarks = _without_damaged(look, fields)
    if kind in (TICKETS, CASES):
        remarks += _in_series(look, fields, fields[_NEEDED[kind][0]], dated)
    read: dict[str, tuple[Notation, ...]] = {}
    for role, column in fields.items():
        if role in DATES - UNREAD:
            fitting = dated.get(column) or notations(look.cells(column), counted=True)
            if fitting:
                read[column] = tuple(fitting)
    first_column = next(iter(read), "")
    first_notations = read.get(first_column, ())
    common = tuple(notation for notation in first_notations if all(notation in fitting for fitting in read.values()))
    dates = common or first_notations or (Notation(),)
    others = {} if common else {column: fitting for column, fitting in read.items() if fitting != dates}
    # one answer decides for the whole file
    asked_orders = (_asked_order(look, column, fitting) for column, fitting in {first_column: dates, **others}.items())
    questions: list[Question] = next(filter(None, asked_orders), [])
    if look.form == "ocel" and "case" in fields:
        questions += _asked_case(look, fields["case"])
    if "unit" not in fields:
        questions.append(Question("unit", "no column names the unit: to which unit do all rows belong?", (), ""))
    if kind == STAFF and "from" not in fields:
        questions.append(Question("since", "no column says since when somebody is employed: since which day?", (), ""))
    return Draft(look, kind, fields, dates, tuple(questions), others, remarks)


def _in_series(look: Look, fields: dict[str, str], number: str, dated: Dated) -> tuple[str, ...]:
    """Note the series within which numbers are counted, where one number stands for several things; else a remark.

    Issues are numbered within their project, and letters within their year. Rows that say anew how far a ticket has
    come all say when it came in, which tells the two apart.
    """
    moments: defaultdict[str, list[str]] = defaultdict(list)
    for text, moment in zip(look.cells(number), look.cells(fields.get("opened", "")), strict=True):
        moments[text.strip()].append(moment)
    several = [texts for text, texts in moments.items() if text and len(texts) > 1]
    if sum(len(set(texts)) == len(texts) for texts in several) <= len(several) / 2:
        return ()
    free = [column for column in look.columns if column not in {*dated, number, *fields.values()}]
    for column in (fields.get("unit", ""), *free):
        texts = look.cells(column)
        pairs = set(zip(texts, look.cells(number), strict=True))
        if all(texts) and cells.are_few(texts) and len(pairs) == len(look.rows):
            fields["series"] = column
            return ()
    return (f"one number in '{number}' stands on rows that came in at different times; they count as one",)


_DAMAGED: Final = {
    "turned": "seem to be turned around by a spreadsheet of another country: those that it took for dates have no day "
    "above 12, and those that it left as texts all have one",
    "mixed": "are written in several orders, so that some would be read as another day",
}
_ANEW: Final = "export the list anew as CSV, with dates such as 2026-03-31"


def _without_damaged(look: Look, fields: dict[str, str]) -> tuple[str, ...]:
    """Leave out columns whose dates cannot be trusted, each with a remark. `InputError` where the list needs them."""
    remarks = []
    for role, column in list(fields.items()):
        wrong = damage(look.cells(column)) if role in DATES else ""
        if not wrong:
            continue
        damage_found = f"the dates of '{column}' {_DAMAGED[wrong]}"
        if role in ("opened", "from", "at"):
            raise InputError(look.name, "", f"{damage_found}; {_ANEW}")
        del fields[role]
        remarks.append(f"{damage_found}; the column is not read: {_ANEW}")
    return tuple(remarks)


def _asked_case(look: Look, likeliest: str) -> list[Question]:
    """Which objects are cases, where the events are about several sorts."""
    sorts = tuple(column.removeprefix(OBJECT) for column in _object_columns(look))
    if len(sorts) < 2:
        return []
    names = ", ".join(sorts)
    return [
        Question(
            "case",
            f"its events are about objects of several sorts ({names}): which of them are its cases?",
            sorts,
            likeliest.removeprefix(OBJECT),
        )
    ]


def _asked_order(look: Look, column: str, column_notations: Sequence[Notation]) -> list[Question]:
    orders = tuple(dict.fromkeys(notation.order for notation in column_notations))
    if len(orders) < 2:
        return []
    sample = ", ".join(cells.filled(look.cells(column))[:3])
    possible_orders = " or ".join(order.replace("-", " ") for order in orders)
    return [
        Question(
            "order",
            f"dates such as {sample} may be {possible_orders}: which?",
            orders,
            "day-first" if "day-first" in orders else orders[0],
            column,
            sample,
        )
    ]
