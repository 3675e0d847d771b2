"""The words of a report, from words.yaml."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml


def say(key: str, language: str, /, **filled: object) -> str:
    """A word or sentence in `language`, filled in; about one (`n`) in its own form. KeyError for one that is not
    there."""
    form = f"{key}_one" if str(filled.get("n")) == "1" and has_words(f"{key}_one") else key
    text = _words()[form][language]
    return text.format(**filled) if filled else text


def has_words(key: str) -> bool:
    """Whether there are words of that name."""
    return key in _words()


@cache
def _words() -> dict[str, dict[str, str]]:
    words_by_key: dict[str, dict[str, str]] = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text("utf-8"))
    return words_by_key
