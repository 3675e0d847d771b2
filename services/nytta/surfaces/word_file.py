"""A file of words: by key, in each language, with the same gaps."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import yaml


class WordFile:
    """The words and sentences of one surface; its file is read when the first is said."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def say(self, key: str, language: str, /, **filled: object) -> str:
        """A word or sentence in `language`, filled in, in the form for one where `n` is 1. KeyError without such."""
        form = f"{key}_one" if str(filled.get("n")) == "1" and self.has_words(f"{key}_one") else key
        text = self.words[form][language]
        return text.format(**filled) if filled else text

    def word_or(self, key: str, language: str, otherwise: str) -> str:
        """The word `key` where there is one, for names that come from outside; else `otherwise`."""
        return self.say(key, language) if self.has_words(key) else otherwise

    def has_words(self, key: str) -> bool:
        """Whether there are words of that name."""
        return key in self.words

    @cached_property
    def words(self) -> dict[str, dict[str, str]]:
        """Every word by key and language."""
        # safe: the C loader of plain values, a hundred times as fast
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        words_by_key: dict[str, dict[str, str]] = yaml.load(self._path.read_bytes(), Loader=loader)
        return words_by_key
