"""A message as the broker gives it, without Faust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Message:
    """Value and headers; when the broker got it; where it stands, such as `nytta.usage/3 offset 17`."""

    value: bytes | None
    headers: Mapping[str, bytes | None]
    """A header may have no value."""
    stored_at: datetime
    position: str
