"""What is wrong in the registry's files, said so that a person can put it right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

_MANY: Final = 200
"""Names that a wrong one is compared with: comparing takes its time, and a file may have thousands of wrong ids."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to change: the file's name, the line from 1, and a sentence that says what to change.

    A `warning` is worth a look but keeps nothing from working: a registry that has only warnings is still
    loaded.
    """

    file: str
    line: int
    message: str
    warning: bool = False


def check_text(problems: Iterable[Problem], directory: str = "") -> str:
    """One line `file:line: message` per problem, in order of file and line; '' when there are none.

    `directory` is put before each file's name, so that terminals and editors can open the place.
    """
    prefix = f"{directory.rstrip('/')}/" if directory else ""
    problem_lines = []
    for problem in sorted(problems):
        kind = "warning: " if problem.warning else ""
        problem_lines.append(f"{prefix}{problem.file}:{problem.line}: {kind}{problem.message}\n")
    return "".join(problem_lines)


def nearest(unknown_name: str, known_names: Iterable[str]) -> str:
    """A half-sentence that proposes the known name most like `unknown_name`; '' when none is like it.

    Of many names, only those are compared that begin or end as it does.
    """
    candidates = sorted(known_names)
    if len(candidates) > _MANY:
        half = max(1, len(unknown_name) // 2)
        beginning, ending = unknown_name[:half], unknown_name[-half:]
        likely = [
            name for name in candidates if name.startswith(beginning) or name.endswith(ending)
        ]
        candidates = likely[:_MANY]
    close = get_close_matches(unknown_name, candidates, n=1, cutoff=0.7)
    return f"; did you mean '{close[0]}'?" if close else ""
