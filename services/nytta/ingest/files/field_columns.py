"""Which column of a list holds which field: by what it is called, and by what its cells show."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Final

from nytta.ingest.files import cells
from nytta.ingest.files.column_names import PLAIN, called, names_of_fields, stems_of_fields
from nytta.ingest.files.field_cells import (
    MANY,
    are_numbered,
    are_persons,
    holds,
    is_like,
    tells_channel,
    tells_first_contact,
    tells_ways_in,
)
from nytta.ingest.files.kinds import ACTORS, CASES, DATES, ENDS, LOG, STAFF, TICKETS, USE, Dated
from nytta.ingest.files.looks import Look
from nytta.ingest.files.unit_columns import find_units

_NO_EVENT: Final = re.compile(
    (
        r"\b(due|deadline|sla|birth|born|född|fødsels?|födelse|frist|forfall|förfall|giltig|gyldig|expir|utgår|cancel|annul|avbrut|avbrudt|avbrutt|makuler|planned"
        r"|planerad|planlagt|target|mål|first response|reminder|påminnelse|bevakning|last|senast|siste?|updated"
        r"|modified|ändrad|endret|komplett|complete date|utredning (klar|färdig|avsl|slut|ferdig|afsl)"
        r"|prazo|venc|limite|previst|estimad|plazo|échéance|prévu|fällig|soll(termin|datum|zeit)|ziel|geplant|streef"
        r"|verwacht|scaden|eräpäiv|määräaik|tavoite|temp(o|s) |tiempo |nascim|nacim|naissance|geburt|geboort|nascit"
        r"|warrant|garanti|purchase|inköp|innkjøp|indkøb|schedul|assign|tilldel|tildel|respon|svar|besvar|syntym|gebdat|anulad|storn|peruut|últim|dernier|letzte|laatst|viimeks|atualiz|actualiz|modific|geändert|gewijz"
        r"|aggiorn|muokat|päivit|primeir|primer|premier|erste[rs]? |eerste|primo |ensimmäi)"
    ).translate(PLAIN)
)
"""Words of columns whose dates are of no opening, closing or doing."""
_NO_MOMENT: Final = re.compile(
    r"\b(notes?|code|by|reason|description|comments?|resolution|type|status|kod|kode|orsak|aarsak|arsak|anteckning"
    r"|merknad|notat|av|beskriv\w*|kommentar|typ|tipo|por|par|von|door|motivo|motif|grund|reden|solucao|solucion"
    r"|solution|losung|oplossing|soluzione|ratkaisu|descri\w+|beschreibung|omschrijving)$"
)
"""Last words of columns that say how or by whom something ended, and not when."""
_OF_A_PERSON: Final = re.compile(r"\b(account|user|person)( (id|key|name|no))$")
"""Last words of columns that hold persons, whatever else they are called."""
_OF_A_DOCUMENT: Final = re.compile(
    r"\b(dokument|document|journalpost|bilag|bilaga|faktura|invoice|attachment)"
)
"""Words of columns with numbers of documents."""
_ANY_DATE: Final = frozenset({"date", "datum", "dato", "data", "fecha", "paivamaara", "pvm"})
_LAST_USE: Final = re.compile(
    r"\b(last|senast\w*|siste?|sidst\w*|letzte\w*|laatste|ultim\w*|dernier\w*)\b.*"
    r"(acti|akti|log|sign|seen|used|brukt|anvan|anvend|acces|conex|connex|anmeld)"
)
"""Words of columns that say when somebody was last at work in a system."""
_NO_USE: Final = re.compile(
    r"\b(enrol|assign|creat|skapa|opprett|oprett|regist|licen|lisens|install|refresh|delet|slett|anst"
    r"|ansat|hire|check in|sync|password|losenord|passord|erstell|criac|creac)"
)
"""Words of columns with dates of accounts, devices and licences."""
_OF_A_GROUP: Final = re.compile(
    r"(\b(roles?|rolle?|rol|groups?|grupp|gruppe|team|title|titel|position|department|avdelning|avdeling|enhet)|typ|type)$"
)
"""Last words of columns that say what somebody is, or with whom."""
_OF_WHO_ASKS: Final = re.compile(
    r"\b(watcher|observ|requester|requerente|solicitante|demandeur|aanmelder|anforderer|antragsteller|richiedente|anmalare"
    r"|bestallare|caller|customer)"
)
"""Words of columns with the group of whoever asked or looks on."""
_VALID: Final = re.compile(r"\b(giltig|gyldig|gaeller|galler|gjelder)")
"""Words by which staff lists say from when and to when somebody belongs to a unit."""
_NO_TYPE: Final = re.compile(
    r"\b(beslut|vedtak|afgor|afgjort|decision|outcome|utfall|resultat|dokument|document|kontakt|contact|person|user"
    r"|customer|caller|kund|anvand|bruk|account|adress|address|location|property|fastighet|eiendom|payment|vehicle|pipe|threshold)"
)
"""Words of columns that say something else of a case than what sort it is."""
_AN_EVENT: Final = re.compile(
    r"\b(last|senast|siste?) (resol|solv|clos|løs|lös|lukk|stäng|avslut)".translate(PLAIN)
)
"""Words that say of an event which of several it is."""
_DOCUMENTS: Final = ("json", "lines")
"""Formats whose columns are paths."""
_DEEP: Final = 2
"""Parts before the last, from which on they name what a document is wrapped in."""
_HOW_MANY: Final = re.compile(
    r"\b(antal|antall|antallet|number of|no of|count|cumulative|ggr|ganger|gange|kpl|anzahl|aantal|quantidade|qtde?"
    r"|cantidad|lukumaara|stations|reopens|replies"
    r"|(users?|customers?|persons?|brukere|anvandare|kunder) (affected|impacted|pavirket|berorda|berort))\b"
)
"""Words of columns that count something, and hold no number of a ticket or case, no person and no name."""
_COUNTED: Final = frozenset({"reassignments", "handovers", "reopened", "returned", "fte"})
"""What columns that count something may hold."""


def in_order_of_names(columns: Sequence[str], *roles: tuple[str, str]) -> list[str]:
    """The columns called like one of these (kind, role), those called exactly so first."""
    field_names = [
        field_name for kind, role in roles for field_name in names_of_fields()[kind][role]
    ]
    called_so = {column: called(column) for column in columns}
    joined = {column: _joined(field_name) for column, field_name in called_so.items()}
    exact = [
        column
        for field_name in map(_joined, field_names)
        for column in columns
        if joined[column] == field_name
    ]
    bearing = [
        column
        for field_name in field_names
        for column in columns
        if _holds(called_so[column], field_name)
    ]
    return list(dict.fromkeys([*exact, *bearing]))


def is_end(column: str) -> bool:
    """Whether a column is called like the end of something, or like a date of no event: no time of a step."""
    column_name = called(column)
    stems = (
        stem
        for kind, role in (
            (TICKETS, "resolved"),
            (TICKETS, "closed"),
            (CASES, "closed"),
            (CASES, "decided"),
        )
        for stem in stems_of_fields()[kind][role]
    )
    return bool(_NO_EVENT.search(column_name)) or any(stem.search(column_name) for stem in stems)


def counts_something(column: str) -> bool:
    """Whether a column says how many of something there are: it holds no numbers of cases."""
    return _HOW_MANY.search(called(column)) is not None


def is_ended(column: str) -> bool:
    """Whether a column is called like the moment at which a ticket or case was solved or closed."""
    ends = (stem for kind, role in _ENDING for stem in stems_of_fields()[kind][role])
    return not _NO_EVENT.search(called(column)) and any(
        stem.search(called(column)) for stem in ends
    )


_ENDING: Final = ((TICKETS, "resolved"), (TICKETS, "closed"), (CASES, "closed"))


def product_used_last(column: str) -> str | None:
    """Which product a column says the last use of: "Teams" in "Teams Last Activity Date"; None where it says none."""
    words = _LAST_USE.search(called(column))
    before = (
        re.match(r"\W*([^\W_].*?)[\W_]*\b(?:last|senast|sist)", column, re.IGNORECASE)
        if words
        else None
    )
    return before[1] if before else None


def fields_of(
    kind: str,
    look: Look,
    columns: list[str],
    dated: Dated,
    *,
    by_cells: bool = False,
) -> dict[str, str]:
    """What the columns hold, each column once.

    Those called exactly so come before those that bear a name within, and these before those that only begin like one;
    last come, with `by_cells`, those whose cells alone tell it.
    """
    search = _Search(kind, look, columns, dated)
    # the surest signs first, for each column is given away once
    search.by_names()
    if search.fields.keys().isdisjoint(ENDS):
        search.takes_empty_ends = True
        search.by_names()
    if by_cells:
        search.by_cells()
    fields = search.fields
    if kind == STAFF:
        find_units(look, search.names, fields)
    if kind == TICKETS and "first_contact" not in fields:
        answering = (
            column
            for column in search.free("first_contact")
            if tells_first_contact(look.cells(column))
        )
        if column := next(answering, ""):
            fields["first_contact"] = column
    if kind == CASES and (
        "at" not in fields or cells.are_unique(look.cells(fields.get("case", "")))
    ):
        # what a case is, and no step of it
        fields.pop("activity", None)
    return fields


class _Search:
    """The columns of a list of a kind, each given to one field at most."""

    def __init__(self, kind: str, look: Look, columns: Sequence[str], dated: Dated) -> None:
        self.kind = kind
        self.look = look
        self.columns = columns
        self.dated = dated
        self.names = {column: called(column) for column in columns}
        self.own_names = self.names
        if look.form in _DOCUMENTS or look.objects:
            # what lies near the root is of the thing itself, and what lies deep of something beside it
            paths = {column: _without_types(column) for column in columns}
            self.columns = sorted(columns, key=lambda column: paths[column].count("/"))
            self.own_names = {
                column: called(path.rpartition("/")[2]) for column, path in paths.items()
            }
            deep = {
                column: self.own_names[column]
                for column, path in paths.items()
                if path.count("/") >= _DEEP
            }
            self.names = {**self.names, **deep}
        # databases write names together: "REQUESTID"
        self.joined_names = {
            column: {_joined(self.names[column]), _joined(self.own_names[column])}
            for column in columns
        }
        # an object is called by its name, and not by its number or its address
        self.named_first = sorted(self.columns, key=lambda column: "/" in column and _rank(column))
        self.fields: dict[str, str] = {}
        self.takes_empty_ends = False
        """Whether a column without a cell may hold the ends: where no other does, nothing has ended yet."""

    def by_names(self) -> None:
        """Give columns to fields by what they are called, the surest signs first."""
        self.by_name(within=False)
        self.by_name(within=True)
        self.by_stem()

    def by_name(self, *, within: bool) -> None:
        """Give columns to fields by which they are called, or, `within`, whose name they bear among other words."""
        for role, known_names in names_of_fields()[self.kind].items():
            # a name that holds "date" says of which: what it is is asked of the stems first
            is_date_of_cases = within and role == "at" and self.kind == CASES
            if role in self.fields or role == "unit_name" or is_date_of_cases:
                continue
            is_any_date = within and (role == "opened" or (role == "at" and self.kind == LOG))
            field_names = [name for name in known_names if not (is_any_date and name in _ANY_DATE)]
            candidates = self.free(role, exactly=not within)
            wanted = field_names if within else [_joined(name) for name in field_names]
            bearers = (
                column
                for name in wanted
                for column in candidates
                if self._bears(column, name, within=within)
            )
            column = next(
                (column for column in bearers if self._may_hold(role, column, within=within)), ""
            )
            if column:
                self.fields[role] = column

    def _bears(self, column: str, name: str, *, within: bool) -> bool:
        """Whether a column bears a name, `within` its own; else the name is one that is `_joined`."""
        return _holds(self.names[column], name) if within else name in self.joined_names[column]

    def by_stem(self) -> None:
        """Give columns to fields with whose words theirs begin."""
        for role, stems in stems_of_fields().get(self.kind, {}).items():
            if role in self.fields or (role == "closed" and "resolved" in self.fields):
                continue
            candidates = self.free(role)
            called_so = (
                column for stem in stems for column in candidates if stem.search(self.names[column])
            )
            # cells are looked at last: that takes longest
            if column := next(
                (column for column in called_so if self._may_hold_by_stem(role, column)), ""
            ):
                self.fields[role] = column

    def by_cells(self) -> None:
        """Give columns to fields of which their cells alone tell."""
        for role in _BY_CELLS.get(self.kind, ()):
            if role in self.fields:
                continue
            if column := _by_cells(role, self.look, self.free(role), self.dated):
                self.fields[role] = column

    def free(self, role: str, *, exactly: bool = False) -> list[str]:
        """The columns that no field has yet and whose names do not forbid this one."""
        taken = set(self.fields.values())
        in_order = self.named_first if role in _NAMED_ROLES else self.columns
        columns = [column for column in in_order if column not in taken]
        # "number of handovers" holds no number of a case
        if role not in _COUNTED:
            columns = [column for column in columns if not _HOW_MANY.search(self.names[column])]
        # letters and documents have numbers of their own, and are no tickets or cases
        if role in ("ticket", "case"):
            columns = [
                column for column in columns if not _OF_A_DOCUMENT.search(self.names[column])
            ]
        # the end of a case dates no step of it
        if role == "at" and self.kind in (CASES, LOG):
            return [column for column in columns if not is_end(column)]
        # whoever asked, or looks on, resolves nothing
        if role == "team":
            columns = [column for column in columns if not _OF_WHO_ASKS.search(self.names[column])]
        if role in ACTORS and not exactly:
            columns = [column for column in columns if not _OF_A_GROUP.search(self.names[column])]
        if role in ("unit", "unit_name"):
            columns = [column for column in columns if not _OF_A_PERSON.search(self.names[column])]
        if role == "channel" and not exactly:
            return [column for column in columns if not _WAY_OUT.search(self.names[column])]
        if role not in DATES or exactly:
            return columns
        return [column for column in columns if self._dates_an_event(column)]

    def _dates_an_event(self, column: str) -> bool:
        name = self.names[column]
        # when an account or a device came, was asked for or ends is no use of it
        if self.kind == USE:
            is_use = _LAST_USE.search(name) is not None or not (
                _NO_USE.search(name) or _NO_EVENT.search(name)
            )
            return is_use or self._has_acts_alone()
        if _AN_EVENT.search(name) or not _NO_EVENT.search(name):
            return True
        return self.kind == STAFF and _VALID.search(name) is not None

    def _has_acts_alone(self) -> bool:
        """Whether there is one moment a row, and several rows of a person: an audit trail, of whatever was created."""
        persons = self.look.cells(self.fields.get("person", ""))
        return (
            len(self.dated) == 1 and bool(cells.filled(persons)) and not cells.are_unique(persons)
        )

    def _is_empty_end(self, role: str, column: str) -> bool:
        return (
            role in ENDS and not self.takes_empty_ends and not cells.filled(self.look.cells(column))
        )

    def _may_hold(self, role: str, column: str, *, within: bool) -> bool:
        """Whether the cells may be what the field takes; a name that is only borne `within` needs more of them."""
        if self._is_empty_end(role, column) or not holds(role, self.look, column, self.dated):
            return False
        if not within:
            return True
        if role == "case_type" and _NO_TYPE.search(self.names[column]):
            return False
        is_numbered = role not in ("ticket", "case") or are_numbered(self.look.cells(column))
        return is_numbered and not tells_channel(role, self.look, column, self.fields)

    def _may_hold_by_stem(self, role: str, column: str) -> bool:
        """As `_may_hold`, where the beginning of a word is no sure sign."""
        look = self.look
        if self._is_empty_end(role, column) or not holds(role, look, column, self.dated):
            return False
        if not is_like(role, look, column):
            return False
        # an empty column says by its name alone that it holds moments
        if (
            role in ENDS
            and _NO_MOMENT.search(self.names[column])
            and not cells.filled(look.cells(column))
        ):
            return False
        # a date is nothing but a date
        if role not in DATES and column in self.dated:
            return False
        if role == "case_type" and _NO_TYPE.search(self.names[column]):
            return False
        if self.kind == STAFF and role == "person" and not are_persons(look.cells(column)):
            return False
        return not tells_channel(role, look, column, self.fields)


_BY_CELLS: Final[Mapping[str, tuple[str, ...]]] = {
    STAFF: ("person",),
    TICKETS: ("ticket", "opened", "channel"),
    CASES: ("case", "opened", "channel"),
}
"""What cells alone may tell, whatever the columns are called."""
_NO_WAY_IN: Final = re.compile(
    r"\b(\w*kateg|categ|amne|emne|tema|topic|tjanst|tjenest|service|produkt|product|system|appli|tit|rubrik|beskriv"
    r"|desc|by$|av$)"
)
"""Words of columns that say what a matter is about, or who did something."""
_WAY_OUT: Final = re.compile(
    r"\b(onsk|prefer|svar|utskick|reply|answer|notif|exped|utsend|utgaende|outgoing)"
)
"""Words of columns with ways by which somebody is answered, or would like to be."""


def _by_cells(role: str, look: Look, columns: Sequence[str], dated: Dated) -> str:
    """The column whose cells are of the sort that a field alone has; "" where none or several are.

    A number of its own in each row is that of the person, ticket or case. Of dates, what came first in every row is the
    opening. Ways by which people write and call are the channel, unless they are those by which they are answered.
    """
    if len(look.rows) < MANY // 2:
        return ""
    if role == "opened":
        return _earliest(look, [column for column in columns if column in dated], dated)
    if role == "channel":
        ways = [
            column
            for column in columns
            if not _NO_WAY_IN.search(called(column)) and column not in dated
        ]
        fitting = [column for column in ways if tells_ways_in(look.cells(column))]
        return fitting[0] if len(fitting) == 1 else ""
    likely = [
        column for column in columns if column not in dated and cells.are_unique(look.cells(column))
    ]
    numbered = [column for column in likely if is_like("case", look, column)]
    signed = [column for column in likely if role == "person" and is_like("person", look, column)]
    return next(iter(numbered or signed), "")


def _earliest(look: Look, columns: Sequence[str], dated: Dated) -> str:
    """The column of dates that is filled in everywhere and never later than another; "" where none or several are."""
    days = {
        column: [cells.moment(dated[column][0], text) for text in look.cells(column)]
        for column in columns
        if len(dated[column]) == 1
    }
    whole = [column for column, moments in days.items() if moments and all(moments)]
    never_later = [
        column
        for column in whole
        if all(_is_never_later(days[column], others) for others in days.values())
    ]
    return never_later[0] if len(never_later) == 1 else ""


def _is_never_later(moments: Sequence[datetime | None], others: Sequence[datetime | None]) -> bool:
    pairs = zip(moments, others, strict=True)
    return all(moment <= other for moment, other in pairs if moment and other)


def _without_types(path: str) -> str:
    """A path without what names the type of a value alone, as databases of documents write it: `created/$date`."""
    return re.sub(r"/\$\w+", "", path)


def _rank(path: str) -> int:
    """The place of a field among those of its object by which the object may be called."""
    last = called(path.rpartition("/")[2])
    return 0 if _A_NAME.fullmatch(last) else 2 if _AN_ADDRESS.search(last) else 1


_A_NAME: Final = re.compile(r"(full |display )?(name|title|label|value)|navn|namn")
_AN_ADDRESS: Final = re.compile(r"\b(id|key|url|uri|link|href|self|uuid|guid|email|avatar|icon)$")
_NAMED_ROLES: Final = frozenset(
    {"unit", "unit_name", "team", "category", "case_type", "channel", "app", "course"}
)
"""What is told by a name wherever there is one."""


def _holds(column: str, name: str) -> bool:
    # most columns do not hold the name at all, which costs less to see than whether its words are whole
    return len(name) > 3 and name in column and _whole_words(name).search(column) is not None


def _joined(name: str) -> str:
    """A name as databases write it: "REQUESTID"."""
    return name.replace(" ", "")


@cache
def _whole_words(name: str) -> re.Pattern[str]:
    """A name between the bounds of words: of so many names, `re` itself forgets most."""
    return re.compile(rf"\b{re.escape(name)}\b")
