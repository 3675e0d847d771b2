"""What a pulled source is: settings, mappings, pages of rows since a cursor, and what a probe finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

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
    """Rows that the source counts and does not show us, or that have no place among the others."""
    note: str = ""
    """Why they are hidden, where it is not for want of rights: a sentence."""
    gone: Sequence[dict[str, Any]] = ()
    """Objects with the fields of the identity alone, which the source says it has no more."""
    files: Sequence[Path] = ()
    """Files that are read as the mapping says."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a probe looked at. `dark` are columns of the subject that have nothing to say because of it."""

    what: str
    fine: bool
    detail: str = ""
    dark: tuple[str, ...] = ()
    subject: str = "ticket"


@dataclass(frozen=True, slots=True)
class Findings:
    """What a probe found, and how far the source's clock is ahead of ours, in seconds, where it tells."""

    found: tuple[Finding, ...]
    clock: float | None = None


class Source(Protocol):
    """A system that is asked. `fetched` says which fields, `not_fetched` what lies beside them and is not."""

    mappings: ClassVar[tuple[str, ...]]
    fetched: ClassVar[tuple[str, ...]]
    not_fetched: ClassVar[tuple[str, ...]]

    def pull(self, ask: Ask, cursor: str) -> Iterator[Page]:
        """What changed since the cursor, '' for everything, oldest first."""
        ...

    def listing(self, ask: Ask) -> Iterator[Sequence[dict[str, Any]]] | None:
        """All that there is, with the fields of the identity alone, of a directory with all of them: others are gone.

        None where nothing that happened can be gone.
        """
        ...

    def probe(self, ask: Ask, current_time: datetime) -> Findings:
        """What the account may read, and how the clocks stand."""
        ...


@runtime_checkable
class Directory(Source, Protocol):
    """A source that says where persons belong as it stands: who is met elsewhere has moved, who is gone has left.

    Its rows become events of eligibility, which begin and end on the days on which that was seen.
    """

    observed: ClassVar[bool]


@dataclass
class Place:
    """Where a pull by changed time and id stands."""

    since: str
    """The changed time of the last row, as the source writes it."""
    after: str = ""
    """The id of the last row; '' before the first page."""
    hidden: int = field(default=0)
