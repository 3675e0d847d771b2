"""Systems: the minutes promise something."""

from __future__ import annotations

from collections.abc import Iterator

from nytta.registry.entries.contents import Contents
from nytta.registry.problems import Problem


def time_is_saved(contents: Contents) -> Iterator[Problem]:
    """Minutes after that are not fewer than minutes before give no hours to realise."""
    for system in contents.systems:
        for position, case_type in enumerate(system.entry.case_types):
            minutes = case_type.minutes
            if minutes is not None and minutes.after >= minutes.before:
                yield system.problem(
                    f"'{case_type.id}' takes no fewer minutes after than before, so that no hours are freed; "
                    "check `minutes`",
                    "case_types",
                    position,
                    "minutes",
                    warning=True,
                )
