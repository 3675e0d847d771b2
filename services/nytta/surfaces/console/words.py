"""The words of the console, from words.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import yaml

LANGUAGES: Final = {"sv": "Svenska", "nb": "Norsk", "en": "English"}
"""Languages of the console, each by its own name."""


def say(key: str, language: str, /, **filled: object) -> str:
    """A word or sentence in `language`, filled in, in the form for one where `n` is 1. KeyError where there is none."""
    form = f"{key}_one" if str(filled.get("n")) == "1" and f"{key}_one" in words() else key
    text = words()[form][language]
    return text.format(**filled) if filled else text


def has_words(key: str) -> bool:
    """Whether there are words of that name."""
    return key in words()


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Every word by key and language."""
    words_by_key: dict[str, dict[str, str]] = yaml.load(  # safe: the C loader of plain values, a hundred times as fast
        Path(__file__).with_name("words.yaml").read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    return words_by_key


def negotiated(accepted: str, languages: Sequence[str] = tuple(LANGUAGES), default: str = "sv") -> str:
    """The language that an Accept-Language header asks for; Norwegian of any kind is Bokmål."""
    wishes: list[tuple[float, int, str]] = []
    for place, preference in enumerate(accepted[:200].split(",")):
        tag, _, quality = preference.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        code = tag.partition("-")[0].casefold()
        code = "nb" if code in ("no", "nn") else code
        if code in languages and weight > 0:
            wishes.append((-weight, place, code))
    return min(wishes)[2] if wishes else default
