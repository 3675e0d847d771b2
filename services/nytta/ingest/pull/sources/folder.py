"""A folder into which a system puts files: each is imported as it comes, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar, Final

from pydantic import Field

from nytta.ingest.pull.ask import Ask, PullError
from nytta.ingest.pull.source import Finding, Findings, Page, SourceSettings

_NS: Final = 10**9


class FolderSettings(SourceSettings):
    """`files` is a pattern of their names. A file is read when nobody has written to it for `seconds`."""

    files: str = Field(default="*", pattern=r"^[^/]+$")
    seconds: int = Field(default=60, ge=0, le=86_400)


class Folder:
    """One folder; its files stay where they are."""

    mappings: ClassVar[tuple[str, ...]] = ()
    fetched: ClassVar = ("*",)
    not_fetched: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: FolderSettings) -> None:
        self._settings = settings

    def pull(self, ask: Ask, cursor: str) -> Iterator[Page]:
        """Files that came since `cursor`, by the time at which they were last changed here, in this order.

        Files of the same moment are met again; a file that was imported is known.
        """
        settled = int((ask.clock() - timedelta(seconds=self._settings.seconds)).timestamp() * _NS)
        changed = sorted((path.stat().st_ctime_ns, path) for path in self._files(ask))
        for left_at, path in changed:
            if left_at > settled:
                return  # and whatever came after it waits for it
            if left_at >= int(cursor or 0):
                yield Page({}, str(left_at), files=(path,))

    def _files(self, ask: Ask) -> list[Path]:
        folder = Path(ask.address)
        try:
            # a folder that is gone, such as one of another machine, would seem to have no files
            folder.stat()
            return [
                path
                for path in folder.glob(self._settings.files)
                if path.is_file() and path.name[0] != "."
            ]
        except OSError as error:
            raise PullError(f"{folder}: cannot be read: {error.strerror}") from error

    def listing(self, ask: Ask) -> None:
        """Nothing: a list that is complete says so in its mapping."""

    def probe(self, ask: Ask, current_time: datetime) -> Findings:
        """Whether the folder is there, and how old its latest file is."""
        folder = Path(ask.address)
        if not folder.is_dir():
            return Findings(
                (
                    Finding(
                        "folder",
                        False,
                        f"there is no folder {folder}, or it is closed to this user",
                    ),
                )
            )
        latest = max((path.stat().st_ctime for path in self._files(ask)), default=None)
        description = (
            "it is empty"
            if latest is None
            else f"its latest file is {(current_time.timestamp() - latest) / 3600:.0f} h old"
        )
        return Findings((Finding("folder", True, description),))
