"""Logs of steps among tables: several rows of one case, each with what was done and when.

Programs for process mining, workflow engines and audit trails write them as plain tables. Their columns are called like
those of a list of cases; that a case has several rows, which differ in step and moment, tells the two apart.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from nytta.ingest.files import cells
from nytta.ingest.files.looks import Look
from nytta.ingest.files.rows import Row

_ROWS_OF_A_CASE: Final = 1.5
"""Rows of a case in the mean, from which on a table tells of steps; a list of cases has one."""
_CHANGING: Final = 0.5
"""The part of the cases with several rows in which step and moment must differ between them."""
_END: Final = re.compile(
    r"(?<![^\W\d_])(closed?|clos(e|ing) (case|ticket|request)|avslut(ad|at|as|a|et|tet)?|avslutning|lukk(et)?|luk(ket)?"
    r"|stäng(d|t)|afsluttet|arkiver(ad|at|t))(?![^\W\d_])",
    re.IGNORECASE,
)
_NO_END: Final = re.compile(
    r"(?<![^\W\d_])(re-?open|åter|(inte|ikke|not)(?![^\W\d_]))", re.IGNORECASE
)
"""Steps that are called like an end, and like none."""
_LIKELY_END: Final = re.compile(
    r"(?<![^\W\d_])(end|finish(ed)?|complet(e|ed|ion)|archived?|done|fullført|slutförd|ferdig|färdig)(?![^\W\d_])",
    re.IGNORECASE,
)
"""Steps that may be called like the end of a part of the case alone."""
_LAST: Final = 0.95
"""The part of the cases with such a step in which it must be the last row."""
_SEVERAL: Final = 0.05
"""The part of the ended cases that may have several ends, such as those that were opened again."""


def step_columns(
    look: Look, cases: Sequence[str], activities: Sequence[str], moments: Sequence[str]
) -> tuple[str, str, str] | None:
    """The columns of case, step and moment of a log of steps, of those that may be so by their names; else None.

    The first of each that fits is taken: earlier ones are likelier.
    """
    for case in cases:
        rows_of_case: defaultdict[str, list[int]] = defaultdict(list)
        for number, text in enumerate(look.cells(case)):
            if text.strip():
                rows_of_case[text.strip()].append(number)
        rows_of_several = [numbers for numbers in rows_of_case.values() if len(numbers) > 1]
        if not rows_of_several or sum(map(len, rows_of_case.values())) < _ROWS_OF_A_CASE * len(
            rows_of_case
        ):
            continue
        # what is different in each row is the number of the row, and no kind of step
        activity_columns = [
            name for name in activities if name != case and not cells.are_unique(look.cells(name))
        ]
        activity = next(_changing(look, activity_columns, rows_of_several), "")
        moment = next(_changing(look, moments, rows_of_several), "")
        if activity and moment:
            return case, activity, moment
    return None


def _changing(
    look: Look, columns: Sequence[str], rows_of_several: Sequence[Sequence[int]]
) -> Iterator[str]:
    """The columns whose cells differ between the rows of most cases."""
    for column in columns:
        texts = look.cells(column)
        changing = sum(
            len({texts[number] for number in numbers}) > 1 for numbers in rows_of_several
        )
        if changing >= _CHANGING * len(rows_of_several):
            yield column


def closings(rows: Iterable[Row], case: str, activity: str) -> list[str]:
    """Steps that end a case: called like an end, in most cases that have one the last row, and hardly ever twice."""
    steps_of_case: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        if case_id := row.get(case, "").strip():
            steps_of_case[case_id].append(row.get(activity, "").strip())
    ends = [
        activity_name
        for activity_name in {*chain(*steps_of_case.values())}
        if _ends(activity_name, steps_of_case.values())
    ]
    ended = [steps for steps in steps_of_case.values() if not set(steps).isdisjoint(ends)]
    are_last = sum(steps[-1] in ends for steps in ended)
    several = sum(sum(activity_name in ends for activity_name in steps) > 1 for steps in ended)
    is_once = several <= _SEVERAL * len(ended)
    return sorted(ends) if ended and is_once and are_last > len(ended) / 2 else []


def _ends(activity_name: str, cases: Collection[Sequence[str]]) -> bool:
    """Whether a step is called like an end; where the word may mean another end, it must stand last nearly always."""
    if _NO_END.search(activity_name):
        return False
    if _END.search(activity_name) or not _LIKELY_END.search(activity_name):
        return _END.search(activity_name) is not None
    having = [steps for steps in cases if activity_name in steps]
    return sum(steps[-1] == activity_name for steps in having) >= _LAST * len(having)
