"""The words of a report, from words.yaml."""

from __future__ import annotations

from pathlib import Path

from nytta.surfaces.word_file import WordFile

_FILE = WordFile(Path(__file__).with_name("words.yaml"))

say = _FILE.say
word_or = _FILE.word_or
has_words = _FILE.has_words
