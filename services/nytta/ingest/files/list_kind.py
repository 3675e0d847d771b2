"""Of which kind a list is, by what its columns are called and hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from nytta.ingest.files import cells
from nytta.ingest.files.column_names import called, names_of_fields, stems_of_fields
from nytta.ingest.files.field_columns import fields_of, in_order_of_names, is_ended
from nytta.ingest.files.kinds import CASES, KINDS, LOG, STAFF, TICKETS, TRAINING, USE, Dated
from nytta.ingest.files.looks import Look

_TELLING: Final[Mapping[str, Mapping[str, int]]] = {
    STAFF: {"person": 1, "role": 2, "from": 2, "to": 1, "fte": 3, "access": 1, "unit": 1},
    TICKETS: {
        "ticket": 1,
        "opened": 1,
        "resolved": 2,
        "channel": 1,
        "team": 2,
        "requester": 2,
        "first_contact": 3,
    }
    | {"category": 1, "status": 1, "closed": 1, "reassignments": 3},
    CASES: {
        "case": 1,
        "case_type": 2,
        "opened": 1,
        "closed": 1,
        "decided": 2,
        "actor": 2,
        "end_to_end": 3,
    }
    | {"returned": 3, "channel": 1, "handovers": 3, "reopened": 1},
    TRAINING: {"course": 4, "person": 1, "at": 1},
    USE: {"app": 2, "person": 1, "at": 2},
}
"""How much the column of each field tells of the kind of its list."""
_NAMED: Final = 3
"""How much the name of the file tells."""
_FEWEST: Final = 3
"""What the columns must tell at least for a list to be of a kind."""
_WIDE: Final = 40
"""Columns for which they must tell a point more."""
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    STAFF: ("person",),
    TICKETS: ("ticket", "opened"),
    CASES: ("case",),
    TRAINING: ("person", "course", "at"),
    USE: ("person", "at"),
}
"""What a list of a kind cannot be without."""
A_STATE: Final = re.compile(r"\b(status|state|tilstand|tillstand)")
"""Words of columns with how far a ticket or case has come."""


def is_of_sign_ins(look: Look, columns: list[str], dated: Dated, activity: str) -> bool:
    """Whether what seem to be steps of an application are sign-ins to it, of which each succeeded or failed."""
    if not A_STATE.search(called(activity)) or kind_of(look, columns, dated) != USE:
        return False
    return "app" in fields_of(USE, look, columns, dated)


def kind_of(look: Look, columns: list[str], dated: Dated) -> str:
    """The kind of which the columns tell most by their names; "" where they tell of none."""
    return next(iter(likeliest_kinds(look, columns, dated)), "")


def likeliest_kinds(look: Look, columns: list[str], dated: Dated) -> tuple[str, ...]:
    """The kind of which the columns tell most by their names, with others of which they tell as much; () for none.

    Where the names leave out what a kind needs, cells may tell it, if the names tell twice as much otherwise.
    """
    # what is repaired is a device too, and has an end
    if is_of_devices(columns) and not any(map(is_ended, dated)):
        return ()
    if is_of_letters(look, columns):
        return ()
    is_of_public = _is_of_public(columns)
    for by_cells, fewest in ((False, _FEWEST), (True, 2 * _FEWEST)):
        of_kind = {kind: fields_of(kind, look, columns, dated, by_cells=by_cells) for kind in KINDS}
        of_name = {kind: _points_of_name(kind, look.name) for kind in KINDS}
        points = {
            kind: _points_of_columns(kind, fields, by_cells) + of_name[kind]
            for kind, fields in of_kind.items()
        }
        for kind, words in ((TICKETS, _OF_A_DESK), (CASES, _OF_A_REGISTRY)):
            points[kind] += min(
                2, sum(words.search(called(column)) is not None for column in columns)
            )
        possible_kinds = [
            kind
            for kind in KINDS
            if set(NEEDED[kind]) <= of_kind[kind].keys()
            and (of_name[kind] or _is_told(kind, of_kind[kind]))
        ]
        # nobody of the staff asked for what is told by its place in the town
        of_cases = of_kind[CASES]
        has_cases = {"case", "opened"} <= of_cases.keys() and not _may_be_of_anything(
            CASES, "case", of_cases["case"]
        )
        if is_of_public and has_cases and "requester" not in of_kind[TICKETS]:
            possible_kinds = [kind for kind in possible_kinds if kind != TICKETS]
            points[CASES] += _NAMED
        best = max(possible_kinds, key=lambda kind: points[kind], default="")
        # of very many columns some are called like anything
        if best and points[best] >= fewest + len(columns) // _WIDE:
            return (
                best,
                *(kind for kind in possible_kinds if points[kind] == points[best] and kind != best),
            )
    return ()


def _is_of_public(columns: Sequence[str]) -> bool:
    """Whether a list is of what the public asked for: it has several columns of places in a town."""
    return sum(_PLACE.search(called(column)) is not None for column in columns) > 1


def is_of_devices(columns: Sequence[str]) -> bool:
    """Whether a list is of devices, which nobody opens and closes as a case, and whose dates are no use by a person."""
    return len({match[0] for column in columns if (match := _DEVICE.search(called(column)))}) > 2


def is_of_letters(look: Look, columns: Sequence[str]) -> bool:
    """Whether a list is a journal of letters, of which a case has several, and whose dates are none of the case."""
    if (
        len({match[0] for column in columns if (match := _LETTER.search(called(column)))})
        < _SIGNS_OF_LETTERS
    ):
        return False
    numbers = in_order_of_names(columns, (CASES, "case"))
    return not any(
        cells.are_unique(look.cells(column))
        for column in numbers
        if not _OF_A_LETTER.search(called(column))
    )


_SIGNS_OF_LETTERS: Final = 3
_LETTER: Final = re.compile(
    r"\b(journaldat|journalpost|journalsekvens|lopen(r|ummer)|dok(ument)?(ets)? ?(typ|dat|nr|num)|avsender|mottaker"
    r"|avsandare|mottagare|afsender|modtager|avskr[ei]v|korrespondans|handlingsnr|handlingsnummer|handlingsdatum)"
)
"""Words of columns with what a letter is."""
_OF_A_LETTER: Final = re.compile(r"\b(lopen|dok|handlings|journal)")
_DEVICE: Final = re.compile(
    r"\b(serial|serienummer|serienr|imei|manufacturer|tillverkare|produsent|model|modell|os version|device name"
    r"|enhetsnamn|mac address|compliance|enrollment|enrolled)\b"
)
"""Words of columns with what a device is; an `enhetsnamn` alone is the name of a unit."""
_PLACE: Final = re.compile(
    r"\b(lat(itude)?|lon(g(itude)?)?|borough|ward|neighbou?rhood|council district|community board|stadsdel|bydel"
    r"|gnr|bnr|fastighet\w*|eiendom\w*)\b"
)
"""Words of columns with places in a town."""


def _points_of_columns(kind: str, fields: Mapping[str, str], by_cells: bool) -> int:
    """How much the columns tell of the kind of their list.

    A number or a date that may be of anything tells nothing by its name; `by_cells`, it may by what it holds.
    """
    telling = {
        role
        for role, column in fields.items()
        if by_cells or not _may_be_of_anything(kind, role, column)
    }
    # a date beside the number of a ticket is when it came in
    if not telling.isdisjoint(("ticket", "case")) and "opened" in fields:
        telling.add("opened")
    return sum(_TELLING[kind].get(role, 0) for role in telling)


def _may_be_of_anything(kind: str, role: str, column: str) -> bool:
    """Whether a column that numbers or dates the rows of a list is called like that of any list, such as `id`."""
    if role not in ("person", "ticket", "case", "opened"):
        return False
    words = set(called(column).split()) - _NUMBERING
    known_names = [name for name in names_of_fields()[kind][role] if set(name.split()) - _NUMBERING]
    known_words = {word for name in known_names for word in name.split()}
    stems = stems_of_fields().get(kind, {}).get(role, ())
    if words & known_words or any(stem.search(word) for stem in stems for word in words):
        return False
    # databases write names together: "REQUESTID"
    return called(column).replace(" ", "") not in {name.replace(" ", "") for name in known_names}


def is_of_any_list(column: str) -> bool:
    """Whether the number of a row says by no word that it is that of a case or a ticket."""
    return all(_may_be_of_anything(kind, role, column) for kind, role in _NUMBERED)


_NUMBERED: Final = ((LOG, "case"), (CASES, "case"), (TICKETS, "ticket"))
"""Kinds and fields of what has a number of its own."""
_NUMBERING: Final = frozenset(
    {
        "id",
        "nr",
        "no",
        "number",
        "nummer",
        "numero",
        "num",
        "key",
        "kod",
        "kode",
        "code",
        "of",
        "de",
    }
    | {"date", "datum", "dato", "data", "fecha", "pvm", "paivamaara"}
)
"""Words of columns that number or date the rows of any list."""
_OF_A_DESK: Final = re.compile(
    r"\b(priorit|prio$|severity|subject|summary|arendemening|assignee|assigned|urgency|impact|resolution|technician|tecnico)"
)
"""Words of columns that lists of a service desk have beside those that are read."""
_OF_A_REGISTRY: Final = re.compile(
    r"\b(diarie|diarium|klassific|klassering|kle|arkiv|namnd|utvalg|sokande|soker|ansoger|byggherre|applicant|fastighet"
    r"|eiendom|ejendom|gardsnummer|gnr|property (designation|address)|sekretess|beslut|vedtak|delegation|akttyp|aktnr)"
)
"""Words of columns that lists of cases have beside those that are read."""
_OF_USE: Final = re.compile(
    r"\b(log(ged|in|on)?|sign(ed)?|inlogg|innlogg|indlogg|sessi|activ|aktiv|usage|use[ds]?|anvan|bruk|anvend|acces|last"
    r"|senast|sist|seneste)"
)
"""Words of columns with moments at which somebody worked in a system."""


_OF_STAFF: Final = frozenset({"unit", "from", "to", "fte", "access"})
"""What lists say of persons who are staff, and hardly of others."""


_OF_WORK: Final = frozenset(
    {"resolved", "closed", "decided", "channel", "requester", "first_contact", "reassignments"}
    | {"end_to_end", "returned", "handovers"}
)
"""What lists say of tickets and cases, and hardly of projects, backups or whatever else has a number and a status."""
_BEGUN: Final = re.compile(r"\b(start|begin|begun|borjan|begynn)")
"""Words of dates on which anything may begin."""


def _is_told(kind: str, fields: Mapping[str, str]) -> bool:
    """Whether columns say what the rows are, which any list may number and date, and of whichever persons."""
    if kind in (TICKETS, CASES):
        number, opened = NEEDED[kind][0], fields.get("opened", "")
        comes_in = (
            opened
            and not _BEGUN.search(called(opened))
            and not _may_be_of_anything(kind, "opened", opened)
        )
        is_numbered = not _may_be_of_anything(kind, number, fields[number])
        return bool(comes_in) or is_numbered or not _OF_WORK.isdisjoint(fields)
    if kind == STAFF:
        is_named = not _may_be_of_anything(STAFF, "person", fields["person"])
        return {"unit", "from"} <= fields.keys() or (is_named and not _OF_STAFF.isdisjoint(fields))
    return kind != USE or "app" in fields or _OF_USE.search(called(fields["at"])) is not None


def _points_of_name(kind: str, name: str) -> int:
    """How much the name of the file tells of the kind of its list."""
    for stems, weight in (("files", _NAMED), ("files_of_either", 1)):
        if any(stem.search(called(name)) for stem in stems_of_fields()[stems].get(kind, ())):
            return weight
    return 0
