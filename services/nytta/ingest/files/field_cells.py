"""Whether the cells of a column may be what a field holds, where its name is no sure sign."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from nytta.ingest.files import cells
from nytta.ingest.files.cells import damage, notations
from nytta.ingest.files.channels import channel
from nytta.ingest.files.column_names import called
from nytta.ingest.files.kinds import DATES, ENDS, Dated
from nytta.ingest.files.looks import Look

_UNIQUE: Final = 0.95
"""The part of the rows that must have a number of their own for it to be that of a ticket or a case."""
MANY: Final = 6
"""Of so many rows, texts that are all different are no words of a list."""
_MOST_WAYS: Final = 12
_MANY_ROWS: Final = 24
"""Of so many rows, several are of one unit."""
_DIGIT: Final = re.compile(r"\d")
_PASSED_ON: Final = re.compile(
    r"\b(eskaler\w*|escalat\w*|(vidare)?skickat? vidare|vidarebefordra\w*|videresendt|viderebragt|passed on|forwarded)"
    r"( (to|till?|reason|orsak|aarsak|av))?\b"
)
"""Words of columns that say to whom or why a ticket was passed on, and nothing where it was not."""


def tells_first_contact(texts: Sequence[str]) -> bool:
    """Whether the words of a column say which tickets the first contact resolved, whatever the column is called."""
    return cells.yes_words(texts) is None and cells.affirmative("first_contact", texts) is not None


def _are_of_rows(texts: Sequence[str]) -> bool:
    """Whether texts are nearly all different, such as places on a map: no units, of which each has many rows."""
    filled = cells.filled(texts)
    return len(filled) >= _MANY_ROWS and 2 * len(set(filled)) > len(filled)


def tells_ways_in(texts: Sequence[str]) -> bool:
    """Whether cells alone say how people turned to the body: most of their words are ways, and not within it alone."""
    if not cells.are_few(texts):
        return False
    words = set(cells.filled(texts))
    ways = [way for word in words if (way := channel(word)) != "other"]
    return 2 * len(ways) > len(words) and any(way != "internal" for way in ways)


def tells_channel(role: str, look: Look, column: str, fields: Mapping[str, str]) -> bool:
    """Whether a column that may be called like a sort of cases says how they came in, which nothing else does."""
    return role in ("case_type", "category") and "channel" not in fields and is_like("channel", look, column)


def are_numbered(texts: Sequence[str]) -> bool:
    """Whether each cell that says something has a digit, as the numbers of cases do and names do not."""
    return all(_DIGIT.search(text) for text in cells.filled(texts))


def are_persons(texts: Sequence[str]) -> bool:
    """Whether the cells of a staff list may name persons: most of its rows are of another person."""
    return len(set(cells.filled(texts))) * 2 > len(cells.filled(texts))


def is_like(role: str, look: Look, column: str) -> bool:
    """Whether the cells are of the sort that the field has, where the name of the column is no sure sign."""
    texts = cells.filled(look.cells(column))
    distinct = set(texts)
    match role:
        case "ticket" | "case":
            are_numbers = all(len(text) <= 40 and _DIGIT.search(text) for text in distinct)
            return are_numbers and len(distinct) > _UNIQUE * len(look.rows)
        case "person":
            return all(" " not in text for text in distinct)
        case "channel":
            return tells_ways_in(texts)
        case "unit" | "unit_name" | "team" | "category" | "case_type" if cells.yes_words(texts) is not None:
            return False
        case "unit" | "unit_name" | "team" | "category" | "case_type":
            return cells.are_few(texts) or (cells.are_numbers(texts) and len(distinct) * 3 <= len(texts))
        case "requester" | "actor":
            # whoever handles or asks does so more than once; answers and amounts name nobody
            alike = len(texts) < MANY or not cells.are_unique(texts)
            return alike and not cells.is_fraction(texts) and cells.yes_words(texts) is None
        case _:
            return True


def holds(role: str, look: Look, column: str, dated: Dated) -> bool:
    """Whether the cells may be what the field takes."""
    texts = look.cells(column)
    if not cells.filled(texts):
        return role in ENDS  # nothing has ended yet
    if role == "opened" and 2 * len(cells.filled(texts)) < len(texts):
        return False  # everything came in at some time
    if role in DATES:
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
            # ids such as "Phone user 12" are many
            are_ways = len(set(texts)) <= _MOST_WAYS and tells_ways_in(texts)
            return cells.yes_words(texts) is None and not are_ways
        case "reopened":
            return cells.are_counts(texts) or cells.yes_words(texts) is not None
        case "access" | "first_contact" | "end_to_end" | "done":
            return cells.affirmative(role, texts) is not None
        case "returned":
            return cells.are_counts(texts) or cells.affirmative(role, texts) is not None
        case "channel" if all(channel(text) == "other" for text in set(texts)):
            return False  # that nobody came by a known way would be an invention
        case "channel" | "unit_above" | "role" | "status":
            return cells.are_few(texts) and not (role != "status" and cells.are_numbers(texts))
        case "unit":
            return not _are_of_rows(texts)
        case "category" if len(texts) > 2 and len(set(texts)) == 1:
            return False  # what is the same for all tickets parts none of them
        case "category" | "case_type" | "team" | "course" | "app" | "activity":
            return not cells.are_unique(texts) or len(texts) < MANY
        case _:
            return True
