"""Logs in which a step has several rows, such as its start and its completion: it counts once.

Which of them a row is stands in a column of its own, in XES `lifecycle:transition` (IEEE 1849, standard lifecycle), or
in the name of the step.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nytta.ingest.files import cells
from nytta.ingest.files.looks import Look
from nytta.ingest.files.rows import Row

_COMPLETE: Final = frozenset(
    {
        "complete",
        "completed",
        "end",
        "ended",
        "finish",
        "finished",
        "stop",
        "slut",
        "slutförd",
        "avslutad",
        "klar",
    }
    | {"fullført", "avsluttet", "ferdig", "slutt", "afsluttet", "færdig", "unknown"}
)
_UNDER_WAY: Final = frozenset(
    {
        "start",
        "started",
        "begin",
        "begun",
        "schedule",
        "scheduled",
        "assign",
        "assigned",
        "reassign",
        "reassigned",
    }
    | {
        "suspend",
        "suspended",
        "resume",
        "resumed",
        "enable",
        "enabled",
        "startad",
        "påbörjad",
        "startet",
        "påbegynt",
    }
)
_NOT_DONE: Final = frozenset(
    {
        "ate_abort",
        "pi_abort",
        "abort",
        "aborted",
        "withdraw",
        "withdrawn",
        "manualskip",
        "autoskip",
        "skip",
        "skipped",
    }
)
"""Words by which a row says how far its step has come, in small letters."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The column that says how far a step has come, and which of its words count a step."""

    column: str
    complete: tuple[str, ...]
    """Words of rows that count."""
    under_way: tuple[str, ...]
    """Words of rows that count where the step is one of `open_steps`."""
    open_steps: tuple[str, ...]
    """Steps of which no row says that they were completed."""
    is_said_always: bool
    """Whether every row says it; one that does not counts."""

    def counts(self, row: Row, activity: str) -> bool:
        """Whether a row is that by which its step counts."""
        word = row.get(self.column, "").strip()
        if not word:
            return not self.is_said_always
        return word in self.complete or (
            word in self.under_way and row.get(activity, "").strip() in self.open_steps
        )


def lifecycle_of(look: Look, case: str, activity: str, columns: Sequence[str]) -> Lifecycle | None:
    """The lifecycle of a log's steps, in the one of these columns that says it; None where steps have one row each."""
    for column in columns:
        # most columns are told by their first cell
        first = next(iter(cells.filled(look.cells(column))), "").lower()
        if first not in _COMPLETE | _UNDER_WAY | _NOT_DONE:
            continue
        texts = [text.strip() for text in look.cells(column)]
        words = {text.lower() for text in texts if text}
        if not (
            words & _COMPLETE and words & _UNDER_WAY and words <= _COMPLETE | _UNDER_WAY | _NOT_DONE
        ):
            continue
        steps = [step.strip() for step in look.cells(activity)]
        words_of_step: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for name, step, text in zip(look.cells(case), steps, texts, strict=True):
            words_of_step[name, step].add(text.lower())
        begun = [said for said in words_of_step.values() if said & _UNDER_WAY]
        # a word that is the same in all rows of a step says how far its case has come
        if 2 * sum(bool(said & _COMPLETE) for said in begun) <= len(begun):
            continue
        completed = {
            step for step, text in zip(steps, texts, strict=True) if text.lower() in _COMPLETE
        }
        return Lifecycle(
            column,
            tuple(sorted({text for text in texts if text.lower() in _COMPLETE})),
            tuple(sorted({text for text in texts if text.lower() in _UNDER_WAY})),
            tuple(sorted(set(steps) - completed - {""})),
            len(cells.filled(texts)) == len(texts),
        )
    return None


_ENDING: Final = re.compile(
    r"(?P<step>.*\w)[\s_:./|+(-]+(?:(?P<begun>{begun})|(?P<done>{done}))\)?".format(
        begun="|".join(sorted(_UNDER_WAY)), done="|".join(sorted(_COMPLETE - {"unknown"}))
    ),
    re.IGNORECASE,
)
_BEGINNING: Final = re.compile(
    r"(?:(?P<begun>start(?:ed)?|begin)|(?P<done>completed?|finish(?:ed)?))[\s_:./|+-]+(?P<step>\w.*)",
    re.IGNORECASE,
)
"""Names of steps that say themselves how far they have come: "Review-start", "Complete review"."""


def begun_steps(look: Look, case: str, activity: str) -> tuple[str, ...]:
    """Names of steps that say that a step began whose completion has a name of its own; empty where none does so.

    In most cases in which it began it must have been completed: it may else be the name of what was done.
    """
    names = {text.strip() for text in look.cells(activity)}
    matches = {
        name: match
        for name in names
        if (match := _ENDING.fullmatch(name) or _BEGINNING.fullmatch(name))
    }
    begun = {name: match["step"].lower() for name, match in matches.items() if match["begun"]}
    done = {name: match["step"].lower() for name, match in matches.items() if match["done"]}
    begun = {name: step for name, step in begun.items() if step in done.values()}
    if not begun:
        return ()
    started: set[tuple[str, str]] = set()
    completed: set[tuple[str, str]] = set()
    for case_id, name in zip(look.cells(case), map(str.strip, look.cells(activity)), strict=True):
        if name in begun:
            started.add((case_id, begun[name]))
        elif name in done:
            completed.add((case_id, done[name]))
    return tuple(sorted(begun)) if 2 * len(started & completed) > len(started) else ()
