"""What a file that nobody has described yet seems to be: by what its cells show and what its columns are called.

`mapping_text` writes the mapping that follows from it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from nytta.ingest.files import cells, looks
from nytta.ingest.files.cells import Notation, damage, notations
from nytta.ingest.files.column_names import called
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.field_cells import MANY, are_numbered, is_like
from nytta.ingest.files.field_columns import counts_something, fields_of, in_order_of_names, is_end
from nytta.ingest.files.kinds import (
    ACTORS,
    CASES,
    DATES,
    ENDS,
    KINDS,
    LOG,
    STAFF,
    TICKETS,
    UNREAD,
    Dated,
)
from nytta.ingest.files.lifecycle import lifecycle_of
from nytta.ingest.files.list_kind import (
    A_STATE,
    NEEDED,
    is_of_any_list,
    is_of_devices,
    is_of_letters,
    is_of_sign_ins,
    likeliest_kinds,
)
from nytta.ingest.files.looks import Look
from nytta.ingest.files.no_persons import is_no_person
from nytta.ingest.files.ocel import OBJECT
from nytta.ingest.files.steps import step_columns

_COLUMNS: Final = 500
"""So many columns are looked at for their names."""
_MOST_SHOWN, _FEWEST_SHOWN, _SHOWN_IN_ALL = 2_000, 200, 80_000
"""Different cells of a column, and of all columns, that are read as dates."""


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
    no_dates: tuple[str, ...] = ()
    """Texts of its ends that are dates and stand for none."""
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns → different texts of rows behind those that were looked at, as far as they matter to what is drafted."""

    def texts(self, column: str) -> list[str]:
        """The texts of a column, of rows behind those that were looked at too."""
        return [*self.look.cells(column), *self.more.get(column, ())]


def _dated(look: Look, columns: Sequence[str]) -> dict[str, tuple[Notation, ...]]:
    # of very many columns fewer cells decide, for each is read under many notations
    shown = min(_MOST_SHOWN, max(_FEWEST_SHOWN, _SHOWN_IN_ALL // max(1, len(columns))))
    tried = {column: notations(look.cells(column), shown=shown) for column in columns}
    return {column: fitting for column, fitting in tried.items() if fitting}


def drafted_file(path: Path, name: str, unpacked: int | None = None) -> Draft:
    """What a file seems to be by its first rows, with the units that its other rows name; `unpacked` as in `look`."""
    return with_rows_behind(drafted(looks.look(path, name, unpacked)), path, unpacked)


def with_rows_behind(draft: Draft, path: Path, unpacked: int | None = None) -> Draft:
    """The draft with what rows behind those that were looked at say: units, words of a list, ends that are none."""
    fields = draft.fields
    wanted: dict[str, Callable[[str], bool]] = dict.fromkeys(
        _columns(fields, _ENDS), _is_like_no_end
    )
    wanted |= dict.fromkeys(_columns(fields, ACTORS), is_no_person)
    wanted |= dict.fromkeys(_columns(fields, _WORDED), _any)
    behind = looks.beyond(path, draft.look, wanted, unpacked)
    remarks = tuple(
        remark
        for remark in draft.remarks
        if remark not in _partial(draft.look.is_whole, looks.ROWS)
    )
    remarks += _partial(behind.is_whole, behind.rows)
    draft = replace(draft, more=behind.texts, remarks=remarks)
    return _without_no_dates(
        draft, {column: draft.texts(column) for column in _columns(fields, _ENDS)}
    )


def _partial(is_whole: bool, rows: int) -> tuple[str, ...]:
    """The remark that only so many rows of a file were looked at; none where all were."""
    if is_whole:
        return ()
    return (
        f"only the first {rows} rows were looked at: units and words that stand in later rows alone are missing here, "
        "and the import says where it rejects them",
    )


def _columns(fields: Mapping[str, str], roles: Collection[str]) -> list[str]:
    """The columns that have one of these roles."""
    return [column for role, column in fields.items() if role in roles]


def _any(_text: str) -> bool:
    return True


def _is_like_no_end(text: str) -> bool:
    return cells.is_like_no_date(text) or cells.says_no_end(text) or not cells.filled([text])


_ENDS: Final = (*ENDS, "decided")
"""What holds moments that may be none yet."""
_WORDED: Final = (
    "unit",
    "channel",
    "role",
    "access",
    "employed",
    "first_contact",
    "end_to_end",
    "returned",
    "reopened",
    "done",
)
"""What holds words of which a mapping lists some, or all."""


def drafted(look: Look, kind: str = "") -> Draft:
    """What the file seems to be, or as what of `KINDS` it is to be read."""
    columns = list(look.columns[:_COLUMNS])
    dated = _dated(look, columns)
    steps = _steps_by_rows(look, columns, dated) if kind in ("", LOG) else {}
    if steps and not kind and is_of_sign_ins(look, columns, dated, steps["activity"]):
        steps = {}
    if kind == LOG or (not kind and (steps or {"time:timestamp", "ocel:time"} & set(columns))):
        return _log(look, columns, dated, steps)
    kinds = (kind,) if kind else likeliest_kinds(look, columns, dated)
    if kinds:
        draft = _settled(
            look, kinds[0], fields_of(kinds[0], look, columns, dated, by_cells=True), dated
        )
        return replace(draft, remarks=(*_may_be_cases(kinds), *draft.remarks))
    return _log(look, columns, dated)


def _may_be_cases(kinds: Collection[str]) -> tuple[str, ...]:
    """The remark that a list is of tickets as likely as of cases; none where something tells them apart."""
    if not {TICKETS, CASES} <= set(kinds):
        return ()
    return (
        "its columns may be of cases as of tickets, and it is read as tickets: where it is of cases, call the file "
        "'cases', or choose so in the console",
    )


def possible(look: Look) -> tuple[str, ...]:
    """As what a file can be read: the kinds of which it has the columns that they need, or a log of steps."""
    columns = list(look.columns[:_COLUMNS])
    dated = _dated(look, columns)
    fields = {kind: fields_of(kind, look, columns, dated, by_cells=True) for kind in KINDS}
    return (*(kind for kind in KINDS if set(NEEDED[kind]) <= fields[kind].keys()), LOG)


def _steps_by_rows(look: Look, columns: Sequence[str], dated: Dated) -> dict[str, str]:
    """Case, step and moment of a table that has several rows of a case by its cells; empty where it has not."""
    if look.form == "ocel":
        step = step_columns(look, _object_columns(look), ["ocel:type"], ["ocel:time"])
        return dict(zip(("case", "activity", "at"), step, strict=True)) if step else {}
    called_like = in_order_of_names(columns, (LOG, "case"), (CASES, "case"), (TICKETS, "ticket"))
    cases = [column for column in called_like if not counts_something(column)]
    named = in_order_of_names(columns, (LOG, "activity"), (CASES, "activity"))
    called_so = dict.fromkeys([*named, *filter(_A_STEP.search, columns)])
    # a status is changed in lists of tickets too, of which each row says the whole ticket anew, and when it came in
    is_plain = len(dated) == 1
    activities = [
        column
        for column in called_so
        if column not in dated and (is_plain or not A_STATE.search(called(column)))
    ]
    likely = in_order_of_names(list(dated), (LOG, "at"), (CASES, "at"))
    # a moment that is called like an end ends the step
    moments = list(
        dict.fromkeys([*likely, *(column for column in dated if not is_end(column)), *dated])
    )
    step = step_columns(look, cases, activities, moments)
    if not step and not cases:
        others = [column for column in columns if column not in {*dated, *activities}]
        # how it went with whatever is numbered is no step of a case
        steps = [
            column
            for column in activities
            if column in named and not A_STATE.search(called(column))
        ]
        step = _only_steps(look, others, steps, moments)
    return dict(zip(("case", "activity", "at"), step, strict=True)) if step else {}


def _only_steps(
    look: Look, columns: Sequence[str], activities: Sequence[str], moments: Sequence[str]
) -> tuple[str, str, str] | None:
    """The columns of a log of steps whose case no name tells: that of the only numbers of which each has a few rows."""
    others = in_order_of_names(columns, *_OF_NO_CASE)
    numbered = [
        column for column in columns if column not in others and are_numbered(look.cells(column))
    ]
    counts = {column: len(set(look.cells(column))) for column in numbered}
    likely = [
        column
        for column, count in counts.items()
        if count >= max(MANY, len(look.rows) / _ROWS_OF_A_CASE)
    ]
    steps = [
        step for column in likely if (step := step_columns(look, [column], activities, moments))
    ]
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


def _log(
    look: Look, columns: Sequence[str], dated: Dated, steps: Mapping[str, str] | None = None
) -> Draft:
    """A list that is of no known kind: steps of cases, by the names that logs of events have, or by its rows."""
    fields = fields_of(LOG, look, list(columns), dated)
    if steps:
        others = {role: column for role, column in fields.items() if column not in steps.values()}
        fields = {**others, **steps}
    elif is_of_devices(columns) or is_of_letters(look, columns):
        fields.pop("case", None)
    elif "case" not in fields:
        fields |= _numbers_of_cases(
            look, [column for column in columns if column not in {*fields.values(), *dated}]
        )
    if not steps and cells.are_unique(look.cells(fields.get("case", ""))):
        fields.pop("activity", None)  # what a case is now, and no step of it
    if "activity" not in fields and _has_several_rows(look.cells(fields.get("case", ""))):
        fields.pop("case")  # answers, hours or notes about cases, whose dates open none
    if "actor" in fields:
        fields["actor"] = _plain_actor(look, fields["actor"], columns)
    if {"case", "activity"} <= fields.keys():
        free = [column for column in columns if column not in {*fields.values(), *dated}]
        if lifecycle := lifecycle_of(look, fields["case"], fields["activity"], free):
            fields["lifecycle"] = lifecycle.column
    _date_steps(fields, dated)
    return _settled(look, LOG, fields, dated)


def _has_several_rows(numbers: Sequence[str]) -> bool:
    """Whether most cases of a list have several rows."""
    filled = cells.filled(numbers)
    return 2 * len(set(filled)) < len(filled)


def _date_steps(fields: dict[str, str], dated: Dated) -> None:
    """Leave out a case that its rows are not of; take the one date that is left for that of the steps."""
    # where no column says of what its rows are, a date in them is that of anything
    is_of_cases = "case" in fields and not is_of_any_list(fields["case"])
    if "at" in fields and not is_of_cases and not {"activity", "unit"} & fields.keys():
        fields.pop("case", None)
    if "at" not in fields and ("activity" in fields or is_of_cases):
        taken = fields.values()
        other_columns = [column for column in dated if column not in taken and not is_end(column)]
        plain = [column for column in other_columns if not dated[column][0].formats]
        if len(plain) == 1:
            fields["at"] = plain[0]


def _plain_actor(look: Look, actor: str, columns: Sequence[str]) -> str:
    """The column of actors, or another of them with the names that stand there with a group behind: "Ann-Line 2"."""
    for other in in_order_of_names(columns, (LOG, "actor")):
        pairs = set(zip(look.cells(other), look.cells(actor), strict=True))
        if all(name and whole.startswith(name) for name, whole in pairs) and any(
            a != b for a, b in pairs
        ):
            return other
    return actor


def _numbers_of_cases(look: Look, columns: Sequence[str]) -> dict[str, str]:
    """The column called like that of a list's cases or tickets, whose cells are numbers; empty where none is."""
    likely = in_order_of_names(columns, (CASES, "case"), (TICKETS, "ticket"))
    numbered = (
        column
        for column in likely
        if cells.filled(look.cells(column)) and is_like("case", look, column)
    )
    return {"case": column} if (column := next(numbered, "")) else {}


def _settled(look: Look, kind: str, fields: dict[str, str], dated: Dated) -> Draft:
    """The draft, with the order of its dates as all of them together decide."""
    remarks = _without_damaged(look, fields)
    if kind in (TICKETS, CASES):
        remarks += _in_series(look, fields, fields[NEEDED[kind][0]], dated)
    read: dict[str, tuple[Notation, ...]] = {}
    for role, column in fields.items():
        if role in DATES - UNREAD:
            fitting = dated.get(column) or notations(look.cells(column), counted=True)
            if fitting:
                read[column] = tuple(fitting)
    first_column = next(iter(read), "")
    first_notations = read.get(first_column, ())
    common = tuple(
        notation
        for notation in first_notations
        if all(notation in fitting for fitting in read.values())
    )
    dates = common or first_notations or (Notation(),)
    others = (
        {} if common else {column: fitting for column, fitting in read.items() if fitting != dates}
    )
    # one answer decides for the whole file
    asked_orders = (
        _asked_order(look, column, fitting)
        for column, fitting in {first_column: dates, **others}.items()
    )
    questions: list[Question] = next(filter(None, asked_orders), [])
    if look.form == "ocel" and "case" in fields:
        questions += _asked_case(look, fields["case"])
    if "unit" not in fields:
        questions.append(
            Question("unit", "no column names the unit: to which unit do all rows belong?", (), "")
        )
    if kind == STAFF and "from" not in fields:
        questions.append(
            Question(
                "since", "no column says since when somebody is employed: since which day?", (), ""
            )
        )
    if kind == STAFF:
        remarks += _left_out(look, fields, others.get(fields.get("to", ""), dates))
    remarks += _partial(look.is_whole, looks.ROWS)
    draft = Draft(look, kind, fields, dates, tuple(questions), others, remarks)
    return _without_no_dates(
        draft, {column: look.cells(column) for column in _columns(fields, _ENDS)}
    )


def _without_no_dates(draft: Draft, texts_of_ends: Mapping[str, Sequence[str]]) -> Draft:
    """The draft with the dates in its columns of ends that stand for none, such as 1900-01-01, each column remarked."""
    fields, look = draft.fields, draft.look
    # who belongs to a unit since 1900 belongs to it
    kept = set(look.cells(fields["from"])) if "from" in fields else set()
    found = {
        column: {text.strip() for text in set(texts) - kept if _is_none(draft, column, text)}
        for column, texts in texts_of_ends.items()
    }
    remarks = tuple(
        f"in '{column}', {', '.join(sorted(texts)[:3])} is no date but stands for none: such rows have not ended"
        for column, texts in found.items()
        if texts and draft.kind != STAFF
    )
    new_remarks = tuple(remark for remark in remarks if remark not in draft.remarks)
    no_dates = tuple(sorted(set().union(draft.no_dates, *found.values())))
    return replace(draft, no_dates=no_dates, remarks=(*draft.remarks, *new_remarks))


def _left_out(
    look: Look, fields: dict[str, str], dates_of_ends: Sequence[Notation]
) -> tuple[str, ...]:
    """The remark that a staff list says of some that they have left, who are left out.

    Where it says of all of them until when they belonged to it, that is read instead.
    """
    column = fields.get("employed", "")
    words = cells.words_of_leaving(look.cells(column)) if column else None
    if not words:
        fields.pop("employed", None)
        return ()
    pairs = zip(look.cells(column), look.cells(fields.get("to", "")), strict=True)
    ends = [cells.filled([end]) for word, end in pairs if word.strip() in words]
    if all(end and not cells.is_no_date(end[0], dates_of_ends) for end in ends):
        del fields["employed"]
        return ()
    return (
        f"in '{column}', {', '.join(words[:3])} say that somebody has left: such rows are left out",
    )


def _is_none(draft: Draft, column: str, text: str) -> bool:
    return cells.is_no_date(text.strip(), draft.others.get(column, draft.dates))


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
        # a person is no series, and no count is one
        if any("@" in text for text in texts) or counts_something(column):
            continue
        if all(texts) and cells.are_few(texts) and len(pairs) == len(look.rows):
            fields["series"] = column
            return ()
    return (
        f"one number in '{number}' stands on rows that came in at different times; they count as one",
    )


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
