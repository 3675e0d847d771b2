"""CSV for people who open it in a spreadsheet: the one place that writes it.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, even in quotes, and a formula can send
what stands beside it elsewhere. Names come from senders and registries. So such a cell gets an apostrophe before it
(OWASP, CSV Injection; ASVS 5.0, 1.2.10), unless it is a plain number.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

# Where the list separator is a semicolon, as in the Nordic countries, or a tab, a spreadsheet parts a cell there, with
# no regard to quotes within it; so what follows one is guarded as a beginning too. Full-width signs are taken for the
# others by some.
_FORMULA: Final = re.compile(
    r"""(?:^|(?<=[;\t\r\n]))(?=[^\S\r\n]*["\0]*[^\S\r\n]*[=+\-@＝＋－＠])|^(?=[\t\r\n\0])"""
)
_NUMBER: Final = re.compile(
    r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+)(?:[.,][0-9]+)*(?:[eE][+-]?[0-9]+)?[ \u00a0\u202f]?%?"
)


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]], line_end: str = "\n") -> str:
    """A table as CSV with commas, its columns first; None is an empty cell, lists are joined by semicolons."""
    lines = [_line(columns)]
    lines.extend(map(_line, rows))
    return line_end.join([*lines, ""])


def guarded(text: str) -> str:
    """The text of a cell, which no spreadsheet takes for a formula; plain numbers, such as -3.5, stay numbers."""
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub("'", text)


def _line(values: Iterable[Any]) -> str:
    buffer = io.StringIO()
    # the writer quotes the characters of its own line's end alone, and a bare CR would end a line as well
    csv.writer(buffer, lineterminator="\r\n").writerow([guarded(_text(value)) for value in values])
    return buffer.getvalue().removesuffix("\r\n")


def _text(value: Any) -> str:
    if value is None:
        return ""
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
