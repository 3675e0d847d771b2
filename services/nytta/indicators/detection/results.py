"""What detection says: signals, what could not be judged and why, and with which settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from .parameters import Parameters

Kind = Literal["level", "relapse", "behind_plan", "common_cause"]


@dataclass(frozen=True, slots=True)
class Signal:
    """One finding about one unit, open from a week until it is closed (None while it lasts).

    The unit of a common cause is "*": all units of the system. `evidence` holds what was known in the week
    of opening, as plain numbers and words; `latest` the same as the last judged week knows it, empty once closed.
    """

    unit: str
    system: str
    indicator: str
    kind: Kind
    opened: str
    closed: str | None
    evidence: dict[str, Any]
    latest: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The signal as JSON-ready names and values."""
        return {
            "unit": self.unit,
            "system": self.system,
            "indicator": self.indicator,
            "kind": self.kind,
            "opened": self.opened,
            "closed": self.closed,
            "evidence": self.evidence,
        }


class NotAssessed(NamedTuple):
    """A week of a unit that was not judged; `reason` is one of detection's closed list of reasons."""

    unit: str
    system: str
    indicator: str
    week: str
    reason: str

    def as_dict(self) -> dict[str, str]:
        """The entry as JSON-ready names and values."""
        return {
            "unit": self.unit,
            "system": self.system,
            "indicator": self.indicator,
            "week": self.week,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Result:
    """All signals in order of opening, all weeks that were not judged, and the parameters."""

    signals: tuple[Signal, ...]
    not_assessed: tuple[NotAssessed, ...]
    parameters: Parameters

    def as_dict(self) -> dict[str, Any]:
        """The JSON document of `nytta detect --json`."""
        return {
            "signals": [signal.as_dict() for signal in self.signals],
            "not_assessed": [entry.as_dict() for entry in self.not_assessed],
            "parameters": self.parameters.as_dict(),
        }
