"""What the console asks of the running service: facts about platforms, and the few things that it may have done."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nytta.indicators.definition import Definition
from nytta.ingest.files.draft import Draft
from nytta.ingest.files.explain import Explanation
from nytta.insight.alerts.answers import Answer
from nytta.registry.registry import Registry


class CannotDo(Exception):
    """What was asked cannot be done: the sentence says why and what to change."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of rejects that were sent again."""

    tried: int
    passed: int
    still: Mapping[str, int]


@dataclass(slots=True)
class Job:
    """An import that runs or ran: how many bytes are read, and then the rows of its report, or why it failed."""

    id: str
    file: str
    mapping: str
    read: int = 0
    total: int = 0
    state: str = "running"
    report: Mapping[str, int] | None = None
    problem: str = ""


class Services(Protocol):
    """Everything here is called in a thread, never in the event loop; `CannotDo` is for the person who asked."""

    def registry(self) -> Registry:
        """The registry as it is now."""

    def definitions(self) -> Sequence[Definition]:
        """The indicators of the catalogue."""

    def reader(self, reader: str) -> str:
        """A pseudonym that tells readers apart in the access log."""

    def answer(self, answer: Answer) -> None:
        """Carry out what a person answered, or have whoever keeps the alerts do so. CannotDo where it cannot be."""

    def sources(self) -> Sequence[Mapping[str, Any]]:
        """What came from where: events, first and last moment, receipt, rejects."""

    def rounds(self) -> Sequence[Mapping[str, Any]]:
        """The sources that are asked: state, last good round, next round, rows, and the indicators that each feeds."""

    def imports(self) -> Sequence[Mapping[str, Any]]:
        """Every import, the latest last."""

    def rejects(self, reason: str, source: str, limit: int) -> Sequence[Mapping[str, Any]]:
        """Rejects without their bodies, the latest first."""

    def replay(self, reason: str, source: str, *, dry_run: bool) -> Replayed:
        """Validate rejects again."""

    def behind(self) -> float:
        """Age in seconds of the oldest event that is in no figure yet."""

    def transparency(self, language: str) -> Mapping[str, Any]:
        """What is collected, why, for how long, and who sees it."""

    def uploads(self) -> Path:
        """The folder in which uploaded files wait."""

    def mappings(self) -> Sequence[str]:
        """The names of the shipped mappings."""

    def draft(self, upload_path: Path, file_name: str, organisation: str = "") -> str:
        """A first mapping for a file, as YAML text to be corrected. CannotDo where the file cannot be read.

        Its units are those of the organisation, or of the first of the registry.
        """

    def drafted(self, upload_path: Path, file_name: str) -> Draft:
        """What a list seems to be. CannotDo where it cannot be read, or its dates cannot be trusted."""

    def drafted_as(self, upload_path: Path, draft: Draft, kind: str) -> Draft:
        """A list that was looked at, as another kind of list. CannotDo where its dates cannot be trusted."""

    def preview(self, upload_path: Path, mapping: str) -> Explanation:
        """How the first rows of a file map; `mapping` is a shipped one or a file. CannotDo where it cannot be read."""

    def begin_import(
        self, upload_path: Path, file_name: str, mapping: str, organisation: str = ""
    ) -> Job:
        """Import a file in the background. A `mapping` that is a file goes with it.

        With `organisation`, only rows of its units are taken.
        """

    def lacking(self) -> Collection[str]:
        """The indicators for which no source gives what they need."""

    def jobs(self) -> Sequence[Job]:
        """Imports of this run of the service, the latest first."""
