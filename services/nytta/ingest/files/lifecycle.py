"""Logs in which a step has several rows, such as its start and its completion: it counts once.

Which of them a row is stands in a column of its own, in XES `lifecycle:transition` (IEEE 1849, standard lifecycle).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nytta.ingest.files import cells
from nytta.ingest.files.looks import Look
from nytta.ingest.files.rows import Row

_COMPLETE: Final = frozenset(
    {"complete", "completed", "end", "ended", "finish", "finished", "stop", "slut", "slutförd", "avslutad", "klar"}
    | {"fullført", "avsluttet", "ferdig", "slutt", "afsluttet", "færdig", "unknown"}
)
_UNDER_WAY: Final = frozenset(
    {"start", "started", "begin", "begun", "schedule", "scheduled", "assign", "assigned", "reassign", "reassigned"}
    | {"suspend", "suspended", "resume", "resumed", "enable", "enabled", "startad", "påbörjad", "startet", "påbegynt"}
)
_NOT_DONE: Final = frozenset(
    {"ate_abort", "pi_abort", "abort", "aborted", "withdraw", "withdrawn", "manualskip", "autoskip", "skip", "skipped"}
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
        return word in self.complete or (word in self.under_way and row.get(activity, "").strip() in self.open_steps)


def lifecycle_of(look: Look, case: str, activity: str, columns: Sequence[str]) -> Lifecycle | None:
    """The lifecycle of a log's steps, in the one of these columns that says it; None where steps have one row each."""
    for column in columns:
        # most columns are told by their first cell
        first = next(iter(cells.filled(look.cells(column))), "").lower()
        if first not in _COMPLETE | _UNDER_WAY | _NOT_DONE:
            continue
        texts = [text.strip() for text in look.cells(column)]
        words = {text.lower() for text in texts if text}
        if not (words & _COMPLETE and words & _UNDER_WAY and words <= _COMPLETE | _UNDER_WAY | _NOT_DONE):
            continue
        steps = [step.strip() for step in look.cells(activity)]
        words_of_step: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for name, step, text in zip(look.cells(case), steps, texts, strict=True):
            words_of_step[name, step].add(text.lower())
        begun = [said for said in words_of_step.values() if said & _UNDER_WAY]
        # a word that is the same in all rows of a step says how far its case has come
        if 2 * sum(bool(said & _COMPLETE) for said in begun) <= len(begun):
            continue
        completed = {step for step, text in zip(steps, texts, strict=True) if text.lower() in _COMPLETE}
        return Lifecycle(
            column,
            tuple(sorted({text for text in texts if text.lower() in _COMPLETE})),
            tuple(sorted({text for text in texts if text.lower() in _UNDER_WAY})),
            tuple(sorted(set(steps) - completed - {""})),
            len(cells.filled(texts)) == len(texts),
        )
    return None
