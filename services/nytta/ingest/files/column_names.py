"""What columns are called, and by which names and stems of names a field is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from nytta.registry.texts import keyed

PLAIN: Final = str.maketrans(
    dict(zip("åäáàâãöøóòôõéèêëüúùûíìîïçñº", "aaaaaaooooooeeeeuuuuiiiicno", strict=True))
    | {"æ": "ae", "œ": "oe", "ß": "ss"}
)
"""Letters of names in those of ASCII."""


_DATE_FIRST: Final = re.compile(r"^(datetime|timestamp|date(?!time))(?=(of|[a-z]{3}))")
_DATE_LAST: Final = re.compile(r"(?<=[a-z]{3}(?:ed|on|al|rt|nd|re))(datetime|timestamp|date)$")
"""Words that databases write together with the next: "applieddate", "DATETIMECLOSED"."""


@cache
def names_of_fields() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Kind of list → field → what its column is called, the likeliest first."""
    document = yaml.safe_load((Path(__file__).parent / "names.yaml").read_text("utf-8"))
    return {
        list_kind: {
            role: tuple(map(called, field_names)) for role, field_names in list_roles.items()
        }
        for list_kind, list_roles in document.items()
    }


@cache
def stems_of_fields() -> Mapping[str, Mapping[str, tuple[re.Pattern[str], ...]]]:
    """Kind of list → field → how words within the name of its column begin."""
    document = yaml.safe_load((Path(__file__).parent / "stems.yaml").read_text("utf-8"))
    return {
        list_kind: {role: tuple(map(_beginning, stems)) for role, stems in list_roles.items()}
        for list_kind, list_roles in document.items()
    }


def _beginning(stem: str) -> re.Pattern[str]:
    """The beginning of a word; the whole word where the stem ends with `$`."""
    whole_word = stem.translate(PLAIN).replace("$", r"\b")
    return re.compile(rf"\b{whole_word}")


def called(column: str) -> str:
    """The name of a column as names are compared: small letters of ASCII, a space for every sign between words.

    Programs write headers without the letters of their language too: "Arendenummer", "Lost datum".
    """
    # CamelCase is several words
    spaced_words = re.sub(r"(?<=[a-zåäöæø])(?=[A-ZÅÄÖÆØ])", " ", keyed(column))
    spaced_words = spaced_words.replace("%", " prosent ").replace("#", " number ")
    plain = re.sub(r"[\W_]+", " ", spaced_words.lower().translate(PLAIN)).strip()
    return _DATE_FIRST.sub(r"\1 ", _DATE_LAST.sub(r" \1", plain))
