"""Alerts and what was sent, as JSON for whoever keeps them."""

from __future__ import annotations

import msgspec

from nytta.insight.alerts.model import Alert
from nytta.insight.alerts.schedule import SentMessage


def encode(record: Alert | SentMessage) -> bytes:
    """The record as JSON; equal records give equal bytes."""
    return msgspec.json.encode(record)


def alert(record: bytes) -> Alert:
    """The alert of a JSON document. msgspec.ValidationError where it is none."""
    return msgspec.json.decode(record, type=Alert)


def decode_sent(record: bytes) -> SentMessage:
    """What was sent, of a JSON document. msgspec.ValidationError where it is none."""
    return msgspec.json.decode(record, type=SentMessage)
