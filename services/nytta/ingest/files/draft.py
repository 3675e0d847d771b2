"""A first mapping for a file that nobody has described yet: what its cells show, and what its columns are called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from nytta.ingest.files import cells
from nytta.ingest.files.cells import Notation, damage, notations
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.looks import Look, look
from nytta.ingest.files.mapping import Mapping as Described
from nytta.ingest.files.mapping import parse
from nytta.registry.texts import keyed

_COLUMNS: Final = 500
"""So many columns are looked at for their names."""

STAFF, TICKETS, CASES, TRAINING, USE, LOG = "staff", "tickets", "cases", "training", "use", "log"
KINDS: Final = (STAFF, TICKETS, CASES, TRAINING, USE)
"""What a list may be of; `LOG` is a log of steps with standard names."""

_DATES: Final = frozenset({"from", "to", "opened", "resolved", "closed", "decided", "changed", "at"})
_ENDS: Final = frozenset({"to", "resolved", "closed"})
_UNREAD: Final = frozenset({"status", "changed", "unit_name", "unit_above"})
"""What is found for other ends than the mapping."""
_NO_EVENT: Final = re.compile(
    r"\b(due|deadline|sla|birth|born|född|fødsels?|födelse|frist|forfall|förfall|giltig|gyldig|expir|utgår|planned"
    r"|planerad|planlagt|target|mål|first response|reminder|påminnelse|bevakning|last|senast|siste?|updated|modified"
    r"|ändrad|endret|komplett|complete date)"
)
_AN_EVENT: Final = re.compile(r"\b(last|senast|siste?) (resol|solv|clos|løs|lös|lukk|stäng|avslut)")
"""Words that say of an event which of several it is."""
"""Words of columns whose dates are of no opening, closing or doing."""
_TELLING: Final[Mapping[str, Mapping[str, int]]] = {
    STAFF: {"person": 1, "role": 2, "from": 2, "to": 1, "fte": 3, "access": 1, "unit": 1},
    TICKETS: {"ticket": 1, "opened": 1, "resolved": 2, "channel": 1, "team": 2, "requester": 2, "first_contact": 3}
    | {"category": 1, "status": 1, "closed": 1},
    CASES: {"case": 1, "case_type": 2, "opened": 1, "closed": 1, "decided": 2, "actor": 2, "end_to_end": 3}
    | {"returned": 3, "channel": 1},
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
_DIGIT: Final = re.compile(r"\d")
_CHANNELS: Final = (
    (r"e-?post|e-?mail|mail|outlook", "email"),
    (r"telefon|phone|\btel\b|ringt|ringde|samtal|\bcall", "phone"),
    (r"chat|teams|messenger", "chat"),
    (
        r"e-?tjänst|etjänst|e-?tjeneste|webb?|portal|självservice|selvbetjening|self.?service|skjema|formulär|form\b"
        r"|digital|internet|nett|altinn|online|mina sidor|min side|catalog|jira",
        "web",
    ),
    (r"\bapp\b|mobil", "app"),
    (r"besök|disk|reception|oppmøte|frammøte|skranke|walk|person|counter|desk|servicetorg", "desk"),
    (r"\bpost\b|brev|letter|papper|papir|\bmail room", "post"),
    (r"\bapi\b|integration|integrasjon", "api"),
    (r"övervak|overvåk|monitor|\bevent|alarm|alert|automat|intern|system|tekniker|technician", "internal"),
)
"""What texts of a channel say, the first that is found."""
_LEADERS: Final = re.compile(
    r"chef|leder\b|leiar|rektor|manager|\bhead\b|director|direktør|direktör|sjef", re.IGNORECASE
)


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

    @property
    def open(self) -> list[str]:
        """Columns that nothing reads."""
        taken = {column for role, column in self.fields.items() if role not in _UNREAD}
        if "closed" in self.fields and self.kind == CASES:
            taken -= {self.fields.get("decided")}
        if "resolved" in self.fields and self.kind == TICKETS:
            taken -= {self.fields.get("closed")}
        return [column for column in self.look.columns if column not in taken]


def draft(path: Path, name: str, organisation: str, timezone: str, *, unpacked: int | None = None) -> str:
    """A mapping as YAML text for the file at `path`, which came under `name`.

    `organisation` and `timezone` are those under which its units are looked up. What could not be decided stands there
    as a question, and columns that nothing reads are listed. `InputError` where the file cannot be read; `unpacked` as
    in `files.opened`.
    """
    return text(drafted(look(path, name, unpacked)), organisation, timezone)


def drafted(seen: Look, kind: str = "") -> Draft:
    """What the file seems to be, or as what of `KINDS` it is to be read."""
    columns = list(seen.columns[:_COLUMNS])
    dated = {column: found for column in columns if (found := notations(seen.cells(column)))}
    if kind == LOG or (not kind and {"time:timestamp", "ocel:time"} & set(columns)):
        return _log(seen, columns, dated)
    of_kind = {each: _fields(each, seen, columns, dated) for each in ([kind] if kind else KINDS)}
    points = {each: _told(each, found) + _NAMED * _is_called(each, seen.name) for each, found in of_kind.items()}
    best = kind or max(KINDS, key=lambda each: (set(_NEEDED[each]) <= of_kind[each].keys(), points[each]))
    if not kind and (not set(_NEEDED[best]) <= of_kind[best].keys() or points[best] < _FEWEST):
        return _log(seen, columns, dated)
    return _settled(seen, best, of_kind[best], dated)


def possible(seen: Look) -> tuple[str, ...]:
    """As what a file can be read: the kinds of which it has the columns that they need, or a log of steps."""
    columns = list(seen.columns[:_COLUMNS])
    dated = {column: found for column in columns if (found := notations(seen.cells(column)))}
    return (*(kind for kind in KINDS if set(_NEEDED[kind]) <= _fields(kind, seen, columns, dated).keys()), LOG)


def _told(kind: str, found: Mapping[str, str]) -> int:
    return sum(_TELLING[kind].get(name, 0) for name in found)


def _is_called(kind: str, name: str) -> bool:
    """Whether the name of the file says that its list is of this kind."""
    return any(stem.search(called(name)) for stem in _stems()["files"][kind])


def _log(seen: Look, columns: Sequence[str], dated: Mapping[str, Sequence[Notation]]) -> Draft:
    """A list that is of no known kind: steps of cases, by the names that logs of events have."""
    found = _fields(LOG, seen, list(columns), dated)
    if "at" not in found and dated:
        rest = [column for column in dated if column not in found.values()]
        plain = [column for column in rest if not dated[column][0].formats]
        if len(plain) == 1:
            found["at"] = plain[0]
    return _settled(seen, LOG, found, dated)


@cache
def _names() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    document = yaml.safe_load((Path(__file__).parent / "names.yaml").read_text("utf-8"))
    return {
        kind: {role: tuple(map(called, names)) for role, names in roles.items()} for kind, roles in document.items()
    }


@cache
def _stems() -> Mapping[str, Mapping[str, tuple[re.Pattern[str], ...]]]:
    document = yaml.safe_load((Path(__file__).parent / "stems.yaml").read_text("utf-8"))
    return {
        kind: {
            role: tuple(re.compile(rf"\b{stem.replace('$', chr(92) + 'b')}") for stem in stems)
            for role, stems in roles.items()
        }
        for kind, roles in document.items()
    }


def called(column: str) -> str:
    """The name of a column as names are compared: small letters, a space for every sign between words."""
    apart = re.sub(r"(?<=[a-zåäöæø])(?=[A-ZÅÄÖÆØ])", " ", keyed(column))
    return re.sub(r"[\W_]+", " ", apart.lower()).strip()


def _fields(kind: str, seen: Look, columns: list[str], dated: Mapping[str, Sequence[Notation]]) -> dict[str, str]:
    """What the columns hold, each column once.

    Those called exactly so come before those that bear a name within, and these before those that only begin like one.
    """
    names = {column: called(column) for column in columns}
    found: dict[str, str] = {}

    def free(role: str, *, any_date: bool = False) -> list[str]:
        rest = [column for column in columns if column not in found.values()]
        if role not in _DATES or any_date:
            return rest
        return [column for column in rest if _AN_EVENT.search(names[column]) or not _NO_EVENT.search(names[column])]

    for within in (False, True):
        for role, known in _names()[kind].items():
            if role in found or role == "unit_name":
                continue
            candidates = free(role, any_date=not within)
            column = next(
                (
                    column
                    for name in known
                    for column in candidates
                    if _bears(names[column], name, within) and _holds(role, seen, column, dated)
                ),
                "",
            )
            if column:
                found[role] = column
    for role, stems in _stems().get(kind, {}).items():
        if role in found or (role == "closed" and "resolved" in found):
            continue
        candidates = [
            column
            for column in free(role)
            if _holds(role, seen, column, dated)
            and (role in _DATES or column not in dated)
            and _is_like(role, seen, column)
        ]
        column = next((c for stem in stems for c in candidates if stem.search(names[c])), "")
        if column:
            found[role] = column
    if kind == STAFF:
        _find_units(seen, names, found)
    return found


def _find_units(seen: Look, names: Mapping[str, str], found: dict[str, str]) -> None:
    """The finest units that a staff list has, the column that names them, and the one with those above."""
    stems = [stem for role in ("unit_name", "unit", "unit_above") for stem in _stems()[STAFF][role]]
    taken = [column for role, column in found.items() if role not in ("unit", "unit_name", "unit_above")]
    columns = [
        column
        for column in names
        if column not in taken
        and (any(stem.search(names[column]) for stem in stems) or column in found.values())
        and _is_like("unit", seen, column)
    ]
    unit = found.get("unit", "")
    finer = [c for c in columns if c != unit and cells.tells(seen.cells(c), seen.cells(unit)) > 0] if unit else []
    if finer:
        found["unit_above"], unit = unit, finer[0]
        found["unit"] = unit
        found.pop("unit_name", None)
    if unit and not found.get("unit_name"):
        rest = [c for c in columns if c not in found.values() and not cells.are_numbers(seen.cells(c))]
        name = next((c for c in rest if cells.tells(seen.cells(c), seen.cells(unit)) == 0), "")
        if name:
            found["unit_name"] = name


def _is_like(role: str, seen: Look, column: str) -> bool:
    """Whether the cells are of the sort that the field has, where the name of the column is no sure sign."""
    texts = cells.said(seen.cells(column))
    distinct = set(texts)
    match role:
        case "ticket" | "case":
            return len(distinct) > _UNIQUE * len(seen.rows) and all(len(t) <= 40 and _DIGIT.search(t) for t in distinct)
        case "person":
            return all(" " not in text for text in distinct)
        case "channel":
            words = sum(channel(text) != "other" for text in distinct)
            return 2 * words > len(distinct) and cells.are_few(texts)
        case "unit" | "unit_name" | "team" | "category" | "case_type":
            return cells.are_few(texts) or (cells.are_numbers(texts) and len(distinct) * 3 <= len(texts))
        case "requester" | "actor":
            return not cells.are_unique(texts) and not cells.is_fraction(texts) and cells.yes_words(texts) is None
        case _:
            return True


def _bears(column: str, name: str, within: bool) -> bool:
    if not within:
        return column == name
    return len(name) > 3 and re.search(rf"\b{re.escape(name)}\b", column) is not None


def _holds(role: str, seen: Look, column: str, dated: Mapping[str, Sequence[Notation]]) -> bool:
    """Whether the cells may be what the field takes."""
    texts = seen.cells(column)
    if not cells.said(texts):
        return role in _ENDS  # nothing has ended yet
    if role in _DATES:
        return column in dated or bool(notations(texts, counted=True)) or bool(damage(texts))
    if column in dated and not any(each.formats for each in dated[column]):
        return False  # a date is nothing but a date
    match role:
        case "fte":
            return cells.are_numbers([text.replace("%", "").strip() for text in texts])
        case "access" | "first_contact" | "end_to_end":
            return cells.yes_words(texts) is not None
        case "returned":
            return cells.yes_words(texts) is not None
        case "channel" | "unit_above" | "role" | "status":
            return cells.are_few(texts) and not (role != "status" and cells.are_numbers(texts))
        case "category" | "case_type" | "team" | "course" | "app" | "activity":
            return not cells.are_unique(texts) or len(texts) < 3
        case _:
            return True


def _settled(seen: Look, kind: str, found: dict[str, str], dated: Mapping[str, Sequence[Notation]]) -> Draft:
    """The draft, with the order of its dates as all of them together decide."""
    remarks = _without_damaged(seen, found)
    read = {
        column: tuple(these)
        for role, column in found.items()
        if role in _DATES - _UNREAD and (these := dated.get(column) or notations(seen.cells(column), counted=True))
    }
    common = tuple(each for each in next(iter(read.values()), ()) if all(each in these for these in read.values()))
    dates = common or next(iter(read.values()), (Notation(),))
    others = {} if common else {column: these for column, these in read.items() if these != dates}
    questions: list[Question] = []
    for column, these in {next(iter(read), ""): dates, **others}.items():
        if not questions:
            questions += _asked_order(seen, column, these)
    if "unit" not in found:
        questions.append(Question("unit", "no column names the unit: to which unit do all rows belong?", (), ""))
    if kind == STAFF and "from" not in found:
        questions.append(Question("since", "no column says since when somebody is employed: since which day?", (), ""))
    return Draft(seen, kind, found, dates, tuple(questions), others, remarks)


_DAMAGED: Final = {
    "turned": "seem to be turned around by a spreadsheet of another country: those that it took for dates have no day "
    "above 12, and those that it left as texts all have one",
    "mixed": "are written in several orders, so that some would be read as another day",
}
_ANEW: Final = "export the list anew as CSV, with dates such as 2026-03-31"


def _without_damaged(seen: Look, found: dict[str, str]) -> tuple[str, ...]:
    """Leave out columns whose dates cannot be trusted, each with a remark. `InputError` where the list needs them."""
    remarks = []
    for role, column in list(found.items()):
        wrong = damage(seen.cells(column)) if role in _DATES else ""
        if not wrong:
            continue
        said = f"the dates of '{column}' {_DAMAGED[wrong]}"
        if role in ("opened", "from", "at"):
            raise InputError(seen.name, "", f"{said}; {_ANEW}")
        del found[role]
        remarks.append(f"{said}; the column is not read: {_ANEW}")
    return tuple(remarks)


def _asked_order(seen: Look, column: str, found: Sequence[Notation]) -> list[Question]:
    orders = tuple(dict.fromkeys(each.order for each in found))
    if len(orders) < 2:
        return []
    shown = ", ".join(cells.said(seen.cells(column))[:3])
    return [
        Question(
            "order",
            f"dates such as {shown} may be {' or '.join(order.replace('-', ' ') for order in orders)}: which?",
            orders,
            "day-first" if "day-first" in orders else orders[0],
            column,
            shown,
        )
    ]


def text(made: Draft, organisation: str, timezone: str, answers: Mapping[str, str] | None = None) -> str:
    """The mapping of a draft as YAML text.

    `answers` are those to its questions, and may name the mapping (`id`), its `system`, its `source`, and the day from
    which staff are counted (`not_before`). What has no answer is left open, so that rows are rejected rather than read
    wrongly.
    """
    said = dict(answers or {})
    name = said.get("id", "draft" if made.kind == LOG else made.kind)
    lines = [
        f"# {_SAYS[made.kind]} Drafted from the columns: look at each line, and at the first rows.",
        f"id: {name}",
        f"title: {quoted(made.look.name)}",
        f"format: {made.look.form}",
        f"organisation: {{id: {quoted(organisation)}}}",
        f"timezone: {timezone}",
        *_written(made, said),
        "",
        *_BODIES[made.kind](made, said),
    ]
    if made.open:
        lines += ["", f"# not read: {', '.join(c if c.isprintable() else quoted(c) for c in made.open)}"]
    return "\n".join(lines) + "\n"


def mapping_of(made: Draft, organisation: str, timezone: str, answers: Mapping[str, str] | None = None) -> Described:
    """The mapping of a draft."""
    return parse(text(made, organisation, timezone, answers), "draft.yaml")


_SAYS: Final = {
    STAFF: "A staff list: who belongs to which unit.",
    TICKETS: "Tickets of a service desk, one row a ticket.",
    CASES: "Cases.",
    TRAINING: "Courses that persons completed.",
    USE: "Use of an application.",
    LOG: "A list of steps.",
}


def _written(made: Draft, said: Mapping[str, str]) -> Iterator[str]:
    """How the file writes dates and numbers, and by what its rows are known."""
    dates = _decided(made.dates, said)
    if dates is None:
        yield "# dates: {order: day-first}  # or month-first? Nothing in the file decides; until then rows are rejected"
    elif dates.formats:
        yield f"dates: {{formats: [{', '.join(map(quoted, dates.formats))}]}}"
    elif dates != Notation():
        years = ", years: two" if dates.years == "two" else ""
        yield f"dates: {{order: {dates.order}{years}}}"
    if nulls := _nulls(made):
        yield f"nulls: [{', '.join(map(quoted, nulls))}]"
    if made.look.records:
        yield f"records: {quoted(made.look.records)}"
    if made.look.form == "table" and (table := list(_table(made.look))):
        yield f"table: {{{', '.join(table)}}}"
    keys = [made.fields[role] for role in _KEYS[made.kind] if role in made.fields]
    if made.kind in (TICKETS, CASES) and not cells.are_unique(made.look.cells(keys[0])):
        keys = []
    if keys and made.kind != LOG:
        yield f"source: {said.get('source', said.get('id', made.kind))}"
        yield f"identity: [{', '.join(map(quoted, keys))}]"
        yield "snapshot: true"


def _decided(dates: Sequence[Notation], said: Mapping[str, str]) -> Notation | None:
    """The notation that cells or an answer decide; None where neither does."""
    if len({each.order for each in dates}) == 1:
        return dates[0]
    return next((each for each in dates if each.order == said.get("order")), None)


def _nulls(made: Draft) -> list[str]:
    """Texts that stand for nothing in the columns that are read."""
    taken = [made.look.cells(column) for role, column in made.fields.items() if role not in _UNREAD]
    said = {text.strip() for texts in taken for text in texts if text.strip().lower() in cells.MOST_NULL} - {""}
    return sorted(said | _no_ends(made))


def _no_ends(made: Draft) -> set[str]:
    """Ends of employments that are none, such as 9999-12-31."""
    column = made.fields.get("to", "")
    dates = made.others.get(column, made.dates)
    texts = cells.said(made.look.cells(column))
    return {
        text
        for text in texts
        if all((day := cells.moment(each, text)) is not None and day.year in cells.NO_END for each in dates)
    }


def _table(seen: Look) -> Iterator[str]:
    if cells.decimal_mark([seen.cells(column) for column in seen.columns]) == ",":
        yield 'decimal: ","'
    if seen.above:
        yield f"skip_lines: {seen.above}"


_KEYS: Final = {
    STAFF: ("person", "unit", "from"),
    TICKETS: ("ticket",),
    CASES: ("case",),
    TRAINING: ("person", "course", "at"),
    USE: ("person", "app", "at"),
    LOG: (),
}


def _staff(made: Draft, said: Mapping[str, str]) -> Iterator[str]:
    found = made.fields
    first = said.get("not_before", "") if "from" in found and found.get("to") not in made.others else ""
    yield _unit(made, said)
    if said.get("system"):
        yield f"system: {{constant: {quoted(said['system'])}}}"
    not_before = f"not_before: {first}" if first else ""
    since = (
        _at(made, found["from"], said, not_before)
        if "from" in found
        else f"{{constant: {said.get('since') or 'YYYY-MM-DD'}}}"
    )
    yield f"time: {since}"
    yield f"actor: {quoted(found['person'])}"
    yield "actor_kind: {constant: person}"
    yield ""
    yield "events:"
    yield "  - type: people.eligibility"
    if first and "to" in found:
        yield f"    when: {{field: {quoted(found['to'])}, lasts_to: {first}}}  # figures begin then"
    if "role" in found:
        leaders = sorted({t for t in cells.said(made.look.cells(found["role"])) if _LEADERS.search(t)})[:40]
        yield f"    role: {quoted(found['role'])}"
        if leaders:
            values = ", ".join(f"{quoted(t)}: managers" for t in leaders)
            yield f"    tier: {{field: {quoted(found['role'])}, values: {{{values}}}, otherwise: staff}}"
    if "fte" in found:
        yield from _fte(made, found["fte"])
    yield f"    valid_from: {since}"
    if "to" in found:
        yield f"    valid_to: {_at(made, found['to'], said, 'add_days: 1')}"
    if "access" in found:
        yes = cells.yes_words(made.look.cells(found["access"])) or []
        answer = f"{{field: {quoted(found['access'])}, is: [{', '.join(map(quoted, yes or ['Ja']))}]}}"
        yield f"    account: {answer}"
        yield f"    licence: {answer}"


def _fte(made: Draft, column: str) -> Iterator[str]:
    """The part of a full position in percent, where the cells are whole percents or parts of 1."""
    texts = cells.said(made.look.cells(column))
    try:
        numbers = [float(text.replace("%", "").replace(" ", "").replace(",", ".")) for text in texts]
    except ValueError:
        return
    if any("%" in text for text in texts):
        return
    if max(numbers) <= 1:
        yield f"    fte: {{field: {quoted(column)}, times: 100}}"
    elif all(number == int(number) and 1 <= number <= 100 for number in numbers):
        yield f"    fte: {quoted(column)}"


def _tickets(made: Draft, said: Mapping[str, str]) -> Iterator[str]:
    found = made.fields
    yield from _of_system(made, said)
    yield f"ticket: {quoted(found['ticket'])}"
    yield from _shared(made, ("category", "team"))
    yield ""
    yield "events:"
    once = cells.are_unique(made.look.cells(found["ticket"]))
    yield "  - type: ticket.opened"
    if not once:
        yield "    once: true"
    yield f"    time: {_at(made, found['opened'], said)}"
    if "requester" in found:
        yield f"    actor: {quoted(found['requester'])}"
    end = found.get("resolved") or found.get("closed")
    if end:
        yield from _end(made, said, end, "ticket", "resolved")
        yield from _answer(made, "first_contact", "    first_contact")


def _cases(made: Draft, said: Mapping[str, str]) -> Iterator[str]:
    found = made.fields
    yield from _of_system(made, said)
    yield f"case: {quoted(found['case'])}"
    if "case_type" in found:
        yield f"case_type: {quoted(found['case_type'])}"
    if "actor" in found:
        yield f"actor: {quoted(found['actor'])}"
    yield from _shared(made, ())
    yield ""
    yield "events:"
    if "activity" in found and "at" in found and not cells.are_unique(made.look.cells(found["case"])):
        yield "  - type: case.step"
        yield f"    time: {_at(made, found['at'], said)}"
        yield f"    activity: {quoted(found['activity'])}"
        return
    opened = found.get("opened") or found.get("at")
    yield "  - type: case.opened"
    yield f"    time: {_at(made, opened, said) if opened else '{field: time}  # no column holds the date of opening'}"
    if "returned" in found and opened:
        yes = cells.yes_words(made.look.cells(found["returned"])) or []
        yield "  - also: returned"
        yield "    type: case.returned"
        yield f"    when: {{field: {quoted(found['returned'])}, is: [{', '.join(map(quoted, yes or ['Ja']))}]}}"
        yield f"    time: {_at(made, opened, said)}"
        yield "    by_law: true"
    end = found.get("closed") or found.get("decided")
    if end:
        yield from _end(made, said, end, "case", "closed")
        yield from _answer(made, "end_to_end", "    end_to_end")


def _training(made: Draft, said: Mapping[str, str]) -> Iterator[str]:
    found = made.fields
    yield _unit(made, said)
    yield f"time: {_at(made, found['at'], said)}"
    yield f"actor: {quoted(found['person'])}"
    yield "actor_kind: {constant: person}"
    yield ""
    yield "events:"
    yield "  - type: change.training"
    yield f"    course: {quoted(found['course'])}"


def _use(made: Draft, said: Mapping[str, str]) -> Iterator[str]:
    found = made.fields
    yield from _of_system(made, said)
    yield f"time: {_at(made, found['at'], said)}"
    yield f"actor: {quoted(found['person'])}"
    yield ""
    yield "events:"
    yield "  - type: platform.session"
    if "app" in found:
        yield f"    app: {quoted(found['app'])}"


def _steps(made: Draft, said: Mapping[str, str]) -> Iterator[str]:
    found = made.fields
    yield from _of_system(made, said)
    yield (
        f"time: {_at(made, found['at'], said)}"
        if "at" in found
        else "time: time  # no column holds dates: which is it?"
    )
    yield ""
    yield "events:"
    yield f"  - type: {'case.step' if 'activity' in found else 'case.opened'}"
    yield f"    case: {quoted(found.get('case', made.look.columns[0]))}"
    if "activity" in found:
        yield f"    activity: {quoted(found['activity'])}"
        if "actor" in found:
            yield f"    actor: {quoted(found['actor'])}"
    yield from (f"    {line}" for line in _shared(made, ()))


_BODIES: Final = {
    STAFF: _staff,
    TICKETS: _tickets,
    CASES: _cases,
    TRAINING: _training,
    USE: _use,
    LOG: _steps,
}


def _of_system(made: Draft, said: Mapping[str, str]) -> Iterator[str]:
    """The unit of each row and the system of the whole list."""
    yield _unit(made, said)
    yield f"system: {{constant: {quoted(said.get('system', 'system'))}}}" + _open(said, "system")


def _end(made: Draft, said: Mapping[str, str], column: str, subject: str, what: str) -> Iterator[str]:
    """The event with which a ticket or case ends, where the column of its moment is filled in."""
    yield f"  - also: {what}"
    yield f"    type: {subject}.{what}"
    yield f"    when: {{field: {quoted(column)}, present: true}}"
    yield f"    time: {_at(made, column, said)}"


def _unit(made: Draft, said: Mapping[str, str]) -> str:
    if "unit" in made.fields:
        return f"unit: {quoted(made.fields['unit'])}"
    return f"unit: {{constant: {quoted(said.get('unit') or 'unit')}}}" + _open(said, "unit")


def _open(said: Mapping[str, str], what: str) -> str:
    remarks = {"system": "the system's id in the registry", "unit": "no column: the unit's code"}
    return "" if said.get(what) else f"  # {remarks[what]}"


def _shared(made: Draft, plain: Sequence[str]) -> Iterator[str]:
    """The channel, and fields that are taken as they are."""
    found = made.fields
    if "channel" in found:
        texts = sorted(set(cells.said(made.look.cells(found["channel"]))))[:40]
        values = ", ".join(f"{quoted(each)}: {channel(each)}" for each in texts)
        yield f"channel: {{field: {quoted(found['channel'])}, values: {{{values}}}, otherwise: other}}"
    for role in plain:
        if role in found:
            yield f"{role}: {quoted(found[role])}"


def channel(said: str) -> str:
    """The channel that a text seems to say; `other` where it says none."""
    return next((known for pattern, known in _CHANNELS if re.search(pattern, said, re.IGNORECASE)), "other")


def _answer(made: Draft, role: str, name: str) -> Iterator[str]:
    if role in made.fields:
        column = made.fields[role]
        yes = cells.yes_words(made.look.cells(column)) or []
        yield f"{name}: {{field: {quoted(column)}, is: [{', '.join(map(quoted, yes or ['Ja']))}]}}"


def _at(made: Draft, column: str, said: Mapping[str, str], more: str = "") -> str:
    """A moment of a mapping, with its own notation where the file's other dates have another."""
    parts = [f"field: {quoted(column)}"]
    if column in made.others:
        other = _decided(made.others[column], said) or Notation()  # under which what is not decided is rejected
        if other.formats:
            parts.append(f"formats: [{', '.join(map(quoted, other.formats))}]")
        else:
            parts += ["formats: []", f"order: {other.order}", f"years: {other.years}"]
    if re.search(r"\b(utc|gmt)\b", called(column)):
        parts.append("zone: UTC")
    parts += [more] if more else []
    return quoted(column) if len(parts) == 1 else f"{{{', '.join(parts)}}}"


def quoted(said: str) -> str:
    """As YAML reads it back, whatever it holds; a plain word as it is."""
    if re.fullmatch(r"[^\W\d][\w .-]*\w", said) and ": " not in said and " #" not in said:
        return said
    written = json.dumps(said, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08X}" for sign in written)
