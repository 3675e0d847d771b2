"""Whether the cells of a column may be what a field holds, where its name is no sure sign."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
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
_DURATION: Final = re.compile(
    r"\b(time spent|minutes?|minuter|minutter|hours?|timmar|timer|tidsåtgång|duration|seconds?)\b"
)
"""Words of columns that say how long something took."""
_PASSED_ON: Final = re.compile(
    r"\b(eskaler\w*|escalat\w*|(vidare)?skickat? vidare|vidarebefordra\w*|videresendt|viderebragt|passed on|forwarded)"
    r"( (to|till?|reason|orsak|aarsak|av))?\b"
)
"""Words of columns that say to whom or why a ticket was passed on, and nothing where it was not."""


def tells_first_contact(cell_texts: Sequence[str]) -> bool:
    """Whether the words of a column say which tickets the first contact resolved, whatever the column is called."""
    if not cells.are_few(cell_texts):
        return False
    return (
        cells.yes_words(cell_texts) is None
        and cells.affirmative("first_contact", cell_texts) is not None
    )


def _are_of_rows(cell_texts: Sequence[str]) -> bool:
    """Whether texts are nearly all different, such as places on a map: no units, of which each has many rows."""
    filled = cells.filled(cell_texts)
    return len(filled) >= _MANY_ROWS and 2 * len(set(filled)) > len(filled)


def tells_ways_in(cell_texts: Sequence[str]) -> bool:
    """Whether cells alone say how people turned to the body: most of their words are ways, and not within it alone."""
    if not cells.are_few(cell_texts):
        return False
    words = set(cells.filled(cell_texts))
    channel_names = [channel_name for word in words if (channel_name := channel(word)) != "other"]
    return 2 * len(channel_names) > len(words) and any(
        channel_name != "internal" for channel_name in channel_names
    )


def tells_channel(role: str, look: Look, column: str, fields: Mapping[str, str]) -> bool:
    """Whether a column that may be called like a sort of cases says how they came in, which nothing else does."""
    return (
        role in ("case_type", "category")
        and "channel" not in fields
        and is_like("channel", look, column)
    )


def are_numbered(cell_texts: Sequence[str]) -> bool:
    """Whether each cell that says something has a digit, as the numbers of cases do and names do not."""
    return all(_DIGIT.search(cell_text) for cell_text in cells.filled(cell_texts))


def are_persons(cell_texts: Sequence[str]) -> bool:
    """Whether the cells of a staff list may name persons: most of its rows are of another person."""
    return len(set(cells.filled(cell_texts))) * 2 > len(cells.filled(cell_texts))


def is_like(role: str, look: Look, column: str) -> bool:
    """Whether the cells are of the sort that the field has, where the name of the column is no sure sign."""
    cell_texts = cells.filled(look.cells(column))
    distinct_texts = set(cell_texts)
    match role:
        case "ticket" | "case":
            are_numbers = all(
                len(cell_text) <= 40 and _DIGIT.search(cell_text) for cell_text in distinct_texts
            )
            return are_numbers and len(distinct_texts) > _UNIQUE * len(look.rows)
        case "person":
            return all(" " not in cell_text for cell_text in distinct_texts)
        case "channel":
            return tells_ways_in(cell_texts)
        case "unit" | "unit_name" | "team" | "category" | "case_type" if (
            cells.yes_words(cell_texts) is not None
        ):
            return False
        case "unit" | "unit_name" | "team" | "category" | "case_type":
            return cells.are_few(cell_texts) or (
                cells.are_numbers(cell_texts) and len(distinct_texts) * 3 <= len(cell_texts)
            )
        case "requester" | "actor":
            # whoever handles or asks does so more than once; answers and amounts name nobody
            alike = len(cell_texts) < MANY or not cells.are_unique(cell_texts)
            return (
                alike and not cells.is_fraction(cell_texts) and cells.yes_words(cell_texts) is None
            )
        case _:
            return True


def _are_answers(cell_texts: Sequence[str]) -> bool:
    """Whether cells say yes or no in words: 0 and 1 may be codes."""
    return cells.yes_words(cell_texts) is not None and not cells.are_numbers(cell_texts)


def holds(role: str, look: Look, column: str, dated: Dated) -> bool:
    """Whether the cells may be what the field takes."""
    cell_texts = look.cells(column)
    if not cells.filled(cell_texts):
        return role in ENDS  # nothing has ended yet
    if role == "opened" and 2 * len(cells.filled(cell_texts)) < len(cell_texts):
        return False  # everything came in at some time
    if role in DATES:
        return (
            column in dated or bool(notations(cell_texts, counted=True)) or bool(damage(cell_texts))
        )
    if column in dated and not any(notation.formats for notation in dated[column]):
        return False  # a date is nothing but a date
    if role == "reassignments" and _PASSED_ON.search(called(column)):
        return _tell_passing_on(cell_texts)
    # how long the first contact took answers nothing
    if role == "first_contact" and _DURATION.search(called(column)):
        return False
    may_be = _MAY_BE.get(role)
    return may_be is None or may_be(cell_texts)


def _are_counts_or_yes(cell_texts: Sequence[str]) -> bool:
    return cells.are_counts(cell_texts) or cells.yes_words(cell_texts) is not None


def _tell_passing_on(cell_texts: Sequence[str]) -> bool:
    """How often, whether, or only to whom and why a ticket was passed on."""
    return _are_counts_or_yes(cell_texts) or cells.are_said_in_part(cell_texts)


def _are_affirmed(role: str, cell_texts: Sequence[str]) -> bool:
    return cells.affirmative(role, cell_texts) is not None


def _may_be_answers(role: str, cell_texts: Sequence[str]) -> bool:
    """Answers to a question of each row: zeros alone answer none."""
    are_zeros = are_numbered(cell_texts) and set(cells.filled(cell_texts)) <= {"0", "0.0"}
    return not are_zeros and _are_affirmed(role, cell_texts)


def _are_shares(cell_texts: Sequence[str]) -> bool:
    return cells.are_numbers([cell_text.replace("%", "").strip() for cell_text in cell_texts])


def _may_be_persons(cell_texts: Sequence[str]) -> bool:
    """No ways in: they are few, while ids such as "Phone user 12" are many."""
    are_ways = len(set(cell_texts)) <= _MOST_WAYS and tells_ways_in(cell_texts)
    return cells.yes_words(cell_texts) is None and not are_ways


def _are_words(cell_texts: Sequence[str]) -> bool:
    return cells.are_few(cell_texts) and not cells.are_numbers(cell_texts)


def _may_be_channels(cell_texts: Sequence[str]) -> bool:
    """Words of which one way in is known at least: that nobody came by a known one would be an invention."""
    return any(channel(cell_text) != "other" for cell_text in set(cell_texts)) and _are_words(
        cell_texts
    )


def _are_shared(cell_texts: Sequence[str]) -> bool:
    return not cells.are_unique(cell_texts) or len(cell_texts) < MANY


def _may_be_courses(cell_texts: Sequence[str]) -> bool:
    """Names of courses, and no answers whether one was completed."""
    are_answers = len(set(cell_texts)) > 1 and cells.affirmative("done", cell_texts) is not None
    return _are_shared(cell_texts) and not are_answers


def _may_be_groups(cell_texts: Sequence[str]) -> bool:
    """What several rows share, and no answer of yes or no."""
    return not _are_answers(cell_texts) and _are_shared(cell_texts)


def _may_be_categories(cell_texts: Sequence[str]) -> bool:
    """Words that part tickets, which one that is the same for all does not."""
    return (len(cell_texts) <= 2 or len(set(cell_texts)) > 1) and _may_be_groups(cell_texts)


_MAY_BE: Final[Mapping[str, Callable[[Sequence[str]], bool]]] = {
    "fte": _are_shares,
    "employed": lambda cell_texts: cells.words_of_leaving(cell_texts) is not None,
    "reassignments": cells.are_counts,
    "handovers": cells.are_counts,
    "requester": _may_be_persons,
    "actor": _may_be_persons,
    "reopened": _are_counts_or_yes,
    "returned": lambda cell_texts: (
        cells.are_counts(cell_texts) or _are_affirmed("returned", cell_texts)
    ),
    **{role: partial(_may_be_answers, role) for role in ("first_contact", "end_to_end")},
    **{role: partial(_are_affirmed, role) for role in ("access", "done")},
    "channel": _may_be_channels,
    "unit_above": _are_words,
    "role": _are_words,
    "status": cells.are_few,
    "unit": lambda cell_texts: not _are_of_rows(cell_texts),
    "category": _may_be_categories,
    **dict.fromkeys(("case_type", "team", "app"), _may_be_groups),
    "course": _may_be_courses,
    "activity": _are_shared,
}
"""By field, whether cells may be what it takes; fields that are not named take any."""
