"""The one way in: events, pages and files."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nytta.ingest.intake.file_import import FileImport, ImportOptions, Progress
from nytta.ingest.intake.pages import PageIntake
from nytta.ingest.intake.reports import ImportReport

if TYPE_CHECKING:
    from nytta.ingest.files.mapping import Mapping


@dataclass
class Intake(PageIntake):
    """Takes in whatever comes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        # an import makes units, and another must see them
        self._one_file = threading.Lock()

    def import_file(  # noqa: PLR0913 - options of the command, by name
        self,
        path: Path,
        mapping: Mapping | None,
        current_time: datetime,
        *,
        organisation: str = "",
        timezone: str = "",
        snapshot_at: datetime | None = None,
        gone_at_most: int | None = None,
        within: str = "",
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import a file, or go on with an interrupted import of it; its rows count from the moment it is complete.

        Without a mapping the file holds CloudEvents, one per line. Threads take turns, file by file. A list that says
        it is complete may take back at most `gone_at_most` rows, or a third of them: else IntakeError. With `within`,
        rows of units that are not of that organisation are rejected.
        """
        options = ImportOptions(organisation, timezone, snapshot_at, gone_at_most, within, progress)
        with self._one_file:
            return FileImport(self, path, mapping, options, current_time).run()
