"""Alerts and what was sent, as JSON for whoever keeps them."""

from __future__ import annotations

import msgspec

from nytta.alerts.model import Alert
from nytta.alerts.schedule import Sent


def encode(record: Alert | Sent) -> bytes:
    """The record as JSON; equal records give equal bytes."""
    return msgspec.json.encode(record)


def alert(record: bytes) -> Alert:
    """The alert of a JSON document. msgspec.ValidationError where it is none."""
    return msgspec.json.decode(record, type=Alert)


def sent(record: bytes) -> Sent:
    """What was sent, of a JSON document. msgspec.ValidationError where it is none."""
    return msgspec.json.decode(record, type=Sent)
