"""How decisions stand: taken, received by the units they concern, carried out, or stuck."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from enum import StrEnum

from nytta.insight.benefits.statement import Decided
from nytta.insight.states.decisions import Act
from nytta.registry.programme import Decision

PATIENCE = 8
"""Weeks after which a decision that some unit has not acknowledged is stuck."""


class Word(StrEnum):
    """What is said of a decision."""

    EXECUTED = "executed"
    UNDER_WAY = "under_way"
    STUCK = "stuck"
    REVERSED = "reversed"


def standing(
    decision: Decision, all_acts: Sequence[Act], units: Collection[str], day: date
) -> Decided:
    """How a decision stands on `day`. `units` are those it concerns; counts only, never which unit was when.

    Stuck is a decision that some unit has not acknowledged after eight weeks, or not executed by the due date.
    """
    decision_acts = [act for act in all_acts if act.decision == decision.id and act.day <= day]

    def reported(*states: str) -> int:
        return len({act.unit for act in decision_acts if act.state in states and act.unit in units})

    back = reversed_on(decision, all_acts, day)
    received, executed = reported("acknowledged", "executed"), reported("executed")
    weeks = (day - decision.decided).days // 7
    late = decision.due is not None and decision.due < day
    if back is not None:
        status_word = Word.REVERSED
    elif units and executed == len(units):
        status_word = Word.EXECUTED
    elif late or (weeks >= PATIENCE and received < len(units)):
        status_word = Word.STUCK
    else:
        status_word = Word.UNDER_WAY
    return Decided(
        id=decision.id,
        names=decision.names,
        level=decision.level,
        decided=decision.decided,
        due=decision.due,
        units=len(units),
        acknowledged=received,
        executed=executed,
        reversed=back,
        weeks=weeks,
        word=status_word.value,
        system=decision.system,
    )


def reversed_on(decision: Decision, all_acts: Sequence[Act], day: date) -> date | None:
    """The day on which a decision was reversed, by `day`, and not made again since; None where it stands."""
    decision_acts = [
        act
        for act in all_acts
        if act.decision == decision.id and act.day <= day and act.state in ("made", "reversed")
    ]
    latest = max(decision_acts, key=lambda act: (act.day, act.state), default=None)
    return latest.day if latest is not None and latest.state == "reversed" else None
