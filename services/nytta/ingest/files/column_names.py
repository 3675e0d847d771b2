"""What columns are called, and by which names and stems of names a field is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from nytta.registry.texts import keyed

PLAIN: Final = str.maketrans({"å": "a", "ä": "a", "æ": "ae", "ö": "o", "ø": "o", "é": "e", "ü": "u"})
"""Letters of names in those of ASCII."""


@cache
def names_of_fields() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Kind of list → field → what its column is called, the likeliest first."""
    document = yaml.safe_load((Path(__file__).parent / "names.yaml").read_text("utf-8"))
    return {
        kind: {role: tuple(map(called, names)) for role, names in roles.items()} for kind, roles in document.items()
    }


@cache
def stems_of_fields() -> Mapping[str, Mapping[str, tuple[re.Pattern[str], ...]]]:
    """Kind of list → field → how words within the name of its column begin."""
    document = yaml.safe_load((Path(__file__).parent / "stems.yaml").read_text("utf-8"))
    return {
        kind: {
            role: tuple(re.compile(rf"\b{stem.translate(PLAIN).replace('$', chr(92) + 'b')}") for stem in stems)
            for role, stems in roles.items()
        }
        for kind, roles in document.items()
    }


def called(column: str) -> str:
    """The name of a column as names are compared: small letters of ASCII, a space for every sign between words.

    Programs write headers without the letters of their language too: "Arendenummer", "Lost datum".
    """
    apart = (
        re.sub(r"(?<=[a-zåäöæø])(?=[A-ZÅÄÖÆØ])", " ", keyed(column)).replace("%", " prosent ").replace("#", " number ")
    )
    return re.sub(r"[\W_]+", " ", apart.lower().translate(PLAIN)).strip()
