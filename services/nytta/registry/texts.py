"""Texts as keys: two that no eye tells apart are one."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_INVISIBLE: Final = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
)
"""Characters that show nothing: soft hyphen, zero-width space and joiners, marks of direction, byte order mark."""
_SPACE: Final = re.compile(r"\s+")


def visible(raw_text: str) -> str:
    """The text in composed form (NFC), without invisible characters, every white space a plain one.

    Text in ASCII is as it was, so that the common case costs nothing.
    """
    return raw_text if raw_text.isascii() else _visible(raw_text)


@lru_cache(maxsize=65_536)
def _visible(raw_text: str) -> str:
    shown = _INVISIBLE.sub("", raw_text)
    return unicodedata.normalize("NFC", _SPACE.sub(" ", shown))


def keyed(text: str) -> str:
    """`visible`, with white space at the ends gone and within it single: what a cell of a list says."""
    shown = visible(text).strip()
    # a tab or a line break inside an ASCII text is white space too, and not printable
    has_odd_space = "  " in shown or not shown.isprintable()
    return _SPACE.sub(" ", shown) if has_odd_space else shown


def address(text: str) -> str:
    """A key whose capitals say nothing where it is an address, such as a.b@town.example: no directory regards them."""
    return text.lower() if "@" in text else text
