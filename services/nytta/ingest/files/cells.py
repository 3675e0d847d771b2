"""What the cells of a column are, judged by their texts alone: dates and their order, numbers, answers, ids."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from nytta.ingest.files.times import Order, Years, day_reader

MOST_NULL: Final = frozenset(
    {"", "-", "--", "?", "n/a", "na", "null", "none", "(empty)", "(tom)", "#n/a", "nan"}
    | {
        "not specified",
        "unspecified",
        "unassigned",
        "ej angiven",
        "ej angivet",
        "ikke angitt",
        "ikke oppgitt",
    }
    | {
        "não informado",
        "sin asignar",
        "no especificado",
        "non renseigné",
        "nicht zugewiesen",
        "niet toegewezen",
    }
)
"""Texts that stand for nothing, in small letters."""
_ENOUGH: Final = 0.95
"""The part of a column's cells that must be dates, all but one at least; the others may be damaged."""
_SHOWN: Final = 2_000
_FIRST: Final = 100
"""So many cells tell that a notation fits none: of dates, 95 in 100 would fit."""
_FAR_YEARS: Final = frozenset({2099, 2100, 2199, 2222, 2299, 2999, 9998, 9999})
"""Years that stand for no end, in lists of employments and the like."""
_FIRST_DAYS: Final = frozenset(
    {
        (1, 1, 1),
        (1753, 1, 1),
        (1899, 12, 30),
        (1899, 12, 31),
        (1900, 1, 1),
        (1969, 12, 31),
        (1970, 1, 1),
    }
)
"""Days from which programs count, which stand where a database has no date."""
_YEARS_OF_NONE: Final = "0001|1753|1899|1900|1969|1970|2099|2100|2199|2222|2299|2999|9998|9999"
_LIKE_NONE: Final = re.compile(
    rf"(?<!\d)({_YEARS_OF_NONE})(?!\d)|^({_YEARS_OF_NONE})\d{{4}}(?!\d)|^\d{{4}}({_YEARS_OF_NONE})(?!\d)|^2958465$"
)
"""Texts with a year of such a day, be it written without signs, or as a spreadsheet counts its last day."""
_YES: Final = frozenset(
    {
        "ja",
        "j",
        "yes",
        "y",
        "true",
        "sant",
        "sann",
        "1",
        "x",
        "on",
        "på",
        "aktiv",
        "active",
        "kyllä",
        "oui",
        "sim",
        "sí",
        "si",
        "sì",
        "s",
        "wahr",
        "vrai",
        "waar",
        "verdadeiro",
        "verdadero",
        "vero",
    }
)
_NO: Final = frozenset(
    {
        "nej",
        "nei",
        "n",
        "no",
        "false",
        "falskt",
        "usann",
        "0",
        "off",
        "av",
        "inaktiv",
        "inactive",
        "ei",
        "nein",
        "nee",
        "non",
        "não",
        "nao",
        "falsch",
        "faux",
        "onwaar",
        "falso",
    }
)
_LEFT: Final = re.compile(
    r"(in ?active|inaktiv|disabled|terminated|resigned|retired|left|leaver|former|deleted|ended|quit|dismissed|slutat"
    r"|slutad|avslutad|avgått|pensionerad|upphör\w*|sluttet|fratrådt|avsluttet|opphørt|pensjonert|ophørt|afsluttet"
    r"|ausgeschieden|uit dienst|desligado|baja|päättynyt)(?![^\W\d_])",
    re.IGNORECASE,
)
"""Words by which a staff list says that somebody belongs to it no more."""
_NO_END_YET: Final = re.compile(
    r"till?s ?vidare|t\.?v\.?|until further notice|inntil videre|indtil videre|löpande|løpende|permanent|ongoing|pågår"
    r"|pågående|under arbeid|under behandling|igangværende|ej (?:klart?|löst|avslutad)|ikke (?:ferdig|løst|avsluttet)"
    r"|not closed|open|öppe[nt]|åpe[nt]|åbe[nt]|(?:em )?abert[oa]|abiert[oa]|ouverte?|offen|apert[oa]|avoin|kesken"
    r"|em andamento|en (?:curso|cours)|in (?:bearbeitung|behandeling|corso)|nicht (?:gelöst|abgeschlossen)",
    re.IGNORECASE,
)
"""Words in a column of ends that say that nothing has ended."""
_NUMBER: Final = re.compile(r"[+-]?\d{1,3}(?:[ \u00a0.]\d{3})*(?:[.,]\d+)?|[+-]?\d*[.,]?\d+")
_DOTTED: Final = re.compile(r"\d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2})\b")
_SERIAL: Final = re.compile(r"[345]\d{4}(?:[.,]\d+)?|2958465")
"""Days of 1982 to 2064 as spreadsheets count them, and the last that they know, which stands for no end."""
_FIRST_CONTACT: Final = re.compile(
    r"\bfirst (contact|call|touch)|\bförst\w* (kontakt|samtal)|\bførste (kontakt|henvend|samtale)|\bdirektlös|\bfcr\b",
    re.IGNORECASE,
)
_END_TO_END: Final = re.compile(
    r"(helt |fullt |fully )?(automat|digital|helautomat|heldigital)|straight.through|end.to.end",
    re.IGNORECASE,
)
_DONE: Final = re.compile(
    r"\b(genomför|gjennomfør|gennemfør|slutför|fullför|fullfør|avklara|godkän|godken|godkjen|bestå|delta|närvar|mött\b|møtt\b"
    r"|complet|passed|attend|success|succeed|lyckad|vellyk|ok\b)",
    re.IGNORECASE,
)
_FAILED: Final = re.compile(
    r"(sign-?in )?(fail|interrupt|denied|blocked|error|misslyck|mislyk|mislukk|feil|avvis|avbr|nekad|nektet)\w*",
    re.IGNORECASE,
)
"""Words by which rows say that something was not done, though none of them may say that it was."""
_AFFIRMING: Final = {
    "first_contact": _FIRST_CONTACT.search,
    "end_to_end": _END_TO_END.match,
    "done": _DONE.search,
}
"""Words that affirm what a field asks."""
_NOT: Final = re.compile(
    r"\b(ej|inte|icke|ikke|not|no|utan|uten|without|delvis|partly|semi)\b", re.IGNORECASE
)
_THREE_DIGITS: Final = re.compile(r"\d\D*\d\D*\d")
"""Every date has a day, and a year of two digits at least."""
_LONGEST_DATE: Final = 80
_YEAR_FIRST: Final = re.compile(r"\d{4}-")
_ZONE: Final = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Notation:
    """How a column writes its dates."""

    order: Order = "year-first"
    years: Years = "four"
    formats: tuple[str, ...] = ()


ORDERS: Final[tuple[Notation, ...]] = (
    Notation("year-first"),
    Notation("day-first"),
    Notation("month-first"),
    Notation("year-first", "two"),
    Notation("day-first", "two"),
    Notation("month-first", "two"),
    Notation(formats=("%Y%m%d",)),
    Notation(formats=("%Y%m%d%H%M%S", "%Y%m%dT%H%M%S", "%Y%m%d %H:%M:%S", "%Y%m%d %H:%M")),
)
"""Notations that a column without a telling name may have, of which the first that fits counts."""
COUNTED: Final[tuple[Notation, ...]] = (
    Notation("epoch-s"),
    Notation("epoch-ms"),
    Notation("excel"),
    Notation(formats=("%y%m%d", "%y%m%d %H:%M", "%y%m%d %H%M")),
    Notation("day-first", formats=("%d%m%y", "%d%m%y %H:%M", "%d%m%y %H%M")),
    Notation("day-first", formats=("%d%m%Y", "%d%m%Y %H:%M", "%d%m%Y %H%M")),
)
"""Numbers that are dates in a column whose name says that it holds dates."""


class ColumnTexts(list[str]):
    """The texts of a column, which are looked at many times."""

    @cached_property
    def filled(self) -> list[str]:
        """Those that say something, without white space around them."""
        return _filled(self)


def filled(cells: Sequence[str]) -> list[str]:
    """The cells that say something, without white space around them."""
    return cells.filled if isinstance(cells, ColumnTexts) else _filled(cells)


def _filled(cells: Sequence[str]) -> list[str]:
    return [cell_text for cell in cells if (cell_text := cell.strip()).lower() not in MOST_NULL]


def says_no_end(cell_text: str) -> bool:
    """Whether a cell of a column of ends says in words that there is none yet, such as "tills vidare"."""
    return _NO_END_YET.fullmatch(cell_text.strip()) is not None


def is_like_no_date(cell_text: str) -> bool:
    """Whether a text may stand for no date, as `is_no_date` decides."""
    return _LIKE_NONE.search(cell_text) is not None


def is_no_date(cell_text: str, dates: Sequence[Notation]) -> bool:
    """Whether a text stands for no date under each of these notations, as 1900-01-01 and 9999-12-31 do."""
    days = [moment(notation, cell_text) for notation in dates] if is_like_no_date(cell_text) else []
    return bool(days) and all(day is not None and _stands_for_none(day) for day in days)


def _stands_for_none(day: date) -> bool:
    return day.year in _FAR_YEARS or (day.year, day.month, day.day) in _FIRST_DAYS


def _days(cells: Sequence[str], shown: int = _SHOWN) -> list[str]:
    """Different cells that may be dates, so many as are looked at."""
    different = dict.fromkeys(filled(cells))
    return list(islice((cell_text for cell_text in different if not says_no_end(cell_text)), shown))


def notations(
    cells: Sequence[str], *, counted: bool = False, shown: int = _SHOWN
) -> tuple[Notation, ...]:
    """The notations under which nearly all of these cells are dates of 1940 to 2100; several where nothing decides.

    With `counted`, numbers of seconds or days may be dates too. So many different cells as are `shown` decide.
    """
    cell_texts = _days(cells, shown)
    # texts that no notation could take for dates are told cheaply
    if 2 * sum(map(_may_be_date, cell_texts)) <= len(cell_texts):
        return ()
    tried = (*ORDERS, *COUNTED) if counted else ORDERS
    shares = {notation: _share_of_dates(notation, cell_texts) for notation in tried}
    best_share = max(shares.values())
    # one damaged cell is forgiven, however few there are
    damaged = len(cell_texts) * (1 - best_share)
    if best_share <= 0.5 or (best_share < _ENOUGH and damaged > 1.5):
        return ()
    fitting = [notation for notation, share in shares.items() if share == best_share]
    if any(notation.years == "four" for notation in fitting):
        fitting = [notation for notation in fitting if notation.years == "four"]
    # year, month and day with a year of four digits are what they say
    if fitting[0] == Notation():
        return (fitting[0],)
    cell_texts = [
        cell_text
        for cell_text in cell_texts
        if any(_is_date(notation, cell_text) for notation in fitting)
    ]
    if all(
        _DOTTED.match(cell_text) for cell_text in cell_texts
    ):  # a date with dots has its day first, wherever it is written
        fitting = [notation for notation in fitting if notation.order == "day-first"] or fitting
    return tuple(_without_years_for_days(_different(fitting, cell_texts), cell_texts))


def _may_be_date(cell_text: str) -> bool:
    return len(cell_text) <= _LONGEST_DATE and _THREE_DIGITS.search(cell_text) is not None


def _different(notations: Sequence[Notation], cell_texts: Sequence[str]) -> list[Notation]:
    """Of notations that read all texts alike, the first."""
    by_days: dict[tuple[datetime | None, ...], Notation] = {}
    for notation in notations:
        days = tuple(moment(notation, cell_text) for cell_text in cell_texts)
        by_days.setdefault(days, notation)
    return list(by_days.values())


def damage(cells: Sequence[str]) -> str:
    """What is wrong with dates of several notations, or turned around by a spreadsheet; "" where nothing is.

    A spreadsheet of another country takes 13/01/2026 for a text and 03/01/2026 for a date, the first of March. So dates
    of which none has a day above 12, among texts all of which have a number above 12, are most likely turned around.
    """
    cell_texts = _days(cells)
    orders = [notation for notation in ORDERS if notation.years == "four" and not notation.formats]
    if not cell_texts or not all(
        any(_is_date(date_order, cell_text) for date_order in orders) for cell_text in cell_texts
    ):
        return ""
    as_dates = [cell_text for cell_text in cell_texts if _YEAR_FIRST.match(cell_text)]
    as_texts = [cell_text for cell_text in cell_texts if not _YEAR_FIRST.match(cell_text)]
    days = [day.day for cell_text in as_dates if (day := moment(Notation(), cell_text))]
    # what is no date of every order has a number above 12
    are_all_sure = not any(
        all(_is_date(date_order, cell_text) for date_order in orders[1:]) for cell_text in as_texts
    )
    if days and as_texts and max(days) <= 12 and are_all_sure:
        return "turned"
    best_share = max(_share_of_dates(date_order, cell_texts) for date_order in orders)
    return "" if best_share >= _ENOUGH else "mixed"


def _without_years_for_days(notations: list[Notation], cell_texts: Sequence[str]) -> list[Notation]:
    """These notations without those that take the two digits of a year for a day.

    Where there are many dates and one reading has nearly all days of a month, the end of it too, a reading that has one
    or two days alone is none. Dates that all lie on the first of a month decide nothing.
    """
    if len(notations) < 2 or any(
        notation.years == "four" and not notation.formats for notation in notations
    ):
        return notations
    days_of_month: dict[Notation, set[int]] = {}
    for notation in notations:
        days = (moment(notation, cell_text) for cell_text in cell_texts)
        days_of_month[notation] = {day.day for day in days if day}
    if not any(len(days) >= 20 and max(days) >= 29 for days in days_of_month.values()):
        return notations
    return [notation for notation in notations if len(days_of_month[notation]) > 3]


_NUMBERS: Final = {
    Notation("epoch-s"): re.compile(r"\d{9,10}(?:\.\d+)?"),
    Notation("epoch-ms"): re.compile(r"\d{12,13}(?:\.\d+)?"),
    Notation("excel"): _SERIAL,
}
"""What numbers must look like to be dates: any number is a date of some epoch."""


def _share_of_dates(notation: Notation, cell_texts: Sequence[str]) -> float:
    number = _NUMBERS.get(notation)
    if number and not all(number.fullmatch(cell_text) for cell_text in cell_texts):
        return 0
    # most notations fit no cell, and no other need be read
    if not any(_is_date(notation, cell_text) for cell_text in cell_texts[:_FIRST]):
        return 0
    return sum(_is_date(notation, cell_text) for cell_text in cell_texts) / len(cell_texts)


def _is_date(notation: Notation, cell_text: str) -> bool:
    try:
        day = _reader(notation)(cell_text)
        return 1940 <= day.year <= 2100 or _stands_for_none(day)
    except (ValueError, OverflowError):
        return False


@cache
def _reader(notation: Notation) -> Callable[[str], date]:
    return day_reader(notation.order, notation.formats, _ZONE, notation.years)


def moment(notation: Notation, cell_text: str) -> datetime | None:
    """The day of a cell, as a time that sorts; None where it is none."""
    try:
        return datetime.combine(_reader(notation)(cell_text.strip()), datetime.min.time())
    except (ValueError, OverflowError):
        return None


def yes_words(cells: Sequence[str]) -> list[str] | None:
    """The texts of a column of answers that mean yes; None where it holds anything but answers."""
    cell_texts = set(filled(cells))
    if not cell_texts or not all(cell_text.lower() in _YES | _NO for cell_text in cell_texts):
        return None
    return sorted(cell_text for cell_text in cell_texts if cell_text.lower() in _YES)


def words_of_leaving(cells: Sequence[str]) -> list[str] | None:
    """The texts of a column that say that somebody has left; None where it does not say who has."""
    cell_texts = sorted(set(filled(cells)))
    if yes_words(cells) is not None:
        left = [cell_text for cell_text in cell_texts if cell_text.lower() in _NO]
    else:
        left = [cell_text for cell_text in cell_texts if _LEFT.match(cell_text)]
    return left if are_few(cells) and 0 < len(left) < len(cell_texts) else None


def affirmative(role: str, cells: Sequence[str]) -> list[str] | None:
    """The texts of a column that affirm what a field asks (`first_contact`, `end_to_end`, `done`; else yes and no).

    Words may say it too, such as "Resolved by first call" among other codes of closing, where some say it and others
    do not; that something was done, such as "Passed", all may say. None where the column answers no such question.
    """
    plain = yes_words(cells)
    affirms = _AFFIRMING.get(role)
    if plain is not None or affirms is None or not are_few(cells):
        return plain
    cell_texts = sorted(set(filled(cells)))
    affirming = [
        cell_text for cell_text in cell_texts if affirms(cell_text) and not _NOT.search(cell_text)
    ]
    # where all say the same, a word may as well be the name of the column
    decides = 0 < len(affirming) < len(cell_texts) or (role == "done" and affirming == cell_texts)
    # a list may be of failures alone
    decides |= role == "done" and all(map(_FAILED.fullmatch, cell_texts))
    return affirming if decides else None


def are_numbers(cells: Sequence[str]) -> bool:
    """Whether every cell that says something is a number."""
    cell_texts = filled(cells)
    return bool(cell_texts) and all(_NUMBER.fullmatch(cell_text) for cell_text in cell_texts)


def are_counts(cells: Sequence[str]) -> bool:
    """Whether every cell that says something is a small whole number, such as how often something happened."""
    cell_texts = filled(cells)
    return bool(cell_texts) and all(
        re.fullmatch(r"\d{1,3}(?:[.,]0+)?", cell_text) for cell_text in cell_texts
    )


def are_said_in_part(cells: Sequence[str]) -> bool:
    """Whether some cells say something in words of a list, and others nothing."""
    cell_texts = filled(cells)
    return 0 < len(cell_texts) < len(cells) and are_few(cells) and not are_numbers(cells)


def is_fraction(cells: Sequence[str]) -> bool:
    """Whether every cell that says something is a number, and one has a fraction."""
    return are_numbers(cells) and any(
        re.search(r"[.,]\d", cell_text) for cell_text in filled(cells)
    )


def are_unique(cells: Sequence[str]) -> bool:
    """Whether every cell says something, and no two the same."""
    cell_texts = filled(cells)
    return len(cell_texts) == len(cells) == len(set(cell_texts)) and bool(cells)


def are_few(cells: Sequence[str]) -> bool:
    """Whether the cells are words of a list: few of them, short, and not numbers."""
    cell_texts = filled(cells)
    words = set(cell_texts)
    return (
        bool(words) and len(words) <= max(12, len(cell_texts) // 3) and max(map(len, words)) <= 80
    )


def tells(cells: Sequence[str], other_cells: Sequence[str]) -> int:
    """How many more different texts a column has than another, where each text of it goes with one of the other.

    0 where they say the same in different words; -1 where one does not tell the other, or says nothing.
    """
    text_pairs = {
        (cell_text, other_text)
        for cell_text, other_text in zip(cells, other_cells, strict=True)
        if cell_text.strip() and other_text.strip()
    }
    cell_texts, others = (
        {cell_text for cell_text, _ in text_pairs},
        {other_text for _, other_text in text_pairs},
    )
    # more pairs than texts: a text goes with several others, and tells none of them
    is_told = len(text_pairs) == len(cell_texts) > 1
    return len(cell_texts) - len(others) if is_told else -1


def agreement(cells: Sequence[str], other_cells: Sequence[str]) -> float:
    """The part of the rows, of those in which both columns say something, where a text goes with its usual other."""
    text_pairs = Counter(
        (cell_text, other_text)
        for cell_text, other_text in zip(cells, other_cells, strict=True)
        if cell_text and other_text
    )
    usual: dict[str, int] = {}
    for (cell_text, _other), row_count in text_pairs.items():
        usual[cell_text] = max(row_count, usual.get(cell_text, 0))
    return sum(usual.values()) / (text_pairs.total() or 1)


def decimal_mark(columns: Sequence[Sequence[str]]) -> str:
    """The mark before the fraction in columns of numbers: "," where one has it and none has a point."""
    numbers = [cell_text for cells in columns if are_numbers(cells) for cell_text in filled(cells)]
    commas = any(re.fullmatch(r"[+-]?[\d \u00a0.]*,\d+", cell_text) for cell_text in numbers)
    return "," if commas else "."
