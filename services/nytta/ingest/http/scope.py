"""What a token may send, asked of decoded events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from nytta.ingest.events.columns import distinct
from nytta.ingest.events.reasons import Reason
from nytta.ingest.http.tokens import Token
from nytta.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why an event may not pass."""

    reason: Reason
    detail: str


def refused(events: pa.Table, token: Token, registry: Registry) -> list[Verdict | None] | None:
    """For each event, why the token may not send it, or None; None alone where all may pass."""
    day = pc.cast(events["time"], pa.date32())
    places, codes = distinct(events["source"], events["type"], events["unit"], day)
    verdicts = [verdict(token, registry, *place) for place in places]
    return [verdicts[code] for code in codes] if any(verdicts) else None


def verdict(token: Token, registry: Registry, source: str, kind: str, code: str, day: date) -> Verdict | None:
    """Why the token may not send an event of this source, type (such as `case.step`), unit code and UTC day."""
    if not token.may_speak_for(source):
        return Verdict(Reason.FORBIDDEN_SOURCE, "source: the token may not speak for this source")
    if not token.may_send(kind):
        return Verdict(Reason.FORBIDDEN_TYPE, "type: the token may not send events of this type")
    if not code:
        if token.everywhere:
            return None
        return Verdict(Reason.FORBIDDEN_UNIT, "data.unit: is absent, but the token may send for some units only")
    unit = registry.resolve_one(code, source, day)
    if unit is None:
        if token.everywhere:
            return Verdict(
                Reason.UNKNOWN_UNIT, f"data.unit: the registry has no such unit on {day}; add it or map the code"
            )
        # what exists beside its own units is none of the sender's business
        return Verdict(Reason.FORBIDDEN_UNIT, "data.unit: the token may not send events of this unit")
    if token.everywhere or unit in token.units or unit in token.subtrees:
        return None
    if token.subtrees and any(above.id in token.subtrees for above in registry.ancestors(unit, day)):
        return None
    return Verdict(Reason.FORBIDDEN_UNIT, "data.unit: the token may not send events of this unit")
