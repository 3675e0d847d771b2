"""What is wrong in the registry's files, said so that a person can put it right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


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
    return "".join(
        f"{prefix}{p.file}:{p.line}: {'warning: ' if p.warning else ''}{p.message}\n" for p in sorted(problems)
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """A half-sentence that proposes the known name most like `name`; '' when none is like it."""
    close = get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return f"; did you mean '{close[0]}'?" if close else ""
