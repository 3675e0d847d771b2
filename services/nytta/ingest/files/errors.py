"""What keeps a file from being read, said so that a person can put it right."""

from __future__ import annotations

from collections.abc import Sequence

from nytta import Mendable
from nytta.ingest.events.reasons import Reason
from nytta.registry.problems import Problem, check_text


class InputError(Mendable):
    """A file that cannot be read, or not beyond one place.

    What was yielded before the error is sound; nothing after it was read.
    """

    def __init__(self, file: str, position: str, message: str) -> None:
        """`file` is a name or path, `position` a place in it ("line 17", "row 33", "" for the whole file)."""
        super().__init__(f"{file}, {position}: {message}" if position else f"{file}: {message}")
        self.file = file
        self.position = position
        self.message = message


class MappingError(Mendable):
    """A mapping that cannot be used. Lists every problem found, each with its line and what to change."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """`problems` holds at least one problem."""
        super().__init__(check_text(problems).rstrip("\n"))
        self.problems = tuple(problems)


class RowError(Exception):
    """One event of one row that cannot be made. The row is rejected and reading goes on.

    `detail` says which field is wrong and what to change, and repeats nothing of the row: rejects are listed
    where the row itself may not be seen. `value` is what the row says, for the person who holds the file.
    """

    def __init__(self, reason: Reason, detail: str, value: str = "") -> None:
        """`value` is "" where the field is empty."""
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.value = value
