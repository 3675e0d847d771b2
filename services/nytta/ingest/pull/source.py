"""What a pulled source is: settings, mappings, pages of rows since a cursor, and what a probe finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from nytta.ingest.pull.ask import Ask


class SourceSettings(BaseModel):
    """Settings of one kind of source, as sources.yaml has them under `settings`."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows that are stored before the cursor is."""

    rows: Mapping[str, Sequence[dict[str, Any]]]
    """Objects as the source has them, by the name of the mapping that reads them."""
    cursor: str
    """From where the next round goes on, once this page is stored. It names no person."""
    hidden: int = 0
    """Rows that the source counts and does not show us."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a probe looked at. `dark` are columns of subjects that have nothing to say because of it."""

    what: str
    fine: bool
    detail: str = ""
    dark: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """What a probe found, and how far the source's clock is ahead of ours, in seconds, where it tells."""

    found: tuple[Finding, ...]
    clock: float | None = None


class Source(Protocol):
    """A system that is asked. `fields` says what is fetched, and what lies beside it and is not."""

    mappings: ClassVar[tuple[str, ...]]
    fetched: ClassVar[tuple[str, ...]]
    not_fetched: ClassVar[tuple[str, ...]]

    def pull(self, ask: Ask, cursor: str) -> Iterator[Page]:
        """What changed since the cursor, '' for everything, oldest first."""
        ...

    def listing(self, ask: Ask) -> Iterator[Sequence[dict[str, Any]]]:
        """All that there is, with the fields of the identity alone: what is not among it is gone."""
        ...

    def probe(self, ask: Ask, now: datetime) -> Findings:
        """What the account may read, and how the clocks stand."""
        ...


@dataclass
class Place:
    """Where a pull by changed time and id stands."""

    since: str
    """The changed time of the last row, as the source writes it."""
    after: str = ""
    """The id of the last row; '' before the first page."""
    hidden: int = field(default=0)
