"""What a published value is, or why there is none."""

from __future__ import annotations

from enum import StrEnum

from nytta.indicators.definition import Protects

K = 10
"""Fewest cases of a year that hours are worked out from."""


class Status(StrEnum):
    """What a published value is. `banded` and `revised_pending` stand in figures that were published earlier."""

    OK = "ok"
    ROUNDED = "rounded"
    BANDED = "banded"
    SUPPRESSED = "suppressed"
    GROUPED = "grouped"
    NOT_ENOUGH = "not_enough"
    STALE = "stale"
    SEALED = "sealed"
    NOT_APPROVED = "not_approved"
    NO_DENOMINATOR = "no_denominator"
    REVISED_PENDING = "revised_pending"


class Reason(StrEnum):
    """Why a figure is not shown; the first that holds. `few_cases` and `few_persons` never tell none from a few."""

    FEW_CASES = "few_cases"
    FEW_PERSONS = "few_persons"
    ONE_HANDLER = "one_handler"
    NO_HANDLERS = "no_handlers"
    NOT_APPROVED = "not_approved"
    STALE = "stale"
    SEALED = "sealed"
    NOT_YET = "not_yet"
    NO_DATA = "no_data"
    NOT_TOLD = "not_told"


def few_of(protects: Protects) -> Reason:
    """What is said of a figure of a class where no row stands: too few of what it counts, be there none or a few."""
    return (
        Reason.FEW_CASES
        if protects in (Protects.CITIZEN, Protects.HANDLING)
        else Reason.FEW_PERSONS
    )
