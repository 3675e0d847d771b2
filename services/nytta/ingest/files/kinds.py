"""What a list may be of, and what is found in its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from nytta.ingest.files.cells import Notation

STAFF, TICKETS, CASES, TRAINING, USE, LOG = "staff", "tickets", "cases", "training", "use", "log"
KINDS: Final = (STAFF, TICKETS, CASES, TRAINING, USE)
"""What a list may be of; `LOG` is a log of steps with standard names."""
DATES: Final = frozenset({"from", "to", "opened", "resolved", "closed", "decided", "changed", "at"})
ENDS: Final = frozenset({"to", "resolved", "closed"})
ACTORS: Final = frozenset({"requester", "actor"})
"""What holds whoever did something, in lists in which robots and roles may stand among persons."""
UNREAD: Final = frozenset({"status", "changed", "unit_name", "unit_above"})
"""What is found for other ends than the mapping."""
Dated = Mapping[str, Sequence[Notation]]
"""Columns that hold dates, with the notations under which they may be read."""
