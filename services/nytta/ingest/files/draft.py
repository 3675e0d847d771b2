"""What a file that nobody has described yet seems to be: by what its cells show and what its columns are called.

`mapping_text` writes the mapping that follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from nytta.ingest.files import cells
from nytta.ingest.files.cells import Notation, damage, notations
from nytta.ingest.files.channels import channel
from nytta.ingest.files.column_names import PLAIN, called, names_of_fields, stems_of_fields
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.looks import Look
from nytta.ingest.files.steps import step_columns

_COLUMNS: Final = 500
"""So many columns are looked at for their names."""
STAFF, TICKETS, CASES, TRAINING, USE, LOG = "staff", "tickets", "cases", "training", "use", "log"
KINDS: Final = (STAFF, TICKETS, CASES, TRAINING, USE)
"""What a list may be of; `LOG` is a log of steps with standard names."""
_DATES: Final = frozenset({"from", "to", "opened", "resolved", "closed", "decided", "changed", "at"})
ENDS: Final = frozenset({"to", "resolved", "closed"})
UNREAD: Final = frozenset({"status", "changed", "unit_name", "unit_above"})
"""What is found for other ends than the mapping."""
_NO_EVENT: Final = re.compile(
    (
        r"\b(due|deadline|sla|birth|born|född|fødsels?|födelse|frist|forfall|förfall|giltig|gyldig|expir|utgår|planned"
        r"|planerad|planlagt|target|mål|first response|reminder|påminnelse|bevakning|last|senast|siste?|updated"
        r"|modified|ändrad|endret|komplett|complete date|utredning (klar|färdig|avsl|slut|ferdig|afsl))"
    ).translate(PLAIN)
)
"""Words of columns whose dates are of no opening, closing or doing."""
_VALID: Final = re.compile(r"\b(giltig|gyldig|gaeller|galler|gjelder)")
"""Words by which staff lists say from when and to when somebody belongs to a unit."""
_NO_TYPE: Final = re.compile(
    r"\b(beslut|vedtak|afgor|afgjort|decision|outcome|utfall|resultat|dokument|document|kontakt|contact|person)"
)
"""Words of columns that say something else of a case than what sort it is."""
_AN_EVENT: Final = re.compile(r"\b(last|senast|siste?) (resol|solv|clos|løs|lös|lukk|stäng|avslut)".translate(PLAIN))
"""Words that say of an event which of several it is."""
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
_UNIQUE: Final = 0.95
"""The part of the rows that must have a number of their own for it to be that of a ticket or a case."""
_MANY: Final = 6
"""Of so many rows, texts that are all different are no words of a list."""
_AGREE: Final = 0.8
"""The part of the rows in which a unit must have its usual name for a column to name the units."""
_ACCOUNT: Final = re.compile(r"\b(cost|kostn|kostst|kst|konto|ansvar)")
"""Words of columns with the accounts from which people are paid."""
_DIGIT: Final = re.compile(r"\d")
_CODE: Final = re.compile(r"\S*\d\S*")
_HOW_MANY: Final = re.compile(r"\b(antal|antall|antallet|number of|no of|count|ggr|ganger|gange|kpl)\b")
"""Words of columns that count something, and hold no number of a ticket or case, no person and no name."""
_PASSED_ON: Final = re.compile(
    r"\b(eskaler\w*|escalat\w*|(vidare)?skickat? vidare|vidarebefordra\w*|videresendt|viderebragt|passed on|forwarded)"
    r"( (to|till?|reason|orsak|aarsak|av))?\b"
)
"""Words of columns that say to whom or why a ticket was passed on, and nothing where it was not."""
_COUNTED: Final = frozenset({"reassignments", "handovers", "reopened", "returned", "fte"})
"""What columns that count something may hold."""


@dataclass(frozen=True, slots=True)
class Question:
    """What neither the names of columns nor their cells decide."""

    about: str
    """What is asked: `order`, `unit`, `since`."""
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


def drafted(look: Look, kind: str = "") -> Draft:
    """What the file seems to be, or as what of `KINDS` it is to be read."""
    columns = list(look.columns[:_COLUMNS])
    dated = {column: column_notations for column in columns if (column_notations := notations(look.cells(column)))}
    steps = _steps_by_rows(look, columns, dated) if kind in ("", LOG) else {}
    if kind == LOG or (not kind and (steps or {"time:timestamp", "ocel:time"} & set(columns))):
        return _log(look, columns, dated, steps)
    if kind := kind or _kind(look, columns, dated):
        return _settled(look, kind, _fields(kind, look, columns, dated, by_cells=True), dated)
    return _log(look, columns, dated)


def _kind(look: Look, columns: list[str], dated: Mapping[str, Sequence[Notation]]) -> str:
    """The kind of which the columns tell most by their names; "" where they tell of none.

    Where the names leave out what a kind needs, cells may tell it, if the names tell twice as much otherwise.
    """
    for by_cells, fewest in ((False, _FEWEST), (True, 2 * _FEWEST)):
        of_kind = {kind: _fields(kind, look, columns, dated, by_cells=by_cells) for kind in KINDS}
        points = {kind: _told(kind, fields) + _named(kind, look.name) for kind, fields in of_kind.items()}
        possible_kinds = [kind for kind in KINDS if set(_NEEDED[kind]) <= of_kind[kind].keys()]
        best = max(possible_kinds, key=lambda kind: points[kind], default="")
        if best and points[best] >= fewest:
            return best
    return ""


def possible(seen: Look) -> tuple[str, ...]:
    """As what a file can be read: the kinds of which it has the columns that they need, or a log of steps."""
    columns = list(seen.columns[:_COLUMNS])
    dated = {column: found for column in columns if (found := notations(seen.cells(column)))}
    return (
        *(kind for kind in KINDS if set(_NEEDED[kind]) <= _fields(kind, seen, columns, dated, by_cells=True).keys()),
        LOG,
    )


def _told(kind: str, fields: Mapping[str, str]) -> int:
    return sum(_TELLING[kind].get(name, 0) for name in fields)


def _named(kind: str, name: str) -> int:
    """How much the name of the file tells of the kind of its list."""
    for stems, weight in (("files", _NAMED), ("files_of_either", 1)):
        if any(stem.search(called(name)) for stem in stems_of_fields()[stems].get(kind, ())):
            return weight
    return 0


def _steps_by_rows(look: Look, columns: Sequence[str], dated: Mapping[str, Sequence[Notation]]) -> dict[str, str]:
    """Case, step and moment of a table that has several rows of a case by its cells; empty where it has not."""
    cases = _in_order_of_names(columns, (LOG, "case"), (CASES, "case"), (TICKETS, "ticket"))
    # a status is changed in lists of tickets too, of which each row says the whole ticket anew
    named = _in_order_of_names(columns, (LOG, "activity"), (CASES, "activity"))
    activities = [
        column
        for column in dict.fromkeys([*named, *filter(_A_STEP.search, columns)])
        if column not in dated and not _A_STATE.search(called(column))
    ]
    likely = _in_order_of_names(list(dated), (LOG, "at"), (CASES, "at"))
    # a moment that is called like an end ends the step
    moments = dict.fromkeys([*likely, *(column for column in dated if not _is_end(column)), *dated])
    step = step_columns(look, cases, activities, list(moments))
    return dict(zip(("case", "activity", "at"), step, strict=True)) if step else {}


_A_STEP: Final = re.compile(
    r"händels|hendels|aktivitet|activit|\bsteg|\bmoment|åtgärd|tiltak|trinn|milst", re.IGNORECASE
)
"""Within words of columns with what was done in a step."""
_A_STATE: Final = re.compile(r"\b(status|state|tilstand|tillstand)")
"""Words of columns with how far a ticket or case has come."""


def _in_order_of_names(columns: Sequence[str], *roles: tuple[str, str]) -> list[str]:
    """The columns called like one of these (kind, role), those called exactly so first."""
    names = [name for kind, role in roles for name in names_of_fields()[kind][role]]
    fitting = [
        column
        for within in (False, True)
        for name in names
        for column in columns
        if _bears(called(column), name, within)
    ]
    return list(dict.fromkeys(fitting))


def _log(
    look: Look, columns: Sequence[str], dated: Mapping[str, Sequence[Notation]], steps: Mapping[str, str] | None = None
) -> Draft:
    """A list that is of no known kind: steps of cases, by the names that logs of events have, or by its rows."""
    fields = _fields(LOG, look, list(columns), dated)
    if steps:
        others = {role: column for role, column in fields.items() if column not in steps.values()}
        fields = {**others, **steps}
    # where no column says of what its rows are, a date in them is that of anything
    if "at" not in fields and {"case", "activity"} & fields.keys():
        taken = fields.values()
        other_columns = [column for column in dated if column not in taken and not _is_end(column)]
        plain = [column for column in other_columns if not dated[column][0].formats]
        if len(plain) == 1:
            fields["at"] = plain[0]
    return _settled(look, LOG, fields, dated)


def _is_end(column: str) -> bool:
    """Whether a column is called like the end of something, or like a date of no event: no time of a step."""
    name = called(column)
    stems = (
        stem
        for kind, role in ((TICKETS, "resolved"), (TICKETS, "closed"), (CASES, "closed"), (CASES, "decided"))
        for stem in stems_of_fields()[kind][role]
    )
    return bool(_NO_EVENT.search(name)) or any(stem.search(name) for stem in stems)


def _fields(
    kind: str,
    look: Look,
    columns: list[str],
    dated: Mapping[str, Sequence[Notation]],
    *,
    by_cells: bool = False,
) -> dict[str, str]:
    """What the columns hold, each column once.

    Those called exactly so come before those that bear a name within, and these before those that only begin like one;
    last come, with `by_cells`, those whose cells alone tell it.
    """
    names = {column: called(column) for column in columns}
    fields: dict[str, str] = {}

    def free(role: str, *, exactly: bool = False) -> list[str]:
        unused_columns = [
            column
            for column in columns
            if column not in fields.values() and (role in _COUNTED or not _HOW_MANY.search(names[column]))
        ]
        if role == "at" and kind in (CASES, LOG):
            return [column for column in unused_columns if not _is_end(column)]
        if role == "channel" and not exactly:
            return [column for column in unused_columns if not _WAY_OUT.search(names[column])]
        if role not in _DATES or exactly:
            return unused_columns
        return [
            column
            for column in unused_columns
            if _AN_EVENT.search(names[column])
            or not _NO_EVENT.search(names[column])
            or (kind == STAFF and _VALID.search(names[column]))
        ]

    for within in (False, True):
        for role, known_names in names_of_fields()[kind].items():
            # a name that holds "date" says of which: what it is is asked of the stems first
            if role in fields or role == "unit_name" or (within and role == "at" and kind == CASES):
                continue
            candidates = free(role, exactly=not within)
            column = next(
                (
                    column
                    for name in known_names
                    for column in candidates
                    if _bears(names[column], name, within)
                    and _holds(role, look, column, dated)
                    and not (within and role in ("ticket", "case") and not _are_numbered(look.cells(column)))
                    and not (within and _tells_channel(role, look, column, fields))
                ),
                "",
            )
            if column:
                fields[role] = column
    for role, stems in stems_of_fields().get(kind, {}).items():
        if role in fields or (role == "closed" and "resolved" in fields):
            continue
        candidates = [
            column
            for column in free(role)
            if _holds(role, look, column, dated)
            and (role in _DATES or column not in dated)
            and _is_like(role, look, column)
            and not (role == "case_type" and _NO_TYPE.search(names[column]))
            and not _tells_channel(role, look, column, fields)
            and not (kind == STAFF and role == "person" and not _are_persons(look.cells(column)))
        ]
        column = next((column for stem in stems for column in candidates if stem.search(names[column])), "")
        if column:
            fields[role] = column
    for role in _BY_CELLS.get(kind, ()) if by_cells else ():
        if role not in fields and (column := _by_cells(role, look, free(role), dated)):
            fields[role] = column
    if kind == STAFF:
        _find_units(look, names, fields)
    if kind == TICKETS and "first_contact" not in fields:
        answering = (column for column in free("first_contact") if _tells_first_contact(look.cells(column)))
        if column := next(answering, ""):
            fields["first_contact"] = column
    if kind == CASES and ("at" not in fields or cells.are_unique(look.cells(fields.get("case", "")))):
        fields.pop("activity", None)  # what a case is, and no step of it
    return fields


_BY_CELLS: Final[Mapping[str, tuple[str, ...]]] = {
    STAFF: ("person",),
    TICKETS: ("ticket", "opened", "channel"),
    CASES: ("case", "opened", "channel"),
}
"""What cells alone may tell, whatever the columns are called."""
_NO_WAY_IN: Final = re.compile(
    r"\b(\w*kateg|categ|amne|emne|tema|topic|tjanst|tjenest|service|produkt|product|system|appli|tit|rubrik|beskriv|desc)"
)
"""Words of columns that say what a matter is about."""
_WAY_OUT: Final = re.compile(r"\b(onsk|prefer|svar|utskick|reply|answer|notif|exped|utsend|utgaende|outgoing)")
"""Words of columns with ways by which somebody is answered, or would like to be."""


def _by_cells(role: str, look: Look, columns: Sequence[str], dated: Mapping[str, Sequence[Notation]]) -> str:
    """The column whose cells are of the sort that a field alone has; "" where none or several are.

    A number of its own in each row is that of the person, ticket or case. Of dates, what came first in every row is the
    opening. Ways by which people write and call are the channel, unless they are those by which they are answered.
    """
    if len(look.rows) < _MANY // 2:
        return ""
    if role == "opened":
        return _earliest(look, [column for column in columns if column in dated], dated)
    if role == "channel":
        ways = [column for column in columns if not _NO_WAY_IN.search(called(column)) and column not in dated]
        fitting = [column for column in ways if _is_like("channel", look, column)]
        return fitting[0] if len(fitting) == 1 else ""
    likely = [column for column in columns if column not in dated and cells.are_unique(look.cells(column))]
    numbered = [column for column in likely if _is_like("case", look, column)]
    signed = [column for column in likely if role == "person" and _is_like("person", look, column)]
    return next(iter(numbered or signed), "")


def _earliest(look: Look, columns: Sequence[str], dated: Mapping[str, Sequence[Notation]]) -> str:
    """The column of dates that is filled in everywhere and never later than another; "" where none or several are."""
    days = {
        column: [cells.moment(dated[column][0], text) for text in look.cells(column)]
        for column in columns
        if len(dated[column]) == 1
    }
    whole = {column: moments for column, moments in days.items() if moments and all(moments)}
    first_columns = [
        column
        for column, moments in whole.items()
        if all(
            moment <= other
            for others in days.values()
            for moment, other in zip(moments, others, strict=True)
            if moment and other
        )
    ]
    return first_columns[0] if len(first_columns) == 1 else ""


def _tells_first_contact(texts: Sequence[str]) -> bool:
    """Whether the words of a column say which tickets the first contact resolved, whatever the column is called."""
    return cells.yes_words(texts) is None and cells.affirmative("first_contact", texts) is not None


def _find_units(look: Look, names: Mapping[str, str], fields: dict[str, str]) -> None:
    """The finest units that a staff list has, the column that names them, and the one with those above."""
    stems = [stem for role in ("unit_name", "unit", "unit_above") for stem in stems_of_fields()[STAFF][role]]
    used_columns = [column for role, column in fields.items() if role not in ("unit", "unit_name", "unit_above")]
    columns = [
        column
        for column in names
        if column not in used_columns
        and (any(stem.search(names[column]) for stem in stems) or column in fields.values())
        and _is_like("unit", look, column)
    ]
    unit = fields.get("unit", "")
    finer = (
        [
            column_tried
            for column_tried in columns
            if column_tried != unit and cells.tells(look.cells(column_tried), look.cells(unit)) > 0
        ]
        if unit
        else []
    )
    if finer:
        fields["unit_above"], unit = unit, finer[0]
        fields["unit"] = unit
        fields.pop("unit_name", None)
    shared = fields.get("unit_name", "")
    if shared and cells.tells(look.cells(unit), look.cells(shared)) <= 0:
        shared = ""
    if unit and (shared or not fields.get("unit_name")):
        other_columns = [
            column_tried
            for column_tried in columns
            if column_tried not in fields.values() and not cells.are_numbers(look.cells(column_tried))
        ]
        name = next(
            (
                column_tried
                for column_tried in other_columns
                if cells.tells(look.cells(column_tried), look.cells(unit)) == 0
            ),
            "",
        )
        if name and shared:
            fields.setdefault("unit_above", shared)  # called like a name, and that of the units above
        if name:
            fields["unit_name"] = name
    if unit and fields.get("unit_name"):
        _part_levels(look, names, fields)
    own_cells = look.cells(fields.get("unit", ""))
    above = [column for column in columns if cells.tells(own_cells, look.cells(column)) > 0]
    if fields.get("unit_above") in above:  # the nearest of several levels
        fields["unit_above"] = max(above, key=lambda column: len(set(look.cells(column))))


def _part_levels(look: Look, names: Mapping[str, str], fields: dict[str, str]) -> None:
    """Take away what is called like the name of the units and is none: that of a level above, or of other units."""
    unit, name = fields["unit"], fields["unit_name"]
    # several units may have one name, which then tells more than their codes, and less than names of their own
    are_codes = all(_CODE.fullmatch(text) for text in cells.said(look.cells(unit)))
    if cells.tells(look.cells(unit), look.cells(name)) > 0 and not are_codes:
        fields.setdefault("unit_above", fields.pop("unit_name"))
    elif cells.agreement(look.cells(unit), look.cells(name)) < _AGREE:
        del fields["unit_name"]
        if _ACCOUNT.search(names[unit]):  # units that work together may be paid from several accounts
            fields["unit"] = name


def _tells_channel(role: str, look: Look, column: str, fields: Mapping[str, str]) -> bool:
    """Whether a column that may be called like a sort of cases says how they came in, which nothing else does."""
    return role in ("case_type", "category") and "channel" not in fields and _is_like("channel", look, column)


def _are_numbered(texts: Sequence[str]) -> bool:
    """Whether each cell that says something has a digit, as the numbers of cases do and names do not."""
    return all(_DIGIT.search(text) for text in cells.said(texts))


def _are_persons(texts: Sequence[str]) -> bool:
    """Whether the cells of a staff list may name persons: most of its rows are of another person."""
    return len(set(cells.said(texts))) * 2 > len(cells.said(texts))


def _is_like(role: str, look: Look, column: str) -> bool:
    """Whether the cells are of the sort that the field has, where the name of the column is no sure sign."""
    texts = cells.said(look.cells(column))
    distinct = set(texts)
    match role:
        case "ticket" | "case":
            return len(distinct) > _UNIQUE * len(look.rows) and all(
                len(text) <= 40 and _DIGIT.search(text) for text in distinct
            )
        case "person":
            return all(" " not in text for text in distinct)
        case "channel":
            words = sum(channel(text) != "other" for text in distinct)
            return 2 * words > len(distinct) and cells.are_few(texts)
        case "unit" | "unit_name" | "team" | "category" | "case_type" if cells.yes_words(texts) is not None:
            return False
        case "unit" | "unit_name" | "team" | "category" | "case_type":
            return cells.are_few(texts) or (cells.are_numbers(texts) and len(distinct) * 3 <= len(texts))
        case "requester" | "actor":
            alike = len(texts) < _MANY or not cells.are_unique(texts)
            return alike and not cells.is_fraction(texts) and cells.yes_words(texts) is None
        case _:
            return True


def _bears(column: str, name: str, within: bool) -> bool:
    if not within:
        return column == name
    # most columns do not hold the name at all, which costs less to see than whether its words are whole
    return len(name) > 3 and name in column and _whole_words(name).search(column) is not None


@cache
def _whole_words(name: str) -> re.Pattern[str]:
    """A name between the bounds of words: of so many names, `re` itself forgets most."""
    return re.compile(rf"\b{re.escape(name)}\b")


def _holds(role: str, look: Look, column: str, dated: Mapping[str, Sequence[Notation]]) -> bool:
    """Whether the cells may be what the field takes."""
    texts = look.cells(column)
    if not cells.said(texts):
        return role in ENDS  # nothing has ended yet
    if role in _DATES:
        return column in dated or bool(notations(texts, counted=True)) or bool(damage(texts))
    if column in dated and not any(notation.formats for notation in dated[column]):
        return False  # a date is nothing but a date
    match role:
        case "fte":
            return cells.are_numbers([text.replace("%", "").strip() for text in texts])
        case "reassignments" if _PASSED_ON.search(called(column)):
            return cells.are_counts(texts) or cells.yes_words(texts) is not None or cells.are_said_in_part(texts)
        case "reassignments" | "handovers":
            return cells.are_counts(texts)
        case "requester" | "actor":
            return cells.yes_words(texts) is None
        case "reopened":
            return cells.are_counts(texts) or cells.yes_words(texts) is not None
        case "access" | "first_contact" | "end_to_end" | "done":
            return cells.affirmative(role, texts) is not None
        case "returned":
            return cells.are_counts(texts) or cells.affirmative(role, texts) is not None
        case "channel" | "unit_above" | "role" | "status":
            return cells.are_few(texts) and not (role != "status" and cells.are_numbers(texts))
        case "category" if len(texts) > 2 and len(set(texts)) == 1:
            return False  # what is the same for all tickets parts none of them
        case "category" | "case_type" | "team" | "course" | "app" | "activity":
            return not cells.are_unique(texts) or len(texts) < _MANY
        case _:
            return True


def _settled(look: Look, kind: str, fields: dict[str, str], dated: Mapping[str, Sequence[Notation]]) -> Draft:
    """The draft, with the order of its dates as all of them together decide."""
    remarks = _without_damaged(look, fields)
    read = {
        column: tuple(column_notations)
        for role, column in fields.items()
        if role in _DATES - UNREAD
        and (column_notations := dated.get(column) or notations(look.cells(column), counted=True))
    }
    common = tuple(
        notation
        for notation in next(iter(read.values()), ())
        if all(notation in column_notations for column_notations in read.values())
    )
    dates = common or next(iter(read.values()), (Notation(),))
    other_notations = (
        {} if common else {column: column_dates for column, column_dates in read.items() if column_dates != dates}
    )
    questions: list[Question] = []
    for column, column_notations in {next(iter(read), ""): dates, **other_notations}.items():
        if not questions:
            questions += _asked_order(look, column, column_notations)
    if "unit" not in fields:
        questions.append(Question("unit", "no column names the unit: to which unit do all rows belong?", (), ""))
    if kind == STAFF and "from" not in fields:
        questions.append(Question("since", "no column says since when somebody is employed: since which day?", (), ""))
    return Draft(look, kind, fields, dates, tuple(questions), other_notations, remarks)


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
        wrong = damage(look.cells(column)) if role in _DATES else ""
        if not wrong:
            continue
        damage_found = f"the dates of '{column}' {_DAMAGED[wrong]}"
        if role in ("opened", "from", "at"):
            raise InputError(look.name, "", f"{damage_found}; {_ANEW}")
        del fields[role]
        remarks.append(f"{damage_found}; the column is not read: {_ANEW}")
    return tuple(remarks)


def _asked_order(look: Look, column: str, column_notations: Sequence[Notation]) -> list[Question]:
    orders = tuple(dict.fromkeys(notation.order for notation in column_notations))
    if len(orders) < 2:
        return []
    sample = ", ".join(cells.said(look.cells(column))[:3])
    return [
        Question(
            "order",
            f"dates such as {sample} may be {' or '.join(order.replace('-', ' ') for order in orders)}: which?",
            orders,
            "day-first" if "day-first" in orders else orders[0],
            column,
            sample,
        )
    ]
