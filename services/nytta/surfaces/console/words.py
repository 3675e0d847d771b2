"""The words of the console, from words.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from nytta.surfaces.word_file import WordFile

LANGUAGES: Final = {"sv": "Svenska", "nb": "Norsk", "en": "English"}
"""Languages of the console, each by its own name."""


_FILE: Final = WordFile(Path(__file__).with_name("words.yaml"))

say = _FILE.say
word_or = _FILE.word_or
has_words = _FILE.has_words


def words() -> Mapping[str, Mapping[str, str]]:
    """Every word by key and language."""
    return _FILE.words


def negotiated(
    accepted: str, languages: Sequence[str] = tuple(LANGUAGES), default: str = "sv"
) -> str:
    """The language that an Accept-Language header asks for; Norwegian of any kind is Bokmål."""
    wishes: list[tuple[float, int, str]] = []
    for position, preference in enumerate(accepted[:200].split(",")):
        tag, _, quality = preference.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        language_code = tag.partition("-")[0].casefold()
        language_code = "nb" if language_code in ("no", "nn") else language_code
        if language_code in languages and weight > 0:
            wishes.append((-weight, position, language_code))
    return min(wishes)[2] if wishes else default
