"""What a token may send, asked of decoded events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from nytta.ingest.directory import LOOKED_UP
from nytta.ingest.events.columns import distinct
from nytta.ingest.events.reasons import Reason
from nytta.ingest.http.tokens import Token
from nytta.registry.registry import Registry

_MAY_BE_ANY: Final = (
    "data.unit: is to be looked up and may be any, but the token may send for some units only"
)
_ABSENT: Final = "data.unit: is absent, but the token may send for some units only"
_SEVERAL: Final = (
    "data.unit: is to be looked up, and there are several organisations: say in sources.yaml, beside the source, whose "
    "persons they are (organisation), or name the unit"
)
_OTHER_UNIT: Final = "data.unit: the token may not send events of this unit"
_NO_HOMES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why an event may not pass."""

    reason: Reason
    detail: str


def refused(
    events: pa.Table, token: Token, registry: Registry, homes: Mapping[str, str] = _NO_HOMES
) -> list[Verdict | None] | None:
    """For each event, why the token may not send it, or None; None in place of the list where all may pass.

    `homes` are the organisations of sources that are declared.
    """
    days = pc.cast(events["time"], pa.date32())
    # a request names few units on few days: each combination is judged once
    combinations, combination_numbers = distinct(
        events["source"], events["type"], events["unit"], days
    )
    verdicts = [verdict(token, registry, *combination, homes=homes) for combination in combinations]
    if not any(verdicts):
        return None
    return [verdicts[combination_number] for combination_number in combination_numbers]


def verdict(
    token: Token,
    registry: Registry,
    source: str,
    event_type: str,
    unit_code: str,
    day: date,
    *,
    homes: Mapping[str, str] = _NO_HOMES,
) -> Verdict | None:
    """Why the token may not send an event of this source, type (such as `case.step`), unit code and UTC day."""
    if not token.may_speak_for(source):
        return Verdict(Reason.FORBIDDEN_SOURCE, "source: the token may not speak for this source")
    if not token.may_send(event_type):
        return Verdict(Reason.FORBIDDEN_TYPE, "type: the token may not send events of this type")
    if unit_code in ("", LOOKED_UP) and not token.everywhere:
        # whose unit it is shows only when it is looked up: a token for some units could send for any
        return Verdict(Reason.FORBIDDEN_UNIT, _MAY_BE_ANY if unit_code else _ABSENT)
    if unit_code == LOOKED_UP:
        is_open = len(registry.organisations) > 1 and source not in homes
        return Verdict(Reason.UNKNOWN_UNIT, _SEVERAL) if is_open else None
    return _unit_verdict(token, registry, source, unit_code, day) if unit_code else None


def _unit_verdict(
    token: Token, registry: Registry, source: str, unit_code: str, day: date
) -> Verdict | None:
    unit = registry.resolve_one(unit_code, source, day)
    if unit is None:
        if token.everywhere:
            detail = f"data.unit: the registry has no such unit on {day}; add it or map the code"
            return Verdict(Reason.UNKNOWN_UNIT, detail)
        # what exists beside its own units is none of the sender's business
        return Verdict(Reason.FORBIDDEN_UNIT, _OTHER_UNIT)
    if token.everywhere or unit in token.units or unit in token.subtrees:
        return None
    # the tree of the event's day: a unit that has moved since was below another then
    if token.subtrees and any(
        ancestor.id in token.subtrees for ancestor in registry.ancestors(unit, day)
    ):
        return None
    return Verdict(Reason.FORBIDDEN_UNIT, _OTHER_UNIT)
